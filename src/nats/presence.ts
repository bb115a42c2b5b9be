import type { Clock } from '../lib/clock.js';

/** Publishers that are alive, by key. */
export interface Presence {
  /**
   * Records a heartbeat of a key's publisher.
   *
   * @param ageMs age of the heartbeat, in milliseconds: a reader that starts gets those that are kept.
   * Default: 0
   */
  seen(key: string, ageMs?: number): void;
  /** Records that the publisher of a key has left. */
  gone(key: string): void;
  isAlive(key: string): boolean;
  /** Cancels the timer. */
  dispose(): void;
}

/** Options of {@link createPresence}. */
export interface PresenceOptions {
  readonly clock: Clock;
  /** Silence after which a publisher counts as gone, in milliseconds. */
  readonly silentMs: number;
  onArrived(key: string): void;
  /** Called when a publisher has been silent for too long or has left. */
  onGone(key: string): void;
}

/** Detects publishers that have fallen silent. NATS before 2.11 expires their keys without a notification. */
export function createPresence({ clock, silentMs, onArrived, onGone }: PresenceOptions): Presence {
  /** Time of the last heartbeat, by the monotonic clock. */
  const seenAt = new Map<string, number>();
  /** The next check; null while no publisher is alive. */
  let next: { readonly at: number; cancel(): void } | null = null;

  return {
    seen(key, ageMs = 0) {
      const now = clock.monotonic();
      if (ageMs >= silentMs) return;
      const known = seenAt.get(key);
      // Keys stay ordered by silence, the longest first, so that they are reported in this order.
      seenAt.delete(key);
      seenAt.set(key, Math.max(now - ageMs, known ?? Number.NEGATIVE_INFINITY));
      scheduleCheck(silentMs - ageMs);
      if (known === undefined) onArrived(key);
    },
    gone(key) {
      if (seenAt.delete(key)) onGone(key);
    },
    isAlive: (key) => seenAt.has(key),
    dispose() {
      next?.cancel();
      next = null;
    },
  };

  function scheduleCheck(ms: number): void {
    const at = clock.monotonic() + ms;
    if (next !== null && next.at <= at) return;
    next?.cancel();
    next = { at, cancel: clock.after(ms, check) };
  }

  function check(): void {
    next = null;
    const now = clock.monotonic();
    const silent = [...seenAt].filter(([, at]) => now - at >= silentMs).map(([key]) => key);
    for (const key of silent) seenAt.delete(key);
    if (seenAt.size > 0) {
      const oldest = [...seenAt.values()].reduce((a, b) => Math.min(a, b));
      scheduleCheck(oldest + silentMs - now);
    }
    for (const key of silent) onGone(key);
  }
}
