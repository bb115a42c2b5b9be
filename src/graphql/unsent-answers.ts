import type { Clock } from '../lib/clock.js';

/** Memory of one large answer. It counts until all holders have released it. */
export interface AnswerMemory {
  /**
   * Counts the answer's bytes until the returned function is called. Calling it again has no effect.
   *
   * @param cut closes the connection that the answer is sent to. Called when that takes longer than {@link
   *   MAX_SEND_MS} and another answer waits for memory
   */
  retain(cut: () => void): () => void;
  /** Creates the memory of another form of the answer, which counts on its own. */
  resized(bytes: number): AnswerMemory;
}

/** Large answers of all clients that are serialised and not sent yet. */
export interface UnsentAnswers {
  /** Total memory, in bytes. */
  readonly bytes: number;
  /** Maximum of {@link bytes} so far. */
  readonly peakBytes: number;
  /**
   * Null if there is room for an answer of the maximum size. Otherwise resolves when it has to be called
   * again.
   */
  room(): Promise<void> | null;
  /** Creates the memory of an answer, which counts once it is retained. */
  allocate(bytes: number): AnswerMemory;
}

/** Limits of unsent answers. */
export interface UnsentAnswersOptions {
  /**
   * Maximum of all unsent answers, in bytes. If it is less than {@link responseBytes}, one answer at a time
   * is allowed.
   */
  readonly unsentBytes: number;
  /** Maximum length of an answer, in bytes. */
  readonly responseBytes: number;
  readonly clock: Pick<Clock, 'monotonic' | 'after'>;
}

/**
 * How long a client may take to read a large answer while others wait for memory, in milliseconds: 32 MiB in
 * a minute are 4.5 Mbit/s. A client that reads nothing is disconnected sooner, by
 * `server/http/pending-answers.ts`; a client that reads a few bytes at a time is not.
 */
export const MAX_SEND_MS = 60_000;

/** How often it is checked, in milliseconds. */
const CHECK_MS = 2_500;

interface Retainer {
  readonly cut: () => void;
  /** By the monotonic clock. */
  readonly since: number;
}

/**
 * Creates the account of unsent answers, which is empty. It has a timer only while somebody waits for room.
 */
export function createUnsentAnswers({
  unsentBytes,
  responseBytes,
  clock,
}: UnsentAnswersOptions): UnsentAnswers {
  const retainers = new Set<Retainer>();
  let bytes = 0;
  let peakBytes = 0;
  let waiting: (() => void)[] = [];
  let cancelCheck = () => {};

  return {
    get bytes() {
      return bytes;
    },
    get peakBytes() {
      return peakBytes;
    },
    room() {
      if (hasRoom()) return null;
      if (waiting.length === 0) scheduleCheck();
      return new Promise((resolve) => waiting.push(resolve));
    },
    allocate,
  };

  function allocate(size: number): AnswerMemory {
    let count = 0;
    return {
      resized: allocate,
      retain(cut) {
        if (count === 0) add(size);
        count += 1;
        let isRetained = true;
        const retainer = { cut, since: clock.monotonic() };
        retainers.add(retainer);
        return () => {
          if (!isRetained) return;
          isRetained = false;
          retainers.delete(retainer);
          count -= 1;
          if (count === 0) add(-size);
        };
      },
    };
  }

  function hasRoom(): boolean {
    return bytes === 0 || bytes + responseBytes <= unsentBytes;
  }

  function add(size: number): void {
    bytes += size;
    peakBytes = Math.max(peakBytes, bytes);
    if (waiting.length === 0 || !hasRoom()) return;
    cancelCheck();
    const ready = waiting;
    waiting = [];
    for (const resolve of ready) resolve();
  }

  function scheduleCheck(): void {
    cancelCheck = clock.after(CHECK_MS, () => {
      scheduleCheck();
      const now = clock.monotonic();
      for (const retainer of retainers) {
        if (now - retainer.since < MAX_SEND_MS) continue;
        // Its memory counts until the connection has closed.
        retainers.delete(retainer);
        retainer.cut();
      }
    });
  }
}
