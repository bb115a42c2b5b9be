import type { KvEntry } from '@nats-io/kv';
import { DecodeError } from '../../model/decode.js';
import { secondsBetween } from '../../model/micro-time.js';
import { identifiesRun, isSameRun, type Session } from '../../model/session.js';
import { ProviderError } from '../../providers/provider.js';
import type { Bucket } from '../bucket.js';
import { decodeEnvelope, decompress, type Envelope } from '../message-format.js';
import { decodeReport, mayList } from '../presence-report.js';

/** Newest state of a key, and its revision. */
export interface HeldState {
  readonly revision: number;
  readonly envelope: Envelope | null;
}

/** Decodes the newest entry of a key. Null stands for a key without an entry. */
export function readHeld(entry: KvEntry | null): HeldState {
  if (entry === null) return { revision: 0, envelope: null };
  const envelope = entry.operation === 'PUT' ? tryDecode(entry.value) : null;
  return { revision: entry.revision, envelope };
}

/** A value that cannot be decoded belongs to no publisher. */
function tryDecode(bytes: Uint8Array): Envelope | null {
  try {
    return decodeEnvelope(decompress(bytes), '');
  } catch (error) {
    if (error instanceof DecodeError) return null;
    throw error;
  }
}

/**
 * Whether a key lacks the result of a run that has ended: it has an unfinished state of the run, an earlier
 * run, or nothing. The later of two runs is the one that Tilt started later.
 */
export function lacksResult(held: Envelope | null, ended: Session): boolean {
  if (held === null) return true;
  const { session, connection } = held;
  if (!isSameRun(session, ended)) return secondsBetweenStarts(session, ended) > 0;
  return connection !== 'gone' || (ended.status.done && !session.status.done);
}

/** Whether a key has a run that Tilt started later. */
function hasLaterRun(held: Envelope | null, { session }: ClaimedState): boolean {
  return (
    held !== null && !isSameRun(held.session, session) && secondsBetweenStarts(held.session, session) < 0
  );
}

/** Seconds from the start of a run to that of another one; 0 if one of them is not known. */
function secondsBetweenStarts(from: Session, to: Session): number {
  return secondsBetween(from.status.startTime, to.status.startTime) ?? 0;
}

/** The part of a presence bucket that is read. */
export interface ReadablePresence {
  get(key: string): Promise<Pick<KvEntry, 'operation' | 'string'> | null>;
}

/** Reads the publisher that is alive; null without one. */
export async function readPublisher(presence: ReadablePresence, key: string): Promise<string | null> {
  const entry = await presence.get(key);
  return entry?.operation === 'PUT' ? entry.string() : null;
}

/** Key, and name of the run of the publisher that claims it. */
interface Owner {
  readonly key: string;
  readonly publisher: string;
}

/** Finds another publisher that is alive, by its heartbeat for this key or the report of its Sessions. */
export async function findOtherPublisher(
  presence: ReadablePresence,
  { key, publisher }: Owner,
  envelope: Envelope | null,
): Promise<string | null> {
  const other = await readPublisher(presence, key);
  if (other !== null && other !== publisher) return other;
  if (envelope?.presence === undefined || envelope.publisher === publisher) return null;
  if (!mayList(envelope.presence, key)) return null;
  const report = decodeReport((await readPublisher(presence, envelope.presence)) ?? '');
  return report?.publisher === envelope.publisher && report.keys.includes(key) ? report.publisher : null;
}

/** First state to be written to a key. */
interface ClaimedState {
  readonly session: Session;
  readonly connection: Envelope['connection'];
  /** Whether it is an end that the key may have already, see {@link lacksResult}. Default: false. */
  readonly isEarlierEnd?: boolean;
  /** Whether the publisher has just started this run. Default: false. */
  readonly isNewRun?: boolean;
}

/** Claims a key before its first write. */
export interface Claim {
  /** Whether another publisher has the key and has written nothing since the first request. */
  readonly isHeldInSilence: boolean;
  /**
   * Resolves with the revision to continue from; null if the state must not be the first, see
   * {@link mayClaim}.
   * Rejects with a `ProviderError` if another publisher has the key.
   *
   * @param ageMs time since this state was reached, in milliseconds; 0 if that was just now
   */
  request(bucket: Bucket, state: ClaimedState, ageMs: number): Promise<number | null>;
}

/** Creates the claim of a publisher's run. @param takeOver whether to take the key from one that is alive */
export function createClaim({ key, publisher, takeOver }: Owner & { readonly takeOver: boolean }): Claim {
  /** The revision of the key at the first request that found another publisher; null without one. */
  let heldRevision: number | null = null;
  let isHeldInSilence = false;

  return {
    get isHeldInSilence() {
      return isHeldInSilence;
    },
    async request({ sessions, presence, presenceMs }, state, ageMs) {
      const held = readHeld(await sessions.get(key));
      if (!mayClaim(held.envelope, state, { publisher, ageMs })) return null;
      // What another publisher writes meanwhile is judged by its contents, also for a later run.
      if (state.isEarlierEnd) heldRevision = null;
      const other = await findOtherPublisher(presence, { key, publisher }, held.envelope);
      const isOver = held.envelope === null || held.envelope.connection === 'gone';
      const hasWritten = heldRevision !== null && held.revision !== heldRevision;
      isHeldInSilence = !hasWritten;
      if (hasWritten && held.envelope !== null) {
        // Its result must stay: a result of this publisher would look like a later one.
        throw createWrittenError(key, held.envelope.publisher);
      }
      if (other !== null && !isOver && !takeOver) {
        heldRevision ??= held.revision;
        throw createHeldError(key, other, presenceMs);
      }
      await presence.put(key, publisher);
      heldRevision = null;
      return held.revision;
    },
  };
}

/**
 * Whether a state may be the first to be written to a key. A run that has ended, or whose connection is lost,
 * may not follow one that is known to be later: its end would look like the result of that run. While a late
 * end waited, another publisher may have written the result of the same run. A publisher writes the runs of a
 * key in their order, whatever the clocks of their machines say.
 */
export function mayClaim(
  held: Envelope | null,
  state: ClaimedState,
  { publisher, ageMs }: { readonly publisher: string; readonly ageMs: number },
): boolean {
  const { session, connection, isEarlierEnd = false, isNewRun = false } = state;
  if (isEarlierEnd) return lacksResult(held, session);
  if (connection === 'live' || held === null) return true;
  const isOfSameRun = identifiesRun(session) && isSameRun(held.session, session);
  const isLateEnd = connection === 'gone' && isOfSameRun && ageMs > 0;
  if (isLateEnd) return lacksResult(held, session);
  return isNewRun || held.publisher === publisher || !hasLaterRun(held, state);
}

/** Error: another publisher has written the key since the first request. */
function createWrittenError(key: string, other: string): ProviderError {
  const hint = 'give this one another --instance';
  return new ProviderError(
    'refused',
    `${key}: another publisher (${other}) has written it meanwhile; ${hint}`,
  );
}

/** Error: the key belongs to another publisher that is alive. */
function createHeldError(key: string, other: string, presenceMs: number): ProviderError {
  const stop = `stop that one (it counts as gone after ${presenceMs / 1_000} s)`;
  const hint = `${stop}, give this one another --instance, or take over with --take-over`;
  return new ProviderError('refused', `${key}: another publisher (${other}) publishes this Session; ${hint}`);
}
