import { readFixture } from './recording.js';

/** A part of a log, as Tilt's HUD sends it. */
export interface HudSegment {
  readonly spanId?: string;
  readonly time: string;
  readonly text: string;
  readonly level: string;
  readonly anchor?: boolean;
  readonly fields?: Readonly<Record<string, string>>;
}

/** The log in a message of the HUD: segments of the interval of checkpoints. */
export interface HudLogList {
  readonly spans: Readonly<Record<string, { readonly manifestName?: string }>>;
  readonly segments: readonly HudSegment[];
  /** Default: 0. */
  readonly fromCheckpoint?: number;
  readonly toCheckpoint: number;
}

/** A message of the HUD. Other fields are passed through. */
export type HudMessage = Readonly<Record<string, unknown>> & { readonly logList?: HudLogList };

/** Name of a recording of the HUD. */
export type HudRecordingName = 'hud-up' | 'hud-ci';

/** Reads the messages of a recording, in order. */
export function readHudRecording(
  name: HudRecordingName,
): { readonly ms: number; readonly message: HudMessage }[] {
  return readFixture(`${name}.ndjson`)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const { ms, line: text }: { readonly ms: number; readonly line: string } = JSON.parse(line);
      return { ms, message: JSON.parse(text) };
    });
}

/** The complete view of a HUD, which is the first message of each connection. */
export interface HudView {
  add(message: HudMessage): void;
  /** Returns a message with all segments; null before the first message. */
  complete(): HudMessage | null;
}

/** Creates a view without messages. */
export function createHudView(): HudView {
  let head: HudMessage | null = null;
  let spans: HudLogList['spans'] = {};
  const segments: HudSegment[] = [];
  return {
    add({ logList, ...message }) {
      head ??= message;
      if (logList === undefined) return;
      spans = { ...spans, ...logList.spans };
      segments.push(...logList.segments);
    },
    complete() {
      if (head === null) return null;
      return { ...head, logList: { spans, segments, toCheckpoint: segments.length }, isComplete: true };
    },
  };
}

/**
 * Splits each message into one per segment, and each segment of a command's output into two. Tilt writes its
 * own errors at once.
 */
export function splitMessages(messages: readonly HudMessage[]): HudMessage[] {
  let checkpoint = 0;
  return messages.flatMap(({ logList, ...message }): HudMessage[] => {
    if (logList === undefined) return [message];
    return logList.segments.flatMap(splitSegment).map((segment) => {
      const fromCheckpoint = checkpoint;
      checkpoint += 1;
      const list = { spans: logList.spans, segments: [segment], fromCheckpoint, toCheckpoint: checkpoint };
      return { ...message, logList: list };
    });
  });
}

function splitSegment(segment: HudSegment): HudSegment[] {
  const characters = [...segment.text];
  const middle = Math.floor(characters.length / 2);
  if (middle === 0 || segment.level === 'ERROR') return [segment];
  const [first, second] = [characters.slice(0, middle), characters.slice(middle)];
  return [
    { ...segment, text: first.join('') },
    { ...segment, text: second.join('') },
  ];
}
