import {
  type Entry,
  envelopeOf,
  followsOther,
  mayFollowOther,
  type NewestEntry,
  reachedAt,
} from './entry.js';
import { findNewest } from './history.js';
import type { LogChange, RecordedConnection } from './log-change.js';
import { type BucketContents, replay, toChanges } from './replay.js';

/**
 * Converts an entry after the snapshot. The end of a Session that is written again after its deletion is not
 * shown again after the retention time. The wall clock does not count: if it were wrong, the result would be
 * lost. The time for which the reader was disconnected counts towards the age of an end, not here: what ended
 * meanwhile is shown.
 *
 * @param known the previous entry of the key. If its Session has not ended, the end is always shown
 */
export function toNextChanges(
  entry: Entry,
  known: NewestEntry | undefined,
  log: string,
  retainMs: number,
): LogChange[] {
  const envelope = envelopeOf(entry);
  const isOld = envelope?.connection === 'gone' && (envelope.ageMs ?? 0) > retainMs;
  const isOver = isOld && (known === undefined || hasEnded(known));
  const changes = toChanges(isOver ? { ...entry, content: null } : entry, log);
  const revision = known?.revision ?? 0;
  // The entry before it was pushed last, so the other targets need not be compared.
  const { changedTargets } = entry.delta ?? {};
  const gap = followsOther(entry, revision) ? { unknownAfter: revision } : {};
  return changes.map((change) => {
    if (change.type === 'upsert') return { ...change, ...(changedTargets && { changedTargets }), ...gap };
    return change.type === 'remove' ? { ...change, ...gap } : change;
  });
}

/** Contents of a bucket. `oldest`: oldest revision that the bucket keeps, of any key. */
type ReadContents = Required<Omit<BucketContents, 'newest' | 'now' | 'silenceOf'>> & {
  readonly oldest: number;
};

/**
 * Finds the lowest revision after which states of a key are unknown; undefined if there is none.
 *
 * @param from revision up to which everything was pushed before
 * @param known last revision of each key that was read before
 */
export function findUnknownAfter(
  entries: readonly Entry[],
  from: number,
  known: ReadonlyMap<string, number>,
): number | undefined {
  const last = new Map(known);
  let lowest: number | undefined;
  for (const entry of entries) {
    const { key, revision } = entry;
    if (revision <= from) continue;
    const before = last.get(key) ?? 0;
    if (mayFollowOther(entry, before)) lowest = Math.min(before, lowest ?? before);
    last.set(key, revision);
  }
  return lowest;
}

/** Time in milliseconds since 1970, and the time for which a Session that ended is shown. */
interface Retention {
  readonly now: number;
  readonly retainMs: number;
}

/**
 * Creates the snapshot without Sessions that ended before the retention time. If an earlier snapshot was
 * pushed, a Session that ended after it is not omitted: its last known state has no result.
 */
export function createSnapshot(
  { oldest, ...contents }: ReadContents,
  { now, retainMs }: Retention,
  silenceOf: (entry: Entry) => RecordedConnection | null,
): LogChange {
  const newest = findNewest(contents.entries);
  const isUnknown = ({ revision }: Entry) => contents.from > 0 && revision > contents.from;
  const hasExpired = (entry: Entry | undefined) =>
    entry !== undefined && endedBefore(entry, now - retainMs) && !isUnknown(entry);
  const omitted = [...newest.values()].filter(hasExpired);
  const shownUntil = max(omitted.map((entry) => reachedAt(entry) + retainMs));
  // A client that knew an omitted Session must not resume as if it had missed nothing. It may have seen it at
  // another gateway for the retention time.
  const shown = contents.entries.filter(({ writtenAt }) => writtenAt < shownUntil);
  // Nor one that knew a Session of which nothing is left, because its states are older than the age limit.
  const expired = Math.min(oldest, contents.entries[0]?.revision ?? oldest) - 1;
  const revisions = [...omitted, ...shown].map(({ revision }) => revision);
  const from = Math.max(contents.from, expired, max(revisions));
  return replay({
    ...contents,
    entries: contents.entries.filter(({ key }) => !hasExpired(newest.get(key))),
    // Not the bucket's newest revision: a server that lags may not have delivered it yet.
    newest: Math.max(contents.entries.at(-1)?.revision ?? 0, from),
    from,
    now,
    silenceOf: (entry) => (newest.get(entry.key) === entry ? silenceOf(entry) : null),
  });
}

function max(numbers: readonly number[]): number {
  return numbers.reduce((highest, number) => Math.max(highest, number), 0);
}

/** Whether the newest state of a key is that of a Session whose publisher reads it. */
export function isLive(entry: NewestEntry): entry is Entry {
  return envelopeOf(entry)?.connection === 'live';
}

/** Whether a Session ended, or was deleted, before a time in milliseconds since 1970. */
function endedBefore(entry: Entry, time: number): boolean {
  return hasEnded(entry) && reachedAt(entry) < time;
}

function hasEnded(entry: NewestEntry): boolean {
  return entry.content === null || envelopeOf(entry)?.connection === 'gone';
}
