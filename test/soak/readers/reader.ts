import type { Behaviour } from './behaviour.js';
import type { Result } from './connection.js';
import type { PayloadInfo } from './fold.js';
import type { Subscription } from './subscription.js';

/** Callbacks of a reader. */
export interface ReaderHandlers {
  onOpen(): void;
  /** @param isResumed whether it is the first payload of a resumed subscription */
  onPayload(taken: PayloadInfo, isResumed: boolean): void;
  /** Called when the reader starts to stall. */
  onStall(): void;
  /** Called when a payload was wrong. */
  onMismatch(reason: string): void;
  /** Called when the reader was disconnected. */
  onDisconnect(why: string): void;
}

/** A client with its subscriptions, from connecting to closing. */
export interface Reader {
  readonly subscriptions: readonly Subscription[];
  readonly isHalfOpen: boolean;
  /** Whether the gateway accepted the connection. */
  readonly isAccepted: boolean;
  /** Time since the gateway accepted the connection, in milliseconds. */
  readonly age: number;
  /** Stalls or resumes if that is due. Returns whether it is time to close. */
  tick(): boolean;
  /** Reads from now on, whatever was planned. */
  read(): void;
  close(): void;
}

/** Opens a reader and connects. */
export function openReader(
  url: string,
  subscriptions: readonly Subscription[],
  behaviour: Behaviour,
  handlers: ReaderHandlers,
): Reader {
  const createdAt = performance.now();
  let openedAt: number | null = null;
  const resumed = new Set(subscriptions.filter(({ fold }) => fold.cursor !== null));
  let plan: 'to stall' | 'stalls' | 'reads' = behaviour.stall ? 'to stall' : 'reads';
  const connection = behaviour.connect(
    url,
    subscriptions.map((subscription) => subscription.operation()),
    { onOpen, onDisconnect: handlers.onDisconnect, onResult },
  );

  return {
    subscriptions,
    isHalfOpen: behaviour.isHalfOpen,
    get isAccepted() {
      return openedAt !== null;
    },
    get age() {
      return age();
    },
    tick() {
      if (behaviour.stall) stall(behaviour.stall);
      return behaviour.closesEarly ? performance.now() - createdAt >= behaviour.ms : age() >= behaviour.ms;
    },
    read,
    close: () => connection.close(behaviour.isClean),
  };

  function onOpen(): void {
    openedAt = performance.now();
    handlers.onOpen();
  }

  function age(): number {
    return openedAt === null ? 0 : performance.now() - openedAt;
  }

  function stall({ afterMs, ms }: NonNullable<Behaviour['stall']>): void {
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
    const subscription = subscriptions[index];
    if (!subscription) return;
    try {
      if (errors || data == null) throw new Error(`result with errors: ${errors?.[0]?.message}`);
      const isResumed = resumed.delete(subscription);
      handlers.onPayload(subscription.fold.take(data), isResumed);
    } catch (error) {
      handlers.onMismatch(`${subscription.name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}
