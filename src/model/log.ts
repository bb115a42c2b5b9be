import type { MicroTime } from './micro-time.js';

/** Level of a line, as Tilt assigns it. Output of commands is `info`, also that on standard error. */
export type LogLevel = 'none' | 'debug' | 'verbose' | 'info' | 'warn' | 'error' | 'unknown';

/** A complete line of Tilt's log, after redaction. */
export interface LogLine {
  /** When its first part was logged. */
  readonly time: MicroTime;
  readonly level: LogLevel;
  /** Tiltfile resource that it belongs to; `(Tiltfile)` for Tilt itself. */
  readonly resource: string;
  /** Key of the target that wrote it; null if unknown. */
  readonly target: string | null;
  /** The line without its line break. The only control sequences in it set colors and styles (SGR). */
  readonly styledText: string;
}

/** Condition on lines. An absent member accepts all. */
export interface LogSelection {
  readonly resource?: string | undefined;
  /** Key of a target. */
  readonly target?: string | undefined;
  /** Lowest level: `warn` selects warnings and errors. */
  readonly level?: LogLevel | undefined;
}

/** Lines after a position of a log. */
export interface LogSlice {
  /** The lines that are still kept, oldest first. */
  readonly lines: readonly LogLine[];
  /**
   * Number of selected lines after the position that are no longer kept, were left out by the limit, were
   * hidden, or were never received. The resources of the latter are unknown: they count in every selection.
   */
  readonly dropped: number;
  /** Position of the next slice. */
  readonly position: number;
}

/**
 * The newest lines of a Session's log. The provider that reads the log owns it, bounds its memory and drops
 * the oldest lines; others only read. Reading is synchronous. Nothing here waits for a reader (U1).
 */
export interface SessionLog {
  /** Number of lines so far, of all resources, with those that were never received. */
  readonly position: number;
  /** Returns the newest selected lines, at most `last`, oldest first. */
  tail(selection: LogSelection, last: number): readonly LogLine[];
  /**
   * Returns the selected lines after a position, at most `limit` of them, of which the newest are returned. A
   * reader keeps only its position, so a slow one costs no memory.
   */
  since(position: number, selection: LogSelection, limit: number): LogSlice;
  /** Calls the listener after lines were appended, once per batch. Returns the function that removes it. */
  subscribe(listener: () => void): () => void;
}

/** The last lines of a failed target at the time of its failure. */
export interface TargetExcerpt {
  /** Key of the target. */
  readonly target: string;
  /** State that it belongs to, by its times. */
  readonly startTime: MicroTime | null;
  readonly finishTime: MicroTime | null;
  /** At most 50 lines and 8 kB, oldest first. */
  readonly lines: readonly LogLine[];
  /**
   * Number of earlier lines of this start of the target that are left out. At least this many: lines that the
   * log no longer kept at the failure are not counted.
   */
  readonly omitted: number;
  /** Whether no more lines are expected. False for about a second after the failure. */
  readonly isFinal: boolean;
}
