import { DecodeError } from '../model/decode.js';
import type { MicroTime } from '../model/micro-time.js';
import type { Session, SessionId } from '../model/session.js';
import { type Entry, envelopeOf, mayFollowOther, reachedAt, readAt } from './entry.js';
import type { LogChange, LogPosition, RecordedConnection } from './log-change.js';
import type { Envelope } from './message-format.js';

/** The entries of a bucket that were read at the beginning. */
export interface BucketContents {
  /** Oldest first: every revision that is kept, or (`isNewestOnly`) the newest of each key. */
  readonly entries: readonly Entry[];
  readonly isNewestOnly: boolean;
  /** The newest revision that was read. */
  readonly newest: number;
  readonly log: string;
  /**
   * Revisions up to this one are not replayed: they were pushed before, or not all of them are known.
   * Default: 0.
   */
  readonly from?: number;
  /** Revision after which states are unknown, although later ones were pushed before. Default: none. */
  readonly unknownAfter?: number | undefined;
  /** Time at which the entries are read, in milliseconds since 1970. Default: the ages are not known. */
  readonly now?: number;
  /** STALE for a newest entry that its publisher does not confirm; null for the others. Default: null. */
  readonly silenceOf?: (entry: Entry) => RecordedConnection | null;
}

/**
 * Converts the contents of a bucket into a snapshot and the changes after it, so that clients of other
 * gateways can resume between them. A bucket drops the oldest states of each key. The snapshot is taken at
 * the first revision after which no state is missing.
 */
export function replay({
  entries,
  isNewestOnly,
  newest,
  log,
  from = 0,
  unknownAfter,
  now,
  silenceOf = () => null,
}: BucketContents): Extract<LogChange, { readonly type: 'snapshot' }> {
  const since = isNewestOnly ? newest : Math.max(findCompleteSince(entries), from);
  const at = (number: number): LogPosition => ({ log, number });
  const before = new Map<string, Entry>();
  const good = new Map<string, Session>();
  for (const entry of entries) {
    if (entry.revision > since) break;
    before.set(entry.key, entry);
    const session = envelopeOf(entry)?.session;
    // A value that cannot be decoded keeps the last good state.
    if (session !== undefined) good.set(entry.key, session);
    else if (entry.content === null) good.delete(entry.key);
  }
  return {
    type: 'snapshot',
    sessions: [...good.values()],
    ...connectionsOf([...before.values()], silenceOf, now),
    at: at(since),
    upTo: at(newest),
    ...(unknownAfter !== undefined && { unknownAfter }),
    followedBy: entries
      .filter(({ revision }) => revision > since)
      .flatMap((entry) => withSilence(toChanges(entry, log, now), silenceOf(entry))),
  };
}

/** The entries of a snapshot that are not live: gone, stale or not decoded. */
function connectionsOf(
  entries: readonly Entry[],
  silenceOf: (entry: Entry) => RecordedConnection | null,
  now: number | undefined,
) {
  const changes = entries.flatMap((entry) => withSilence(toChanges(entry, undefined, now), silenceOf(entry)));
  const connections = new Map<SessionId, RecordedConnection>();
  for (const change of changes) {
    if (change.type === 'upsert' && change.connection) connections.set(change.session.id, change.connection);
  }
  return { stale: changes.filter((change) => change.type === 'stale'), connections };
}

/** A state and the silence of its publisher are one change: nobody sees the Session as live. */
export function withSilence(changes: readonly LogChange[], silence: RecordedConnection | null): LogChange[] {
  return changes.map((change) =>
    silence !== null && change.type === 'upsert' ? { ...change, connection: silence } : change,
  );
}

/**
 * Converts one revision into changes. A state and the end of its Session are one change, so that no client
 * sees a Session as live that has ended or that its publisher could not read.
 *
 * @param log log of the positions. Default: the changes have no positions
 * @param now present time, in milliseconds since 1970. Default: the time at which the entry was read. The
 * wall clock does not count then: if it were wrong, the result would be lost
 */
export function toChanges(entry: Entry, log?: string, now = readAt(entry)): LogChange[] {
  const { id, content, revision } = entry;
  const position = log === undefined ? {} : { at: { log, number: revision } };
  if (content === null) {
    const reason = 'it was deleted from the bucket';
    // Not kept as GONE: a gateway that starts has nothing of it, and could not tell a client that moves to it
    // that it does not exist any more.
    return [
      { type: 'remove', id, reason, ...toEnd(entry, now), ageMs: Number.POSITIVE_INFINITY, ...position },
    ];
  }
  if (content instanceof DecodeError) {
    return [{ type: 'stale', id, error: `${entry.key}: ${content.message}` }];
  }
  const connection = toConnection(entry, content, now);
  const { bytes } = entry;
  return [
    {
      type: 'upsert',
      session: content.session,
      ...(connection && { connection }),
      ...position,
      ...(bytes !== undefined && { bytes }),
    },
  ];
}

function toConnection(entry: Entry, { connection, error }: Envelope, now: number): RecordedConnection | null {
  if (connection === 'live') return null;
  const reason = connection === 'gone' ? 'its publisher ended' : 'its publisher lost the connection to Tilt';
  return { state: connection, ...toEnd(entry, now), error: error ?? reason };
}

/** Time at which a Session reached its state, and the time since then. */
function toEnd(entry: Entry, now: number): { readonly since: MicroTime; readonly ageMs?: number } {
  const at = reachedAt(entry);
  const since = new Date(at).toISOString();
  return now > at ? { since, ageMs: now - at } : { since };
}

/**
 * Finds the revision from which every state of every key is known: the latest one that does not certainly
 * follow the known entry of its key. The bucket may have dropped states in between, also while it was read.
 */
function findCompleteSince(entries: readonly Entry[]): number {
  const last = new Map<string, number>();
  let since = 0;
  for (const entry of entries) {
    const { key, revision } = entry;
    if (mayFollowOther(entry, last.get(key) ?? 0)) since = revision;
    last.set(key, revision);
  }
  return since;
}
