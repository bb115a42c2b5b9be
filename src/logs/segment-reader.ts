import { DecodeError } from '../model/decode-fields.js';
import type { LogLine } from '../model/log.js';
import { type Burst, levelLetter } from './burst.js';
import { createUnknownSpan, type Segment, type Span } from './hud-message.js';
import type { HiddenLine } from './kept-lines.js';
import { createLineAssembler } from './line-assembler.js';
import type { Redactor } from './redact.js';
import type { LogLimits, WritableLog } from './session-log.js';

/** Turns segments into lines of a log, and appends them in batches. */
export interface SegmentReader {
  /** Reads a segment. Returns its error if it is one. */
  add(segment: Segment | DecodeError, spans: ReadonlyMap<string, Span>): DecodeError | undefined;
  /**
   * Continues after segments that Tilt has dropped, up to the end of the next message. Unfinished lines end.
   *
   * @param missing number of segments, which count as lines: nearly every segment is one line. Their
   * resources are unknown
   */
  beginGap(missing: number): void;
  /** Counts the lines that are left out of a burst. Its other segments follow. */
  leaveOut(burst: Burst): void;
  /** Segments of other spans are left out here. */
  skipOthers(): void;
  /** Appends the lines so far. */
  append(): void;
  /** Ends a message and appends its lines. */
  endMessage(): void;
  /** Ends the unfinished lines of a target, or all of them, and appends them. */
  flush(target?: string): void;
  /** Forgets all lines, for another run of Tilt. */
  clear(): void;
}

/** Creates a reader without unfinished lines. */
export function createSegmentReader(log: WritableLog, redactor: Redactor, limits: LogLimits): SegmentReader {
  let batch: (LogLine | HiddenLine)[] = [];
  const { lineBytes } = limits;
  const assembler = createLineAssembler({ redactor, lineBytes, emit: (line) => batch.push(line) });

  return {
    add(segment, spans) {
      if (segment instanceof DecodeError) return segment;
      assembler.add(segment, spans.get(segment.span) ?? createUnknownSpan(segment.span));
      return undefined;
    },
    beginGap(missing) {
      assembler.beginGap();
      append();
      log.append([], undefined, missing);
    },
    leaveOut({ leftOut, cutSpans }) {
      const discardedLines = new Map<string, number>();
      for (const { id, resource, level } of cutSpans) {
        // The unfinished line is the start of the first one that is left out, or a line of its own.
        const discarded = assembler.discard(id);
        if (discarded === null || levelLetter(discarded) === level) continue;
        discardedLines.set(resource, (discardedLines.get(resource) ?? leftOut.get(resource) ?? 0) + 1);
      }
      log.append([], discardedLines.size === 0 ? leftOut : new Map([...leftOut, ...discardedLines]));
    },
    skipOthers: assembler.skipOthers,
    append,
    endMessage() {
      assembler.endMessage();
      assembler.endGap();
      append();
    },
    flush(target) {
      assembler.flush(target);
      append();
    },
    clear() {
      assembler.clear();
      batch = [];
      log.clear();
    },
  };

  function append(): void {
    const lines = batch;
    batch = [];
    log.append(lines);
  }
}
