import type { StreamInfo } from '@nats-io/jetstream';
import type { MsgHdrs } from '@nats-io/transport-node';
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
  /** Whether all messages were read that the stream had at the beginning. */
  readonly isCaughtUp: boolean;
  /** Whether a message could not be processed. Reading it again is useless. */
  readonly isBroken: boolean;
  /** Number of messages read. */
  readonly count: number;
  /** Processes a message. Ignores messages that were read before. */
  take(message: StreamMessage): void;
  /** Marks all messages of the beginning as read. */
  catchUp(): void;
  /**
   * Compares the position with the current stream before it is read. Throws if the position does not belong
   * to it.
   */
  verify(info: StreamInfo): void;
}

/** Options of {@link createStreamPosition}. */
export interface StreamPositionOptions {
  /** Name of the stream in error messages. */
  readonly name: string;
  /** Whether messages may repeat after the stream has lost some; otherwise that is an error. */
  readonly mayRepeat: boolean;
  /** Called with each message once, in the stream's order. */
  onMessage(message: StreamMessage): void;
  /** Called once, when all messages of the beginning were processed. */
  onCaughtUp(): void;
}

/** Creates the position before the first message. */
export function createStreamPosition({
  name,
  mayRepeat,
  onMessage,
  onCaughtUp,
}: StreamPositionOptions): StreamPosition {
  let last = 0;
  let count = 0;
  let isCaughtUp = false;
  let isBroken = false;
  /** The stream as it was first found. */
  let beginning: { readonly created: string; readonly last: number } | null = null;

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
        if (beginning && last >= beginning.last) catchUp();
      } catch (error) {
        isBroken = true;
        throw error;
      }
    },
    catchUp,
    verify({ created, state }) {
      if (beginning === null) {
        beginning = { created, last: state.last_seq };
        if (state.messages === 0) catchUp();
      } else if (created === beginning.created && state.last_seq >= last) {
        return;
      } else if (mayRepeat) {
        beginning = { created, last: state.last_seq };
        last = 0;
      } else if (created !== beginning.created) {
        throw new ProviderError('unreachable', `${name}: the bucket was deleted and created again`);
      } else {
        // A new leader may still be reading its own log.
        throw new Error(`its newest revision is ${state.last_seq}, expected ${last} or more`);
      }
    },
  };

  function catchUp(): void {
    if (isCaughtUp) return;
    isCaughtUp = true;
    onCaughtUp();
  }
}
