import type { Change, LogPosition } from '../../model/change.js';
import { DecodeError } from '../../model/decode-error.js';
import type { Session } from '../../model/session.js';
import type { Entry } from './entry.js';

/** What a bucket held when it was first read. */
export interface Held {
  /** Oldest first: every revision that is kept, or (`isNewestOnly`) the newest of each key. */
  readonly entries: readonly Entry[];
  readonly isNewestOnly: boolean;
  /** The newest revision that was read. */
  readonly newest: number;
  readonly log: string;
  /** Up to here nothing is to be told one by one: it was told before, or not all of it is among the entries. Default: 0. */
  readonly from?: number;
}

/**
 * What a bucket held, as a snapshot and what came after it, one by one, so that readers of other gateways find their place.
 * A bucket forgets the oldest states of each key, so the snapshot is of the first moment from which on nothing is missing.
 */
export function replay({ entries, isNewestOnly, newest, log, from = 0 }: Held): Change {
  const since = isNewestOnly ? newest : Math.max(wholeSince(entries), from);
  const at = (number: number): LogPosition => ({ log, number });
  const before = new Map<string, Entry>();
  const good = new Map<string, Session>();
  for (const entry of entries) {
    if (entry.revision > since) break;
    before.set(entry.key, entry);
    const session = sessionIn(entry);
    // What cannot be understood leaves the last good state there.
    if (session !== null) good.set(entry.key, session);
    else if (entry.content === null) good.delete(entry.key);
  }
  const latest = [...before.values()];
  return {
    type: 'snapshot',
    sessions: [...good.values()],
    at: at(since),
    upTo: at(newest),
    followedBy: [
      // As they were by then: gone, stale or not to be understood.
      ...latest.flatMap((entry) => linkChanges(entry)),
      ...entries.filter(({ revision }) => revision > since).flatMap((entry) => changesOf(entry, log)),
    ],
  };
}

/** What one revision changes. */
export function changesOf(entry: Entry, log: string): Change[] {
  const { content, revision: number } = entry;
  const at: LogPosition = { log, number };
  const session = sessionIn(entry);
  if (session === null) return linkChanges(entry, at);
  // With its end it is one revision: a reader that has seen the revision has seen both.
  if (content !== null && 'link' in content && content.link === 'gone') {
    return [{ type: 'upsert', session }, ...linkChanges(entry, at)];
  }
  return [{ type: 'upsert', session, at }, ...linkChanges(entry)];
}

function linkChanges({ id, content }: Entry, at?: LogPosition): Change[] {
  const place = at && { at };
  if (content === null) return [{ type: 'remove', id, reason: 'it was deleted from the bucket', ...place }];
  if (content instanceof DecodeError) return [{ type: 'stale', id, error: content.message }];
  const { link, error } = content;
  if (link === 'gone') return [{ type: 'remove', id, reason: error ?? 'its publisher ended', ...place }];
  return link === 'stale' ? [{ type: 'stale', id, error: error ?? 'its publisher lost the Tilt' }] : [];
}

function sessionIn({ content }: Entry): Session | null {
  return content !== null && 'session' in content ? content.session : null;
}

/** The revision from which on every state is there, of each key: that of the oldest state of which not all before it is. */
function wholeSince(entries: readonly Entry[]): number {
  const seen = new Set<string>();
  let since = 0;
  for (const { key, revision, content } of entries) {
    if (seen.has(key)) continue;
    seen.add(key);
    const isFirst = content !== null && 'previous' in content && content.previous === 0;
    if (!isFirst) since = revision;
  }
  return since;
}
