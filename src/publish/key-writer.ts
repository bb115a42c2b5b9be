import type { KV } from '@nats-io/kv';
import { type Clock, sleep } from '../clock.js';
import type { Log } from '../log.js';
import { DecodeError } from '../model/decode-error.js';
import type { Session } from '../model/session.js';
import type { Bucket } from '../providers/nats/bucket.js';
import { decodeEnvelope, type Envelope, encodeEnvelope } from '../providers/nats/envelope.js';
import { ProviderError } from '../providers/provider.js';

/** A state of a Session, as it is to be written. */
export type SessionState = Pick<Envelope, 'link' | 'error'> & { readonly session: Session };

/** Writes the states of one Session to its key, one after the other. */
export interface KeyWriter {
  readonly key: string;
  /** Puts a state in line. Never waits: see {@link MOST_WAITING}. */
  write(state: SessionState): void;
  /** Says that the publisher is there; writes the newest state anew when it is half as old as the bucket lets it be. */
  refresh(): Promise<void>;
  /** Whether everything is written that was put in line. */
  readonly isDone: boolean;
  /** Whether the key is another publisher's. */
  readonly isLost: boolean;
  /** Says that the publisher is not there any more. */
  leave(): Promise<void>;
}

/** What a {@link KeyWriter} works with. */
export interface KeyWriterOptions {
  readonly key: string;
  /** The name of this run of the publisher. */
  readonly publisher: string;
  /** Take the key from a publisher that is there. */
  readonly takeOver: boolean;
  readonly clock: Clock;
  readonly log: Log;
  /** The bucket, once there is a connection to it. */
  bucket(): Promise<Bucket>;
  /** Whether there is no connection. */
  isAway(): boolean;
  /** Called when the key is another publisher's: this one writes it no more. */
  onLost(error: ProviderError): void;
  /** Called when everything in line is written. */
  onDone(): void;
  readonly signal: AbortSignal;
}

/**
 * How many states may wait for their turn. Beyond it, and whenever the broker is away, only the newest is kept: readers
 * are owed the truth, not the way to it.
 */
const MOST_WAITING = 64;

/** How long to wait before a write is tried again, in milliseconds. */
const AGAIN_MS = 200;

/** The server's code for a write that expected another revision (`StreamWrongLastSequence`, and as an old server says it). */
const WRONG_REVISION: readonly unknown[] = [10071, 10164];

/**
 * One writer of a key, and the only one: each write expects the revision of the one before it.
 *
 *     unclaimed ──nobody there, or take-over──► owned ──someone else wrote──► lost
 */
export function createKeyWriter(options: KeyWriterOptions): KeyWriter {
  const { key, publisher, clock, log, signal, takeOver, onLost, onDone } = options;
  let line: SessionState[] = [];
  let newest: SessionState | null = null;
  let writtenAt = 0;
  let serial = 0;
  /** The state that is being written, and the serial it was first tried with. */
  let tried: { readonly state: SessionState; readonly serial: number } | null = null;
  /** The key's revision that the next write expects: 0 when it has none. Null: not claimed yet. */
  let revision: number | null = null;
  let presenceRevision = 0;
  let isRunning = false;
  let isLost = false;

  return {
    key,
    write(state) {
      if (isLost) return;
      newest = state;
      line.push(state);
      if (line.length > MOST_WAITING || options.isAway()) line = [state];
      run();
    },
    refresh,
    get isDone() {
      return isLost || (line.length === 0 && !isRunning);
    },
    get isLost() {
      return isLost;
    },
    async leave() {
      if (!isLost && revision !== null) await (await options.bucket()).presence.delete(key);
    },
  };

  function run(): void {
    if (isRunning) return;
    isRunning = true;
    void writeAll()
      .catch((error) =>
        log('error', `${key}: could not be written, by a fault of the publisher itself`, { error }),
      )
      .finally(() => {
        isRunning = false;
        onDone();
      });
  }

  async function writeAll(): Promise<void> {
    while (line.length > 0 && !isLost && !signal.aborted) {
      try {
        const bucket = await options.bucket();
        revision ??= await claim(bucket);
        const [state] = line;
        if (state === undefined || isLost) return;
        revision = await put(bucket, state, revision);
        writtenAt = clock.now();
        if (line[0] === state) line.shift();
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof ProviderError) {
          lose(error);
          return;
        }
        line = line.slice(-1);
        log('debug', `${key}: not written yet`, { error: String(error) });
        await sleep(clock, AGAIN_MS, signal);
      }
    }
  }

  /** Writes a state, and gives its revision. A write whose answer was lost is found again by its serial. */
  async function put({ sessions }: Bucket, state: SessionState, expected: number): Promise<number> {
    serial += 1;
    if (tried?.state !== state) tried = { state, serial };
    const text = encodeEnvelope({ publisher, serial, isFirst: expected === 0, ...state });
    try {
      return await sessions.put(key, text, { previousSeq: expected });
    } catch (error) {
      if (!isWrongRevision(error)) throw error;
      const held = await read(sessions);
      if (held.envelope === null) {
        // The bucket's age limit has taken it.
        revision = held.revision;
        throw error;
      }
      if (held.envelope.publisher !== publisher) throw lostTo(held.envelope);
      revision = held.revision;
      // An earlier try of this very state has arrived after all, if it is the last that was tried.
      if (held.envelope.serial >= tried.serial) return held.revision;
      throw error;
    }
  }

  /** The revision to go on from, once nobody else is there. */
  async function claim(bucket: Bucket): Promise<number> {
    const held = await read(bucket.sessions);
    const present = await bucket.presence.get(key);
    const other = present && present.operation === 'PUT' ? present.string() : null;
    const isOver = held.envelope === null || held.envelope.link === 'gone';
    if (other !== null && other !== publisher && !isOver && !takeOver) {
      const silence = `${bucket.presenceMs / 1_000} s`;
      throw new ProviderError(
        'refused',
        `${key}: another publisher (${other}) writes it; stop that one (it counts as gone after ${silence}), give this one another --instance, or take over with --take-over`,
      );
    }
    presenceRevision = await bucket.presence.put(key, publisher);
    return held.revision;
  }

  async function refresh(): Promise<void> {
    if (isLost || revision === null) return;
    const bucket = await options.bucket();
    try {
      presenceRevision = await bucket.presence.put(key, publisher, { previousSeq: presenceRevision });
    } catch (error) {
      if (!isWrongRevision(error)) throw error;
      const present = await bucket.presence.get(key);
      const other = present && present.operation === 'PUT' ? present.string() : publisher;
      if (other !== publisher) {
        lose(new ProviderError('refused', `${key}: taken over by ${other}`));
        return;
      }
      presenceRevision = await bucket.presence.put(key, publisher);
    }
    const isOld = bucket.maxAgeMs > 0 && clock.now() - writtenAt > bucket.maxAgeMs / 2;
    if (isOld && newest && line.length === 0) {
      line.push(newest);
      run();
    }
  }

  function lose(error: ProviderError): void {
    if (isLost) return;
    isLost = true;
    line = [];
    onLost(error);
  }

  function lostTo({ publisher: other }: Envelope): ProviderError {
    return new ProviderError('refused', `${key}: taken over by ${other}`);
  }

  async function read(
    sessions: KV,
  ): Promise<{ readonly revision: number; readonly envelope: Envelope | null }> {
    const entry = await sessions.get(key);
    if (entry === null) return { revision: 0, envelope: null };
    const envelope = entry.operation === 'PUT' ? envelopeIn(entry.string()) : null;
    return { revision: entry.revision, envelope };
  }
}

/** What cannot be read is nobody's. */
function envelopeIn(text: string): Envelope | null {
  try {
    return decodeEnvelope(text, '');
  } catch (error) {
    if (error instanceof DecodeError) return null;
    throw error;
  }
}

function isWrongRevision(error: unknown): boolean {
  return error instanceof Error && 'code' in error && WRONG_REVISION.includes(error.code);
}
