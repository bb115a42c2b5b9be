import type { Result } from './connection.js';
import type { Taken } from './fold.js';
import type { Follower } from './follower.js';
import type { Stay } from './stay.js';

/** What a reader tells while it lives. */
export interface ReaderHandlers {
  onOpen(): void;
  /** @param isResumed whether it is the first payload of a subscription that goes on from a cursor */
  onTaken(taken: Taken, isResumed: boolean): void;
  /** The reader begins to stall. */
  onStall(): void;
  /** A payload was wrong. */
  onWrong(reason: string): void;
  /** It was there, and is no more. */
  onLost(why: string): void;
}

/** One client with its subscriptions, from its coming to its leaving. */
export interface Reader {
  readonly followers: readonly Follower[];
  readonly isHalfOpen: boolean;
  /** Whether the gateway has let it in. */
  readonly isIn: boolean;
  /** For how long it has been in, in milliseconds. */
  readonly age: number;
  /** Does what is due: stalls, reads on. Gives whether it is time to leave. */
  tick(): boolean;
  /** Reads, whatever was planned. */
  read(): void;
  leave(): void;
}

/** Connects at once. */
export function openReader(
  url: string,
  followers: readonly Follower[],
  stay: Stay,
  handlers: ReaderHandlers,
): Reader {
  const cameAt = performance.now();
  let openedAt: number | null = null;
  const resumed = new Set(followers.filter(({ fold }) => fold.cursor !== null));
  let plan: 'to stall' | 'stalls' | 'reads' = stay.stall ? 'to stall' : 'reads';
  const connection = stay.connect(
    url,
    followers.map((follower) => follower.operation()),
    { onOpen, onLost: handlers.onLost, onResult },
  );

  return {
    followers,
    isHalfOpen: stay.isHalfOpen,
    get isIn() {
      return openedAt !== null;
    },
    get age() {
      return age();
    },
    tick() {
      if (stay.stall) stall(stay.stall);
      return stay.isHasty ? performance.now() - cameAt >= stay.ms : age() >= stay.ms;
    },
    read,
    leave: () => connection.leave(stay.politely),
  };

  function onOpen(): void {
    openedAt = performance.now();
    handlers.onOpen();
  }

  function age(): number {
    return openedAt === null ? 0 : performance.now() - openedAt;
  }

  function stall({ afterMs, ms }: NonNullable<Stay['stall']>): void {
    if (plan === 'to stall' && age() >= afterMs) {
      plan = 'stalls';
      connection.pause();
      handlers.onStall();
    } else if (plan === 'stalls' && age() >= afterMs + ms) {
      read();
    }
  }

  function read(): void {
    plan = 'reads';
    connection.resume();
  }

  function onResult(index: number, { data, errors }: Result): void {
    const follower = followers[index];
    if (!follower) return;
    try {
      if (errors || data == null) throw new Error(`an answer with errors: ${errors?.[0]?.message}`);
      const isResumed = resumed.delete(follower);
      handlers.onTaken(follower.fold.take(data), isResumed);
    } catch (error) {
      handlers.onWrong(`${follower.name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}
