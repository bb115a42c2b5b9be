import type { KvEntry } from '@nats-io/kv';
import { isSystemError } from '../../lib/errors.js';
import type { Moment } from '../../lib/moment.js';
import { secondsBetween } from '../../model/micro-time.js';
import { isSameRun } from '../../model/session.js';
import { ProviderError } from '../../providers/provider.js';
import type { Bucket } from '../bucket.js';
import type { Envelope } from '../message-format.js';
import { createClaim, type HeldState, readHeld, readPublisher } from './held-key.js';
import { createStateWriter, type Omission, type WritableState, writeFitting } from './state-writer.js';

/** State of a Session to be written. */
export interface SessionState extends Pick<Envelope, 'session' | 'connection' | 'error'> {
  /**
   * Time at which the Session ended, for a state `gone` or a result that is `stale`. Default: the time at
   * which a state `gone` is queued.
   */
  readonly endedAt?: Moment;
  /**
   * Whether the Session ended before this publisher has read it. The key may have the result already, or a
   * later run. It is written only if {@link lacksResult}. Default: false.
   */
  readonly isEarlierEnd?: boolean;
  /**
   * Whether this publisher has just started the run, so that it is the latest one. Start times cannot tell:
   * the clock of the machine of another run may have been ahead. Default: false.
   */
  readonly isNewRun?: boolean;
}

/** Options of {@link createOwnedKey}. */
export interface OwnedKeyOptions {
  readonly key: string;
  /** Name of the publisher's run. */
  readonly publisher: string;
  /** Key of the report in which the publisher lists this key. */
  readonly reportKey: string;
  /** Whether to take the key from a publisher that is alive. */
  readonly takeOver: boolean;
}

/**
 * A key with one writer. Functions throw a `ProviderError` if another publisher has the key, and the broker's
 * error if a request failed temporarily.
 */
export interface OwnedKey {
  /** Whether the key belonged to this publisher at the last request. */
  readonly isClaimed: boolean;
  /**
   * Whether another publisher has the key and has written nothing since the first request: it may have been
   * killed.
   */
  readonly isHeldInSilence: boolean;
  /**
   * Writes a state, and claims the key first. Call it again with the same object until it succeeds: it is
   * written once, or not at all if it must not be the first, see {@link mayClaim}. Resolves with whether it
   * is written.
   *
   * @param ageMs time since this state was reached, in milliseconds; 0 if that was just now
   */
  put(bucket: Bucket, state: SessionState, ageMs?: number): Promise<boolean>;
  /** Whether the bucket still contains the last state that was written. */
  isKept(bucket: Bucket): Promise<boolean>;
  /** Writes a heartbeat. */
  sendHeartbeat(bucket: Bucket): Promise<void>;
  /** Deletes the heartbeat. */
  leave(bucket: Bucket): Promise<void>;
}

/** Codes of a write that expected another revision: `StreamWrongLastSequence`, and that of older servers. */
const WRONG_REVISION: readonly unknown[] = [10071, 10164];

/**
 * Creates an unclaimed key. The first request to the broker is the first `put`. Each write expects the
 * revision of the write before it, so that one of two publishers is rejected:
 *
 *     unclaimed ──no other publisher, or take-over──► claimed ──another publisher wrote──► lost
 *         ▲                                              │
 *         └──────────a new run after a state `gone`──────┘
 *
 * Only the bucket of the states decides who has the key: it accepts one of two first writes. Presence is
 * information. If it decided as well, each of two publishers that start at the same time could lose one of
 * the two decisions.
 *
 * @param onFacts called after a state with facts was written, with what was left out because it was too large
 */
export function createOwnedKey(
  options: OwnedKeyOptions,
  onFacts: (omission: Omission | null) => void,
): OwnedKey {
  const { key, publisher } = options;
  const claim = createClaim(options);
  const writer = createStateWriter(options);
  let serial = 0;
  /** The last state to be written, and the serial of its first attempt. */
  let attempt: { readonly state: SessionState; readonly serial: number } | null = null;
  /** The revision of the key that the next write expects: 0 if it has none. Null: not claimed yet. */
  let revision: number | null = null;

  return {
    get isClaimed() {
      return revision !== null;
    },
    get isHeldInSilence() {
      return revision === null && claim.isHeldInSilence;
    },
    async put(bucket, state, ageMs = 0) {
      // Another publisher may have had the key since the end of the last run.
      if (hasEnded() && startsAgain(state)) revision = null;
      revision ??= await claim.request(bucket, state, ageMs);
      if (revision === null) return false;
      if (attempt?.state !== state) attempt = { state, serial: serial + 1 };
      const content = { ...state, ...(ageMs > 0 && { ageMs }) };
      const isWritten = await tryToWrite(bucket, content, revision, attempt.serial);
      // The revision differed because the key was deleted or a response was lost. It is known now.
      if (!isWritten && !(await tryToWrite(bucket, content, revision, attempt.serial))) {
        throw new Error('its revision keeps changing');
      }
      return true;
    },
    async isKept({ sessions }) {
      const expected = attempt?.serial ?? 0;
      const entry = await sessions.get(key);
      if (entry?.operation === 'PUT' && entry.revision === writer.revision) return true;
      const { envelope } = readOwn(entry);
      return envelope !== null && envelope.serial >= expected;
    },
    async sendHeartbeat({ presence }) {
      await presence.put(key, publisher);
    },
    async leave({ presence }) {
      // After the end of its run, another publisher may be alive.
      if ((await readPublisher(presence, key)) === publisher) await presence.delete(key);
    },
  };

  function hasEnded(): boolean {
    return attempt?.state.connection === 'gone';
  }

  /** Whether a state after an end is one of a run again. Only its end is written if the broker was down. */
  function startsAgain({ connection, session }: SessionState): boolean {
    return connection !== 'gone' || (attempt !== null && !isSameRun(attempt.state.session, session));
  }

  /** Returns false if the key has another revision than expected. The revision is updated then. */
  async function tryToWrite(
    bucket: Bucket,
    state: WritableState,
    previous: number,
    firstSerial: number,
  ): Promise<boolean> {
    serial += 1;
    try {
      await writeFitting(state, onFacts, async (fitting) => {
        revision = await writer.write(bucket, fitting, { previous, serial });
      });
      return true;
    } catch (error) {
      if (!isWrongRevision(error)) throw error;
      const held = readOwn(await bucket.sessions.get(key));
      revision = held.revision;
      // An earlier attempt for this state has arrived, and only its response was lost.
      return held.envelope !== null && held.envelope.serial >= firstSerial;
    }
  }

  /** Reads the state of the claimed key. It has none if it was deleted or has expired. */
  function readOwn(entry: KvEntry | null): HeldState {
    const held = readHeld(entry);
    const { envelope } = held;
    if (envelope === null || envelope.publisher === publisher) return held;
    if (!hasEnded() && isEarlierEnd(envelope, attempt?.state)) return { ...held, envelope: null };
    throw new ProviderError('refused', `${key}: taken over by ${envelope.publisher}`);
  }
}

/**
 * Whether a state of another publisher may be the end of an earlier run. After a deletion, it may have been
 * written again before this run. The end of a run that Tilt started later is from a take-over.
 */
function isEarlierEnd({ connection, ageMs = 0, session }: Envelope, own: SessionState | undefined): boolean {
  if (connection !== 'gone' || ageMs === 0) return false;
  const ownStart = own?.session.status.startTime ?? null;
  return (secondsBetween(ownStart, session.status.startTime) ?? 0) <= 0;
}

function isWrongRevision(error: unknown): boolean {
  return isSystemError(error) && WRONG_REVISION.includes(error.code);
}
