import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createHudReader, type HudReaderOptions } from '../../src/logs/hud-reader.js';
import { createRedactor } from '../../src/logs/redact.js';
import { createSessionLog } from '../../src/logs/session-log.js';

/** A segment as Tilt writes it. */
export interface RawSegment {
  readonly spanId?: string;
  readonly time: string;
  readonly text: string;
  readonly level: string;
}

/** A message of the HUD. */
export interface RawMessage {
  readonly tiltStartTime?: string;
  readonly isComplete?: boolean;
  readonly logList?: {
    readonly spans?: Readonly<Record<string, { readonly manifestName?: string }>>;
    readonly segments?: readonly RawSegment[];
    readonly fromCheckpoint?: number;
    readonly toCheckpoint?: number;
  };
}

/** Reads the messages of a recording. */
export function readHudRecording(name: 'hud-up' | 'hud-ci'): RawMessage[] {
  const path = fileURLToPath(new URL(`../fixtures/recordings/${name}.ndjson`, import.meta.url));
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(JSON.parse(line).line));
}

/** Creates a message with segments of spans `cmd:X:update` of the resources X. */
export function createMessage(from: number, segments: readonly RawSegment[], start = 'run 1'): RawMessage {
  const resources = new Set(segments.flatMap(({ spanId }) => spanId?.split(':')[1] ?? []));
  const spans = Object.fromEntries(
    [...resources].map((name) => [`cmd:${name}:update`, { manifestName: name }]),
  );
  const logList = { spans, segments, fromCheckpoint: from, toCheckpoint: from + segments.length };
  return { logList, tiltStartTime: start };
}

/** Creates a segment of the span `cmd:X:update`. */
export function createSegment(resource: string, text: string, level = 'INFO'): RawSegment {
  return { spanId: `cmd:${resource}:update`, time: '2026-11-26T01:40:48.430122Z', text, level };
}

/** Creates a reader with a log, which yields to the event loop after every step. */
export function createTestReader(options: Partial<HudReaderOptions> = {}) {
  const log = createSessionLog(options.limits);
  let time = 0;
  const reader = createHudReader({
    log,
    redactor: createRedactor([]),
    yieldToLoop: () => Promise.resolve(),
    monotonic: () => (time += 1_000),
    ...options,
  });
  const push = (message: RawMessage, signal?: AbortSignal) => reader.push(encode(message), signal);
  /** Reads a message in steps, as one that is too long to be parsed at once. */
  const pushLong = (message: RawMessage, signal?: AbortSignal) => reader.push(encodeLong(message), signal);
  return { log, reader, push, pushLong, lines: () => log.tail({}, Number.POSITIVE_INFINITY) };
}

/** Writes a message as JSON. */
export function encode(message: RawMessage): Buffer {
  return Buffer.from(JSON.stringify(message));
}

const PADDING = [{ metadata: { name: 'x"\\'.repeat(8_000) }, status: [null, true, 1.5, {}, []] }];

/** Writes a message as JSON that is longer than 64 KiB. */
export function encodeLong(message: RawMessage): Buffer {
  return Buffer.from(JSON.stringify({ uiResources: PADDING, ...message, uiButtons: PADDING }));
}
