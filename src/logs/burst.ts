import type { LogLevel } from '../model/log.js';
import type { Span } from './hud-message.js';
import type { Steps } from './json-bytes.js';
import { LINE_OVERHEAD } from './kept-lines.js';
import type { ScannedMessage } from './scan-message.js';
import type { SegmentPlace } from './segment-table.js';
import type { LogLimits } from './session-log.js';
import { TILTFILE } from './span-target.js';

/** The part of a long message that is worth parsing. */
export interface Burst {
  /** Indices of the segments, in order. A gap holds segments of other spans that are left out. */
  readonly segments: readonly number[];
  /** Number of lines that are left out before these segments, by resource. */
  readonly leftOut: ReadonlyMap<string, number>;
  /** Spans that have left out segments. */
  readonly cutSpans: readonly CutSpan[];
}

/** A span of which segments are left out. */
export interface CutSpan {
  readonly id: string;
  readonly resource: string;
  /** Level of the first segment that is left out, by its letter. */
  readonly level: number;
}

/** Returns the letter by which levels are compared. */
export function levelLetter(level: LogLevel): number {
  return level.toUpperCase().charCodeAt(0);
}

/** Total of the newest segments of a resource. */
interface Sum {
  lines: number;
  bytes: number;
}

/** State of a span. Its segments are visited from the last to the first. */
interface SpanState {
  readonly id: string;
  readonly resource: string;
  readonly sum: Sum;
  /** Level of the next segment; 0 after the last one. */
  nextLevel: number;
  /** Whether the next segment is selected, or may still arrive: a line that has not ended is kept. */
  isNextSelected: boolean;
  /** Level of the first segment that is left out; 0 if all are selected. */
  cutLevel: number;
}

/** Segments between two pauses. */
const STEP_SEGMENTS = 8_192;

/** Length of JSON relative to its text, with escapes. */
const ESCAPES = 1.5;

/**
 * Selects the newest segments that the limits of the log can hold, and counts the lines of the others: as
 * many lines as a resource may have, and 1.5 times as many bytes of JSON, of a resource and in all. Lines
 * are never divided: a line that starts before the selection is left out.
 *
 * @param skipped number of segments at the start that were read before
 */
export function* selectBurst(message: ScannedMessage, skipped: number, limits: LogLimits): Steps<Burst> {
  const { segments: table, spans } = message;
  const selected: number[] = [];
  const leftOut = new Map<string, number>();
  const states = yield* createStates(table.spanIds, spans);
  let total = 0;
  let nextSpan = -1;

  for (let index = table.size - 1; index >= skipped; index -= 1) {
    if (index % STEP_SEGMENTS === 0) yield;
    const place = table.get(index);
    const state = states[place.span];
    if (state === undefined || isEmpty(place)) {
      selected.push(index);
      continue;
    }
    const endsHere = isLineEnd(place, state, nextSpan);
    const lines = place.lineEnds + (endsHere && !place.endsLine ? 1 : 0);
    const { sum } = state;
    const isFull =
      sum.lines >= limits.lines ||
      sum.bytes >= ESCAPES * limits.bytes ||
      total >= ESCAPES * limits.totalBytes;
    if (!isFull || (state.isNextSelected && !endsHere)) {
      const bytes = place.end - (place.textStart || place.start) + lines * LINE_OVERHEAD;
      selected.push(index);
      sum.lines += lines;
      sum.bytes += bytes;
      total += bytes;
      state.isNextSelected = true;
    } else {
      leftOut.set(state.resource, (leftOut.get(state.resource) ?? 0) + lines);
      state.isNextSelected = false;
      state.cutLevel = place.level;
    }
    state.nextLevel = place.level;
    nextSpan = place.span;
  }
  const cutSpans: CutSpan[] = [];
  for (const [index, { id, resource, cutLevel }] of states.entries()) {
    if (cutLevel !== 0) cutSpans.push({ id, resource, level: cutLevel });
    if (index % STEP_SEGMENTS === 0) yield;
  }
  return { segments: selected.reverse(), leftOut, cutSpans };
}

function* createStates(ids: readonly string[], spans: ReadonlyMap<string, Span>): Steps<SpanState[]> {
  const sums = new Map<string, Sum>();
  const states: SpanState[] = [];
  for (const id of ids) {
    if (states.length % STEP_SEGMENTS === 0) yield;
    const resource = spans.get(id)?.resource ?? TILTFILE;
    const sum = sums.get(resource) ?? { lines: 0, bytes: 0 };
    sums.set(resource, sum);
    states.push({ id, resource, sum, nextLevel: 0, isNextSelected: true, cutLevel: 0 });
  }
  return states;
}

function isEmpty({ start, textStart, end }: SegmentPlace): boolean {
  return end === (textStart === 0 ? start : textStart);
}

const WARN = levelLetter('warn');
const ERROR = levelLetter('error');

/** Whether the line that a segment ends with ends there, by the rules of the line assembler. */
function isLineEnd(
  { endsLine, level, span }: SegmentPlace,
  { nextLevel }: SpanState,
  nextSpan: number,
): boolean {
  if (endsLine || (nextLevel !== 0 && nextLevel !== level)) return true;
  return (level === WARN || level === ERROR) && nextSpan !== span;
}
