import type { StreamInfo } from '@nats-io/jetstream';
import { ProviderError } from '../providers/provider.js';
import type { StreamMessage } from './message.js';

/** How far a stream was read. */
export interface StreamPlace {
  /** The newest that was read, 0 when there was none. */
  readonly last: number;
  /** Whether everything was read that was there at the beginning. */
  readonly isCaughtUp: boolean;
  /** Whether what was read could not be taken: there is no use in reading it again. */
  readonly isBroken: boolean;
  /** How many messages were read. */
  readonly count: number;
  /** A message came; one that was read before is left out. */
  take(message: StreamMessage): void;
  /** Everything that was there at the beginning is known to have come. */
  catchUp(): void;
  /** The stream as it is now, before it is read (on). Throws when this place is none of it. */
  enter(info: StreamInfo): void;
}

/** What a {@link StreamPlace} works with. */
export interface StreamPlaceOptions {
  /** How the stream is called in messages. */
  readonly name: string;
  /** Whether messages may come again after the stream has lost some; else that is an error. */
  readonly mayRepeat: boolean;
  /** Each message, in the stream's order, once. */
  onMessage(message: StreamMessage): void;
  /** Once: everything that was there at the beginning has been told. */
  onCaughtUp(): void;
}

/** The beginning. */
export function createStreamPlace({
  name,
  mayRepeat,
  onMessage,
  onCaughtUp,
}: StreamPlaceOptions): StreamPlace {
  let last = 0;
  let count = 0;
  let isCaughtUp = false;
  let isBroken = false;
  /** Of the stream as it was first found. */
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
        // Not by what is pending: a server that lags has nothing pending either, and one that has meanwhile forgotten
        // messages may count them still.
        if (beginning && last >= beginning.last) catchUp();
      } catch (error) {
        isBroken = true;
        throw error;
      }
    },
    catchUp,
    enter({ created, state }) {
      if (beginning === null) {
        beginning = { created, last: state.last_seq };
        if (state.messages === 0) catchUp();
      } else if (created === beginning.created && state.last_seq >= last) {
        return;
      } else if (mayRepeat) {
        beginning = { created, last: state.last_seq };
        last = 0;
      } else if (created !== beginning.created) {
        throw new ProviderError('unreachable', `${name}: it was deleted and made anew`);
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
