import { systemClock } from '../lib/clock.js';
import { DecodeError } from '../model/decode-fields.js';
import { selectBurst } from './burst.js';
import { type Checkpoints, decodeHudMessage, type HudMessage, type RunFacts } from './hud-message.js';
import type { Steps } from './json-bytes.js';
import type { Redactor } from './redact.js';
import { parseSegment, scanMessage } from './scan-message.js';
import { createSegmentReader } from './segment-reader.js';
import { DEFAULT_LOG_LIMITS, type LogLimits, type WritableLog } from './session-log.js';

/** Reads the messages of a HUD connection into a log. */
export interface HudReader {
  /**
   * Reads a message, in slices of at most about 3 ms. Messages are read in the order of the calls. The owner
   * of the connection does not read on until the promise resolves, so that few messages wait here. Rejects
   * with a `DecodeError` if the message cannot be read; the next one can.
   *
   * @param signal ends reading without an error. The rest is read again with the next connection
   */
  push(message: Buffer, signal?: AbortSignal): Promise<void>;
  /**
   * Ends unfinished lines: those of a target that has ended, or all of them when the connection has ended. A
   * line without line break is otherwise kept back until it ends.
   */
  flush(target?: string): void;
  /**
   * Begins a new connection, whose first message is the complete view. Lines that were already read are
   * skipped; those that Tilt has dropped meanwhile count as dropped in the log. Another run of Tilt, with
   * another start time or fewer segments, starts over.
   */
  reset(): void;
}

/** Dependencies of a reader. */
export interface HudReaderOptions {
  readonly log: WritableLog;
  readonly redactor: Redactor;
  /** Bounds of `log`. Defaults: `DEFAULT_LOG_LIMITS`. */
  readonly limits?: Partial<LogLimits>;
  /** Resolves after other tasks of the event loop had their turn. */
  readonly yieldToLoop: () => Promise<void>;
  /** Milliseconds since any moment. Default: the clock of the machine. */
  readonly monotonic?: () => number;
  /** Receives one error for each message with segments that cannot be read. Default: ignored. */
  readonly onInvalid?: (error: DecodeError) => void;
}

/** Longest message that is parsed at once, in bytes: less than a millisecond. */
const MAX_AT_ONCE = 64 * 1024;

/** Bytes of JSON between two pauses, with the redaction of their lines. */
const PARSE_BYTES = 8 * 1024;

/** Creates a reader for a Tilt whose log is empty. */
export function createHudReader(options: HudReaderOptions): HudReader {
  const { log, redactor, yieldToLoop, monotonic = systemClock.monotonic, onInvalid } = options;
  const limits = { ...DEFAULT_LOG_LIMITS, ...options.limits };
  const reader = createSegmentReader(log, redactor, limits);
  const run = createRunPosition();
  let last: Promise<void> = Promise.resolve();

  return {
    push(message, signal) {
      const result = last.then(() => read(message, signal));
      last = result.catch(() => {});
      return result;
    },
    flush: reader.flush,
    reset: run.reset,
  };

  async function read(bytes: Buffer, signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted) return;
    if (bytes.length <= MAX_AT_ONCE) return readAtOnce(decodeHudMessage(parse(bytes)));
    // Most messages have no log.
    if (bytes.includes('"logList"'))
      await runInSlices(readInSteps(bytes), { yieldToLoop, monotonic }, signal);
  }

  function readAtOnce(message: HudMessage | null): void {
    if (message === null) return;
    const skipped = begin(message);
    let invalid: DecodeError | undefined;
    for (const segment of message.segments.slice(skipped)) {
      const error = reader.add(segment, message.spans);
      invalid ??= error;
    }
    complete(message, message.segments.length, invalid);
  }

  function* readInSteps(bytes: Buffer): Steps<void> {
    const message = yield* scanMessage(bytes);
    if (message === null) return;
    const burst = yield* selectBurst(message, begin(message), limits);
    reader.leaveOut(burst);
    let { invalid } = message;
    let unread = 0;
    let previous = -1;
    for (const index of burst.segments) {
      if (index > previous + 1) reader.skipOthers();
      previous = index;
      const segment = parseSegment(bytes, message.segments, index);
      if (segment === null) continue;
      const error = reader.add(segment, message.spans);
      invalid ??= error;
      unread += message.segments.get(index).end - message.segments.get(index).start;
      if (unread < PARSE_BYTES) continue;
      unread = 0;
      reader.append();
      run.advanceTo(message.from + index + 1);
      yield;
    }
    complete(message, message.segments.size, invalid);
  }

  /** Begins a message. Returns the number of its segments that were read before. */
  function begin(message: RunFacts & Checkpoints): number {
    if (run.begin(message)) reader.clear();
    const missing = run.skipGap(message);
    if (missing !== null) reader.beginGap(missing);
    return run.countRead(message);
  }

  function complete({ from, to }: Checkpoints, segments: number, invalid: DecodeError | undefined): void {
    reader.endMessage();
    // Both are the same in a message of Tilt. A wrong end would hide all segments before it.
    run.advanceTo(Math.min(to, from + segments));
    if (invalid !== undefined) onInvalid?.(invalid);
  }
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    throw new DecodeError('JSON', bytes.toString('utf8', 0, 60), ['message']);
  }
}

/** Longest time for which the event loop is blocked, in milliseconds, without the step that exceeds it. */
const SLICE_MS = 2;

/**
 * Runs steps until they are done, with a pause after each slice of 2 ms. Returns their result, or undefined
 * if the signal aborts.
 */
async function runInSlices<T>(
  steps: Steps<T>,
  { yieldToLoop, monotonic }: Required<Pick<HudReaderOptions, 'yieldToLoop' | 'monotonic'>>,
  signal?: AbortSignal,
): Promise<T | undefined> {
  let end = monotonic() + SLICE_MS;
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
    if (monotonic() < end) continue;
    await yieldToLoop();
    if (signal?.aborted) return undefined;
    end = monotonic() + SLICE_MS;
  }
}

/** How far the log of a run of Tilt was read. */
interface RunPosition {
  /** The next message is the first one of a new connection. */
  reset(): void;
  /** Begins a message. Returns whether it belongs to another run of Tilt: its log starts over. */
  begin(message: RunFacts & Checkpoints): boolean;
  /** Number of segments at the start of a message that were read before. */
  countRead(message: Checkpoints): number;
  /**
   * Continues at a message whose first segment does not follow the last one that was read: Tilt has dropped
   * the segments in between, or they could not be read. Returns their number, or 0 if nothing was read before
   * in this run; null if nothing is left out.
   */
  skipGap(message: Checkpoints): number | null;
  /** All segments up to a checkpoint are read. */
  advanceTo(checkpoint: number): void;
}

/** Largest gap that is counted: the checkpoints of Tilt have 32 bits. */
const MAX_GAP = 2 ** 31 - 1;

/** Creates the position before the first message. */
function createRunPosition(): RunPosition {
  let checkpoint = 0;
  let startTime: string | null = null;
  let isFirst = true;
  /** Whether a message of this run was read. */
  let hasStarted = false;

  return {
    reset() {
      isFirst = true;
    },
    begin({ to, tiltStartTime }) {
      const isOther =
        // A complete view ends where the log ends. In one run the log never becomes shorter: what Tilt drops
        // still counts.
        (isFirst && to < checkpoint) ||
        (startTime !== null && tiltStartTime !== null && startTime !== tiltStartTime);
      isFirst = false;
      startTime = tiltStartTime ?? startTime;
      if (isOther) {
        checkpoint = 0;
        hasStarted = false;
      }
      return isOther;
    },
    countRead: ({ from }) => Math.max(0, checkpoint - from),
    skipGap({ from }) {
      const missing = from - checkpoint;
      const isKnown = hasStarted;
      hasStarted = true;
      if (missing <= 0) return null;
      // A message that is aborted is read again: its gap must count once.
      checkpoint = from;
      return isKnown ? Math.min(missing, MAX_GAP) : 0;
    },
    advanceTo(next) {
      checkpoint = Math.max(checkpoint, next);
    },
  };
}
