import { DecodeError } from '../model/decode-error.js';
import type { MicroTime } from '../model/micro-time.js';
import type { Session } from '../model/session.js';
import { type Entry, reachedAt } from './entry.js';
import type { Envelope } from './envelope.js';
import type { LogChange, LogPosition, RecordedConnection } from './log-change.js';

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
export function replay({
  entries,
  isNewestOnly,
  newest,
  log,
  from = 0,
}: Held): Extract<LogChange, { readonly type: 'snapshot' }> {
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
      // As they were by then: gone, stale or not to be understood. Those that were live are in the snapshot.
      ...latest.flatMap((entry) => changesOf(entry)).filter(isNotLive),
      ...entries.filter(({ revision }) => revision > since).flatMap((entry) => changesOf(entry, log)),
    ],
  };
}

/**
 * What one revision changes. A state and the end of its Session are one change: a reader never sees a Session that has
 * ended, or one that its publisher could not read, as live.
 *
 * @param log whose positions the changes have. Default: they have none
 */
export function changesOf(entry: Entry, log?: string): LogChange[] {
  const { id, content, revision } = entry;
  const place = log === undefined ? {} : { at: { log, number: revision } };
  if (content === null) {
    const reason = 'it was deleted from the bucket';
    return [{ type: 'remove', id, reason, since: timeOf(entry), ...place }];
  }
  if (content instanceof DecodeError)
    return [{ type: 'stale', id, error: `${entry.key}: ${content.message}` }];
  const connection = connectionOf(content, timeOf(entry));
  return [{ type: 'upsert', session: content.session, ...(connection && { connection }), ...place }];
}

function connectionOf({ link, error }: Envelope, since: MicroTime): RecordedConnection | null {
  if (link === 'live') return null;
  const reason = link === 'gone' ? 'its publisher ended' : 'its publisher lost the Tilt';
  return { state: link, since, error: error ?? reason };
}

function timeOf(entry: Entry): MicroTime {
  return new Date(reachedAt(entry)).toISOString();
}

function isNotLive(change: LogChange): boolean {
  return change.type !== 'upsert' || change.connection !== undefined;
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
