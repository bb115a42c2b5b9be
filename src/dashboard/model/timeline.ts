import { targetKey } from '../../client/changes.js';
import type { RecordedBlockers } from './blockers.js';
import { findCriticalPath, listRuns, type PathStep } from './critical-path.js';
import { deriveSegments, estimateClockOffset, type Segment } from './segments.js';
import { formatSteps, parseTime } from './time.js';
import type { Session, Target } from './types.js';

/** A target's row of the timeline. */
export interface TimelineRow {
  /** The target's key: its name, or `name#2` for the second one of that name. */
  readonly name: string;
  readonly segments: readonly Segment[];
}

interface Timeline {
  /** Ordered by the start of the first run; targets without a run last. */
  readonly rows: readonly TimelineRow[];
  /** The chain that determined the end of a `tilt ci`; empty until then. */
  readonly path: readonly PathStep[];
  /** Start of the Session, in milliseconds since 1970; null when unknown. */
  readonly origin: number | null;
}

/**
 * Builds the timeline of a Session. An unchanged target object yields the same row object.
 *
 * @param blockers who blocked each target, as far as it was recorded; for the critical path
 */
export function buildTimeline(
  { status }: Pick<Session, 'status'>,
  targets: readonly Target[],
  blockers: RecordedBlockers = new Map(),
): Timeline {
  const offset = estimateClockOffset(targets.map(({ history }) => history));
  const rows = targets.map((target) => toRow(target, offset));
  const runs = rows.flatMap(({ name, segments }) => listRuns(name, segments));
  const failed = targets.filter(({ phase }) => phase === 'FAILED').map(targetKey);
  const starts = rows.flatMap(({ segments }) => segments.slice(0, 1).map(({ start }) => start));
  const origin = Math.min(parseTime(status.startTime) ?? Number.POSITIVE_INFINITY, ...starts);
  return {
    rows: rows.toSorted((a, b) => firstRunOf(a) - firstRunOf(b) || (a.name < b.name ? -1 : 1)),
    path: status.done ? findCriticalPath(runs, failed, blockers) : [],
    origin: Number.isFinite(origin) ? origin : null,
  };
}

/** Whether the last segment of a row still lasts. */
export function isOngoing({ segments }: TimelineRow): boolean {
  return segments.at(-1)?.end === null;
}

// Module state: a cache by target object, so that a row is derived again only when its target has changed.
const cachedRows = new WeakMap<Target, { readonly offset: number; readonly row: TimelineRow }>();

function toRow(target: Target, offset: number): TimelineRow {
  const cached = cachedRows.get(target);
  if (cached?.offset === offset) return cached.row;
  const row = { name: targetKey(target), segments: deriveSegments(target, offset) };
  cachedRows.set(target, { offset, row });
  return row;
}

function firstRunOf({ segments }: TimelineRow): number {
  return segments.find(({ kind }) => kind !== 'waiting')?.start ?? Number.MAX_VALUE;
}

/** The visible range of time. */
export interface TimeAxis {
  /** Milliseconds since 1970. */
  readonly start: number;
  readonly end: number;
  readonly ticks: readonly Tick[];
}

/** A labelled time, relative to the start of the Session. */
interface Tick {
  /** Position on the axis, from 0 to 1. */
  readonly position: number;
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

/** Number of labels that fit next to each other. */
const MAX_TICKS = 6;

/**
 * Creates the axis of a range of time, at least a tenth of a second long.
 *
 * @param origin start of the Session, to which the labels are relative
 * @param isMoving whether the end moves: it is then rounded up to the next tick, so that bars stay in place
 */
export function createAxis(origin: number, from: number, until: number, isMoving: boolean): TimeAxis {
  const minEnd = Math.max(until, from + 100);
  const step = STEPS.find((length) => (minEnd - from) / length <= MAX_TICKS) ?? (minEnd - from) / MAX_TICKS;
  const first = Math.ceil((from - origin) / step);
  const end = isMoving ? origin + Math.ceil((minEnd - origin) / step) * step : minEnd;
  const count = Math.floor((end - origin) / step) - first + 1;
  const ticks = Array.from({ length: count }, (_, index) => {
    const after = (first + index) * step;
    return { position: (origin + after - from) / (end - from), label: formatTick(after, step) };
  });
  return { start: from, end, ticks };
}

/** Returns the previous axis if the new one is equal, so that nothing is rendered again. */
export function reuseAxis(before: TimeAxis | null, after: TimeAxis): TimeAxis {
  const isSame = before?.start === after.start && before.end === after.end;
  return isSame && before.ticks[0]?.label === after.ticks[0]?.label ? before : after;
}

/** Converts a time to a position on an axis, from 0 to 1; times outside are clamped. */
export function toPosition(at: number, { start, end }: TimeAxis): number {
  return Math.min(1, Math.max(0, (at - start) / (end - start)));
}

function formatTick(after: number, step: number): string {
  return step < SECOND ? `${(after / SECOND).toFixed(1)} s` : formatSteps(after, step);
}
