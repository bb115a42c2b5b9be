import type { Clock } from '../lib/clock.js';

/** Which publishers are there. */
export interface Presence {
  /**
   * Something was heard of a key's publisher.
   *
   * @param ageMs how long ago it was written, in milliseconds: a reader that begins gets what is kept. Default: 0
   */
  heard(key: string, ageMs?: number): void;
  /** Its publisher has said that it leaves. */
  left(key: string): void;
  isThere(key: string): boolean;
  /** Ends the timer. */
  dispose(): void;
}

/** What {@link createPresence} works with. */
export interface PresenceOptions {
  readonly clock: Clock;
  /** How long a publisher may be silent, in milliseconds. */
  readonly silentMs: number;
  onArrived(key: string): void;
  /** It has been silent for too long, or has left. */
  onGone(key: string): void;
}

/**
 * Notices publishers that have fallen silent. The bucket forgets them by itself, but (before NATS 2.11) without a word.
 */
export function createPresence({ clock, silentMs, onArrived, onGone }: PresenceOptions): Presence {
  /** When each was last heard of, by the monotonic clock. */
  const heardAt = new Map<string, number>();
  /** The next look, and its end; null while nobody is there. */
  let next: { readonly at: number; cancel(): void } | null = null;

  return {
    heard(key, ageMs = 0) {
      const now = clock.monotonic();
      if (ageMs >= silentMs) return;
      const known = heardAt.get(key);
      // Those that are silent for longest come first, so that they are reported in this order.
      heardAt.delete(key);
      heardAt.set(key, Math.max(now - ageMs, known ?? Number.NEGATIVE_INFINITY));
      lookIn(silentMs - ageMs);
      if (known === undefined) onArrived(key);
    },
    left(key) {
      if (heardAt.delete(key)) onGone(key);
    },
    isThere: (key) => heardAt.has(key),
    dispose() {
      next?.cancel();
      next = null;
    },
  };

  function lookIn(ms: number): void {
    const at = clock.monotonic() + ms;
    if (next !== null && next.at <= at) return;
    next?.cancel();
    next = { at, cancel: clock.after(ms, look) };
  }

  function look(): void {
    next = null;
    const now = clock.monotonic();
    const silent = [...heardAt].filter(([, at]) => now - at >= silentMs).map(([key]) => key);
    for (const key of silent) heardAt.delete(key);
    if (heardAt.size > 0) {
      const oldest = [...heardAt.values()].reduce((a, b) => Math.min(a, b));
      lookIn(oldest + silentMs - now);
    }
    for (const key of silent) onGone(key);
  }
}
