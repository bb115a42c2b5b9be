import { formatElapsed } from './time.js';

/** What of time is shown. */
export interface TimeAxis {
  /** Milliseconds since 1970. */
  readonly start: number;
  readonly end: number;
  readonly ticks: readonly Tick[];
}

/** A mark at a time, said as how long it is after the beginning of all. */
interface Tick {
  /** From 0 to 1. */
  readonly place: number;
  readonly label: string;
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

const STEPS = [
  100,
  200,
  500,
  ...[1, 2, 5, 10, 15, 30].map((count) => count * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((count) => count * MINUTE),
  ...[1, 2, 4, 8, 12, 24, 48, 96, 168].map((count) => count * HOUR),
];

/** Numbers that can be read beside each other. */
const MOST_TICKS = 6;

/**
 * The axis from one time to another; at least a tenth of a second.
 *
 * @param origin the beginning of all, which the labels count from
 * @param isMoving whether the end moves on: then it is put at the next tick, so that bars stand still in between
 */
export function axisOf(origin: number, from: number, until: number, isMoving: boolean): TimeAxis {
  const least = Math.max(until, from + 100);
  const step = STEPS.find((length) => (least - from) / length <= MOST_TICKS) ?? (least - from) / MOST_TICKS;
  const first = Math.ceil((from - origin) / step);
  const end = isMoving ? origin + Math.ceil((least - origin) / step) * step : least;
  const count = Math.floor((end - origin) / step) - first + 1;
  const ticks = Array.from({ length: count }, (_, index) => {
    const after = (first + index) * step;
    return { place: (origin + after - from) / (end - from), label: labelOf(after, step) };
  });
  return { start: from, end, ticks };
}

/** The axis as it was, where nothing differs, so that nothing is drawn anew. */
export function keepAxis(before: TimeAxis | null, after: TimeAxis): TimeAxis {
  const isSame = before?.start === after.start && before.end === after.end;
  return isSame && before.ticks[0]?.label === after.ticks[0]?.label ? before : after;
}

/** Where a time lies on an axis, from 0 to 1; what is beyond its ends is put there. */
export function placeOf(at: number, { start, end }: TimeAxis): number {
  return Math.min(1, Math.max(0, (at - start) / (end - start)));
}

function labelOf(after: number, step: number): string {
  return step < SECOND ? `${(after / SECOND).toFixed(1)} s` : formatElapsed(after);
}
