import type { LoopBudget } from '../../graphql/event-loop.js';
import type { Clock } from '../../lib/clock.js';

/** The connection that an {@link Inbox} belongs to. */
export interface InboxOwner {
  /** Whether messages still matter. */
  readonly isOpen: boolean;
  /**
   * Parses a message and acts on it. Never throws.
   *
   * @param hasTurn whether the message came through the budget
   */
  onMessage(bytes: Buffer, hasTurn: boolean): void;
  /** Stops reading from the socket. Frames that were read already, at most 64 KiB, are still taken. */
  pauseReading(): void;
  /** Called once nothing waits any more. */
  resumeReading(): void;
}

/** What all inboxes share. */
export interface InboxOptions {
  readonly budget: LoopBudget;
  readonly clock: Pick<Clock, 'monotonic'>;
}

/** Bytes that a connection may send in a second without waiting: all that clients usually send. Their JSON takes 2 ms at most. */
const FREE_BYTES = 20_000;
const SECOND_MS = 1_000;

/** What a frame counts beside its bytes: pings of 15 bytes take 5 µs each, as much as 50 to 100 bytes of JSON. */
const FRAME_BYTES = 100;

/**
 * Hands a connection its messages, in order. Short ones are handed over at once. Long ones, and those of a client that sends
 * thousands, wait for a turn of the event loop (`LoopBudget`) before they are parsed: 1 MB of JSON takes up to 120 ms. Until
 * then the socket is paused, so that what is unread stays with the system.
 *
 * A class without closures that live long, for the same reason as `WebSocketConnection`.
 */
export class Inbox {
  readonly #owner: InboxOwner;
  readonly #options: InboxOptions;
  /** The second in which the connection last sent something, and what is left of it: small numbers, which take no room on the heap. */
  #second = 0;
  #free = FREE_BYTES;
  /** Messages that wait for a turn. Null while the connection does not wait. */
  #waiting: Buffer[] | null = null;

  constructor(owner: InboxOwner, options: InboxOptions) {
    this.#owner = owner;
    this.#options = options;
  }

  /** Whether the connection waits for a turn. */
  get isWaiting(): boolean {
    return this.#waiting !== null;
  }

  take(bytes: Buffer): void {
    if (this.#isFree(bytes.length)) this.#owner.onMessage(bytes, false);
    else if (this.#hasTurn()) this.#owner.onMessage(bytes, true);
    else this.#waiting?.push(bytes);
  }

  /** Counts a frame without a message, such as a pong. */
  count(): void {
    if (!this.#isFree(0)) this.#hasTurn();
  }

  #isFree(bytes: number): boolean {
    if (this.#waiting !== null) return false;
    const second = Math.floor(this.#options.clock.monotonic() / SECOND_MS);
    if (second !== this.#second) this.#free = FREE_BYTES;
    this.#second = second;
    const cost = bytes + FRAME_BYTES;
    if (cost > this.#free) return false;
    this.#free -= cost;
    return true;
  }

  /** Whether the connection has a turn. If not, it waits for one. */
  #hasTurn(): boolean {
    if (this.#waiting !== null) return false;
    const turn = this.#options.budget.pass();
    if (turn === null) return true;
    this.#waiting = [];
    this.#owner.pauseReading();
    void turn.then(() => this.#handOver());
    return false;
  }

  #handOver(): void {
    const waiting = this.#waiting ?? [];
    for (const [index, bytes] of waiting.entries()) {
      if (!this.#owner.isOpen) break;
      // The turn is for one message at least.
      const turn = index === 0 ? null : this.#options.budget.pass();
      if (turn !== null) {
        this.#waiting = waiting.slice(index);
        void turn.then(() => this.#handOver());
        return;
      }
      this.#owner.onMessage(bytes, true);
    }
    this.#waiting = null;
    this.#owner.resumeReading();
  }
}
