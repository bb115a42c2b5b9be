import { DecodeError } from '../model/decode-fields.js';
import type { LogLine } from '../model/log.js';
import { createUnknownSpan, decodeHudMessage, type HudMessage } from './hud-message.js';
import { createLineAssembler } from './line-assembler.js';
import type { Redactor } from './redact.js';
import { DEFAULT_LOG_LIMITS, type LogLimits, type WritableLog } from './session-log.js';

/** Reads the messages of a HUD connection into a log. */
export interface HudReader {
  /**
   * Reads a message, in slices of at most about 5 ms. Messages are read in the order of the calls. The owner
   * of the connection does not read on until the promise resolves, so that nothing waits here. A segment that
   * cannot be read is reported. Rejects with a `DecodeError` if the message cannot be read; the next one can.
   *
   * @param signal ends reading without an error
   */
  push(message: Buffer, signal?: AbortSignal): Promise<void>;
  /**
   * Ends unfinished lines: those of a target that has ended, or all of them when the connection has ended. A
   * line without line break is otherwise kept back until it ends.
   */
  flush(target?: string): void;
  /**
   * Begins a new connection, whose first message is the complete view: lines that were already read are
   * skipped, and another run of Tilt starts over.
   */
  reset(): void;
}

/** Dependencies of a reader. */
export interface HudReaderOptions {
  readonly log: WritableLog;
  readonly redactor: Redactor;
  /** Bounds of `log`. Defaults: `DEFAULT_LOG_LIMITS`. */
  readonly limits?: Partial<LogLimits>;
  /** Resolves after the other tasks of the event loop had their turn. */
  readonly yieldToLoop: () => Promise<void>;
  /** Receives the first error of each message with segments that cannot be read. Default: ignored. */
  readonly onInvalid?: (error: DecodeError) => void;
}

/** Creates a reader for a Tilt whose log is empty. */
export function createHudReader(options: HudReaderOptions): HudReader {
  const { log, redactor, limits, onInvalid } = options;
  const { lineBytes } = { ...DEFAULT_LOG_LIMITS, ...limits };
  let batch: LogLine[] = [];
  const assembler = createLineAssembler({ redactor, lineBytes, emit: (line) => batch.push(line) });
  let checkpoint = 0;
  let tiltStartTime: string | null = null;
  let isFirst = true;
  let last: Promise<void> = Promise.resolve();

  return {
    push(message, signal) {
      const result = last.then(() => (signal?.aborted ? undefined : read(message)));
      last = result.catch(() => {});
      return result;
    },
    flush(target) {
      assembler.flush(target);
      append();
    },
    reset() {
      isFirst = true;
    },
  };

  function read(bytes: Buffer): void {
    const message = decodeHudMessage(parse(bytes));
    if (message === null) return;
    startOver(message);
    const skipped = Math.max(0, checkpoint - message.from);
    checkpoint = Math.max(checkpoint, message.to);
    let invalid: DecodeError | undefined;
    for (const segment of message.segments.slice(skipped)) {
      if (segment instanceof DecodeError) invalid ??= segment;
      else assembler.add(segment, message.spans.get(segment.span) ?? createUnknownSpan(segment.span));
    }
    assembler.endMessage();
    append();
    if (invalid !== undefined) onInvalid?.(invalid);
  }

  function startOver(message: HudMessage): void {
    const isOther =
      (isFirst && message.to < checkpoint) ||
      (tiltStartTime !== null && message.tiltStartTime !== null && tiltStartTime !== message.tiltStartTime);
    isFirst = false;
    tiltStartTime = message.tiltStartTime ?? tiltStartTime;
    if (!isOther) return;
    checkpoint = 0;
    assembler.discard();
    log.clear();
  }

  function append(): void {
    const lines = batch;
    batch = [];
    log.append(lines);
  }
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    throw new DecodeError('JSON', bytes.toString('utf8', 0, 60), ['message']);
  }
}
