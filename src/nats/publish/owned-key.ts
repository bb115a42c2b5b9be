import type { KV } from '@nats-io/kv';
import { DecodeError } from '../../model/decode-error.js';
import type { Session } from '../../model/session.js';
import { ProviderError } from '../../providers/provider.js';
import type { Bucket } from '../bucket.js';
import { decodeEnvelope, type Envelope, encodeEnvelope } from '../envelope.js';
import { packed, unpacked } from '../pack.js';

/** A state of a Session, as it is to be written. */
export type SessionState = Pick<Envelope, 'link' | 'error'> & { readonly session: Session };

/** What an {@link OwnedKey} is of. */
export interface OwnedKeyOptions {
  readonly key: string;
  /** The name of this run of the publisher. */
  readonly publisher: string;
  /** Take the key from a publisher that is there. */
  readonly takeOver: boolean;
}

/**
 * A key of a bucket with one writer. Each function throws a `ProviderError` when the key is another publisher's, and
 * what the broker says when it could not be done for now.
 */
export interface OwnedKey {
  /** Whether it was ours at the last look. */
  readonly isClaimed: boolean;
  /** Whether another publisher has it that has written nothing since the first look: it may have been killed. */
  readonly isHeldInSilence: boolean;
  /**
   * Writes a state, claiming the key first. To be tried again with the same object until it succeeds: it is written once.
   *
   * @param ageMs how long ago this state was written before, in milliseconds; 0 when it was not
   */
  put(bucket: Bucket, state: SessionState, ageMs?: number): Promise<void>;
  /** Whether the bucket still has the last state that was written. */
  isKept(bucket: Bucket): Promise<boolean>;
  /** Says that the publisher is there. */
  sign(bucket: Bucket): Promise<void>;
  /** Says that it is not there any more. */
  leave(bucket: Bucket): Promise<void>;
}

/** The server's code for a write that expected another revision (`StreamWrongLastSequence`, and as an old server says it). */
const WRONG_REVISION: readonly unknown[] = [10071, 10164];

/**
 * Nothing is asked of the broker before the first `put`. Each write expects the revision of the one before it, so that of
 * two publishers one is refused:
 *
 *     unclaimed ──nobody there, or take-over──► claimed ──someone else wrote──► lost
 *         ▲                                        │
 *         └──────a new run after a state `gone`────┘
 *
 * The bucket of the states alone decides who has the key: it takes one of two first writes. Presence only informs; if it
 * decided too, each of two publishers that start in the same moment could lose one of the two decisions.
 */
export function createOwnedKey({ key, publisher, takeOver }: OwnedKeyOptions): OwnedKey {
  let serial = 0;
  /** The state that is being written, or was written last, and the serial it was first tried with. */
  let tried: { readonly state: SessionState; readonly serial: number } | null = null;
  /** The key's revision that the next write expects: 0 when it has none. Null: not claimed yet. */
  let revision: number | null = null;
  /** The key's revision when it was first seen to be another publisher's; null when it was not. */
  let heldRevision: number | null = null;
  let isHeldInSilence = false;

  return {
    get isClaimed() {
      return revision !== null;
    },
    get isHeldInSilence() {
      return revision === null && isHeldInSilence;
    },
    async put(bucket, state, ageMs = 0) {
      // Another publisher may have had the key since the end of the last run.
      if (hasEnded() && state.link !== 'gone') revision = null;
      revision ??= await claim(bucket);
      if (tried?.state !== state) tried = { state, serial: serial + 1 };
      const content = { ...state, ...(ageMs > 0 && { ageMs }) };
      const isWritten = await tryToWrite(bucket, content, revision, tried.serial);
      // The revision was another, since the key was deleted or an answer was lost: it is known now.
      if (!isWritten && !(await tryToWrite(bucket, content, revision, tried.serial))) {
        throw new Error('its revision changes all the time');
      }
    },
    async isKept({ sessions }) {
      const expected = tried?.serial ?? 0;
      const { envelope } = await readOwn(sessions);
      return envelope !== null && envelope.serial >= expected;
    },
    async sign({ presence }) {
      await presence.put(key, publisher);
    },
    async leave({ presence }) {
      // After the end of its run, another publisher may be there.
      if ((await publisherIn(presence)) === publisher) await presence.delete(key);
    },
  };

  function hasEnded(): boolean {
    return tried?.state.link === 'gone';
  }

  /** False when the key has another revision than expected, which is noted, and not the state. */
  async function tryToWrite(
    { sessions }: Bucket,
    state: SessionState & Pick<Envelope, 'ageMs'>,
    previous: number,
    firstSerial: number,
  ): Promise<boolean> {
    serial += 1;
    const bytes = packed(encodeEnvelope({ publisher, serial, previous, ...state }));
    try {
      revision = await sessions.put(key, bytes, { previousSeq: previous });
      return true;
    } catch (error) {
      if (!isWrongRevision(error)) throw error;
      const held = await readOwn(sessions);
      revision = held.revision;
      // An earlier try of this very state has arrived after all, and only its answer was lost.
      return held.envelope !== null && held.envelope.serial >= firstSerial;
    }
  }

  /** The revision to go on from, once nobody else is there. */
  async function claim({ sessions, presence, presenceMs }: Bucket): Promise<number> {
    const held = await read(sessions);
    const other = await publisherIn(presence);
    const isOver = held.envelope === null || held.envelope.link === 'gone';
    const hasWritten = heldRevision !== null && held.revision !== heldRevision;
    isHeldInSilence = !hasWritten;
    if (hasWritten && held.envelope !== null) {
      // Its result must stay: this one's would look like a later one.
      const who = held.envelope.publisher;
      throw new ProviderError(
        'refused',
        `${key}: another publisher (${who}) has written it meanwhile; give this one another --instance`,
      );
    }
    if (other !== null && other !== publisher && !isOver && !takeOver) {
      heldRevision ??= held.revision;
      const silence = `${presenceMs / 1_000} s`;
      throw new ProviderError(
        'refused',
        `${key}: another publisher (${other}) writes it; stop that one (it counts as gone after ${silence}), give this one another --instance, or take over with --take-over`,
      );
    }
    await presence.put(key, publisher);
    heldRevision = null;
    return held.revision;
  }

  /** Who is there; null when nobody is. */
  async function publisherIn(presence: KV): Promise<string | null> {
    const entry = await presence.get(key);
    return entry?.operation === 'PUT' ? entry.string() : null;
  }

  /** The key's state once it is claimed. Without one, it was deleted, or the age limit has ended it. */
  async function readOwn(sessions: KV): Promise<HeldState> {
    const held = await read(sessions);
    const { envelope } = held;
    if (envelope === null || envelope.publisher === publisher) return held;
    // After a deletion, what ended before this run began may have been written again before it.
    if (isWrittenAgain(envelope) && envelope.link === 'gone' && !hasEnded())
      return { ...held, envelope: null };
    throw new ProviderError('refused', `${key}: taken over by ${envelope.publisher}`);
  }

  async function read(sessions: KV): Promise<HeldState> {
    const entry = await sessions.get(key);
    if (entry === null) return { revision: 0, envelope: null };
    return {
      revision: entry.revision,
      envelope: entry.operation === 'PUT' ? envelopeIn(entry.value) : null,
    };
  }
}

/** Newest state of a key, and its revision. */
interface HeldState {
  readonly revision: number;
  readonly envelope: Envelope | null;
}

/** What cannot be read is nobody's. */
function envelopeIn(bytes: Uint8Array): Envelope | null {
  try {
    return decodeEnvelope(unpacked(bytes), '');
  } catch (error) {
    if (error instanceof DecodeError) return null;
    throw error;
  }
}

function isWrittenAgain({ ageMs = 0 }: Envelope): boolean {
  return ageMs > 0;
}

function isWrongRevision(error: unknown): boolean {
  return error instanceof Error && 'code' in error && WRONG_REVISION.includes(error.code);
}
