import type { LoopBudget } from '../../graphql/event-loop.js';
import type { Clock } from '../../lib/clock.js';

/** Connection of an {@link Inbox}. */
export interface InboxOwner {
  /** Whether messages are still handled. */
  readonly isOpen: boolean;
  /**
   * Parses and handles a message. Never throws.
   *
   * @param hasSlot whether the message has a slot of the budget
   */
  onMessage(bytes: Buffer, hasSlot: boolean): void;
  /** Stops reading from the socket. Frames that were read already, at most 64 KiB, still arrive. */
  pauseReading(): void;
  /** Called when more bytes wait than {@link MAX_WAITING}. The messages that wait are dropped. */
  onFlood(): void;
  /** Called when no message waits. */
  resumeReading(): void;
}

/** Dependencies of all inboxes. */
export interface InboxOptions {
  readonly budget: LoopBudget;
  readonly clock: Pick<Clock, 'monotonic'>;
}

/**
 * Bytes that a connection may send per second without waiting: more than clients usually send. Their JSON
 * takes at most 2 ms.
 */
const FREE_BYTES = 20_000;
const SECOND_MS = 1_000;

/**
 * Cost of a frame in addition to its bytes: a ping of 15 bytes takes 5 µs, as long as 50 to 100 bytes of
 * JSON.
 */
const FRAME_BYTES = 100;

/**
 * Maximum bytes of several messages that wait. 64 KiB that were read before the pause can be 64 MB when they
 * are decompressed.
 */
const MAX_WAITING = 4 * 2 ** 20;

/**
 * Passes messages to their connection, in order. Short ones are passed at once. Long ones, and those of a
 * client that sends thousands, wait for a slot of the event loop (`LoopBudget`) before they are parsed: 1 MB
 * of JSON takes up to 25 ms. Meanwhile the socket is paused, so that unread bytes stay in the kernel.
 *
 * A class without long-lived closures, for the same reason as `WebSocketConnection`.
 */
export class Inbox {
  readonly #owner: InboxOwner;
  readonly #options: InboxOptions;
  /**
   * Second of the last message, and the bytes left in it: small integers, which V8 stores without a heap
   * object.
   */
  #second = 0;
  #free = FREE_BYTES;
  /** Messages that wait for a slot. Null if none waits. */
  #waiting: Buffer[] | null = null;
  /** Bytes that have been added to them. */
  #waitingBytes = 0;

  constructor(owner: InboxOwner, options: InboxOptions) {
    this.#owner = owner;
    this.#options = options;
  }

  /** Whether the connection waits for a slot. */
  get isWaiting(): boolean {
    return this.#waiting !== null;
  }

  take(bytes: Buffer): void {
    if (this.#isFree(bytes.length)) this.#owner.onMessage(bytes, false);
    else if (this.#hasSlot()) this.#owner.onMessage(bytes, true);
    else if (this.#owner.isOpen) this.#wait(bytes);
  }

  #wait(bytes: Buffer): void {
    const waiting = this.#waiting ?? [];
    waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    if (waiting.length === 1 || this.#waitingBytes <= MAX_WAITING) return;
    waiting.length = 0;
    this.#owner.onFlood();
  }

  /** Counts a frame that is not a message, such as a pong. */
  count(): void {
    if (!this.#isFree(0)) this.#hasSlot();
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

  /** Whether the connection has a slot. If not, it starts to wait for one. */
  #hasSlot(): boolean {
    if (this.#waiting !== null) return false;
    const slot = this.#options.budget.pass();
    if (slot === null) return true;
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#owner.pauseReading();
    void slot.then(() => this.#passOn());
    return false;
  }

  #passOn(): void {
    const waiting = this.#waiting ?? [];
    for (const [index, bytes] of waiting.entries()) {
      if (!this.#owner.isOpen) break;
      // A slot is for at least one message.
      const slot = index === 0 ? null : this.#options.budget.pass();
      if (slot !== null) {
        this.#waiting = waiting.slice(index);
        void slot.then(() => this.#passOn());
        return;
      }
      this.#owner.onMessage(bytes, true);
    }
    this.#waiting = null;
    this.#owner.resumeReading();
  }
}
