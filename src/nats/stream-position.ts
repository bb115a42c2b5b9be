import type { StreamInfo } from '@nats-io/jetstream';
import type { MsgHdrs } from '@nats-io/transport-node';
import type { Clock } from '../lib/clock.js';
import { elapsedSince, type Moment, momentAgo } from '../lib/moment.js';
import { ProviderError } from '../providers/provider.js';

/** A message of a stream, from a consumer or from a request. */
export interface StreamMessage {
  readonly subject: string;
  /** Sequence number in the stream. */
  readonly seq: number;
  /** Time of the write, by the servers' clock: milliseconds since 1970. */
  readonly writtenAt: number;
  /**
   * Age when its consumer was created, by the servers' clock, in milliseconds; 0 for a later message,
   * infinite if unknown.
   */
  readonly ageMs: number;
  readonly headers: Pick<MsgHdrs, 'get' | 'has'> | undefined;
  readonly data: Uint8Array;
}

/** Position up to which a stream was read. */
export interface StreamPosition {
  /** Sequence number of the last message; 0 before the first. */
  readonly last: number;
  /**
   * Whether all messages of the beginning were read: those that the stream had, and those that were written
   * while these were read.
   */
  readonly isCaughtUp: boolean;
  /** Whether reading the beginning took so long that `verify` has to find out where it ends by now. */
  readonly needsInfo: boolean;
  /** Whether a message could not be processed. Reading it again is useless. */
  readonly isBroken: boolean;
  /** Number of messages read. */
  readonly count: number;
  /** Processes a message. Ignores messages that were read before. */
  take(message: StreamMessage): void;
  /** Marks all messages of the beginning as read. */
  catchUp(): void;
  /**
   * Compares the position with the stream: before it is read, and while no message arrives or the position
   * needs it. Throws if the position does not belong to it.
   *
   * @param known `last` when the info was requested. Messages that were read since may be missing in it
   */
  verify(info: StreamInfo, known: number): void;
}

/** Options of {@link createStreamPosition}. */
export interface StreamPositionOptions {
  /** Name of the stream in error messages. */
  readonly name: string;
  /** Whether messages may repeat after the stream has lost some; otherwise that is an error. */
  readonly mayRepeat: boolean;
  readonly clock: Clock;
  /** Called with each message once, in the stream's order. */
  onMessage(message: StreamMessage): void;
  /** Called once, when all messages of the beginning were processed. */
  onCaughtUp(): void;
}

/** The messages that a stream had at a moment. */
interface Beginning {
  readonly created: string;
  /** Sequence number of the last one. */
  readonly last: number;
  readonly at: Moment;
}

/**
 * Time for which a message after the beginning may have waited, in milliseconds. Shorter than the delay from
 * which it would be a late one.
 */
const MAX_LAG_MS = 2_000;

/**
 * Creates the position before the first message.
 *
 * Messages that are written while the beginning is read belong to it. If that took {@link MAX_LAG_MS}, as
 * over a slow link, the end is looked up again, and another round begins. Each is shorter than the one
 * before, unless the stream is written faster than it can be read. Then the beginning ends after the longer
 * round.
 */
export function createStreamPosition({
  name,
  mayRepeat,
  clock,
  onMessage,
  onCaughtUp,
}: StreamPositionOptions): StreamPosition {
  let last = 0;
  let count = 0;
  let isCaughtUp = false;
  let isBroken = false;
  let beginning: Beginning | null = null;
  let needsInfo = false;
  /** Time that the last round took, in milliseconds; infinite before the first one has ended. */
  let roundMs = Number.POSITIVE_INFINITY;

  return {
    get last() {
      return last;
    },
    get count() {
      return count;
    },
    get isCaughtUp() {
      return isCaughtUp;
    },
    get needsInfo() {
      return needsInfo;
    },
    get isBroken() {
      return isBroken;
    },
    take(message) {
      if (message.seq <= last) return;
      last = message.seq;
      count += 1;
      try {
        onMessage(message);
        // The number of pending messages is unreliable: a server that lags has none, and one that has dropped
        // messages may still count them.
        if (beginning && last >= beginning.last) reachEnd(beginning);
      } catch (error) {
        isBroken = true;
        throw error;
      }
    },
    catchUp,
    verify({ created, state }, known) {
      if (beginning === null) {
        begin(created, state.last_seq);
        if (state.messages === 0) catchUp();
      } else if (created === beginning.created && state.last_seq >= known) {
        if (!needsInfo) return;
        begin(created, state.last_seq);
        if (state.last_seq <= last) catchUp();
      } else if (mayRepeat) {
        begin(created, state.last_seq);
        last = 0;
      } else if (created !== beginning.created) {
        throw new ProviderError('unreachable', `${name}: the bucket was deleted and created again`);
      } else {
        // A new leader may still be reading its own log.
        throw new Error(`its newest revision is ${state.last_seq}, expected ${known} or more`);
      }
    },
  };

  function begin(created: string, end: number): void {
    beginning = { created, last: end, at: momentAgo(clock) };
    needsInfo = false;
  }

  function reachEnd({ at }: Beginning): void {
    if (isCaughtUp) return;
    const ms = elapsedSince(at, clock);
    if (needsInfo) {
      // The info may not arrive in time if the stream is written faster than it can be read.
      if (ms >= 2 * roundMs) catchUp();
    } else if (ms < MAX_LAG_MS || ms >= roundMs) {
      catchUp();
    } else {
      roundMs = ms;
      needsInfo = true;
    }
  }

  function catchUp(): void {
    if (isCaughtUp) return;
    isCaughtUp = true;
    needsInfo = false;
    onCaughtUp();
  }
}
