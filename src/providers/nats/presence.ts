import type { Clock } from '../../clock.js';

/** Which publishers are there. */
export interface Presence {
  /** Something was heard of a key's publisher. */
  heard(key: string): void;
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
  /** When each was last heard of, the one that is silent for longest first. */
  const heardAt = new Map<string, number>();
  let cancel: (() => void) | null = null;

  return {
    heard(key) {
      const isNew = !heardAt.delete(key);
      heardAt.set(key, clock.monotonic());
      cancel ??= clock.after(silentMs, look);
      if (isNew) onArrived(key);
    },
    left(key) {
      if (heardAt.delete(key)) onGone(key);
    },
    isThere: (key) => heardAt.has(key),
    dispose() {
      cancel?.();
      cancel = null;
    },
  };

  function look(): void {
    cancel = null;
    const now = clock.monotonic();
    const silent: string[] = [];
    for (const [key, at] of heardAt) {
      if (now - at < silentMs) {
        cancel = clock.after(at + silentMs - now, look);
        break;
      }
      heardAt.delete(key);
      silent.push(key);
    }
    for (const key of silent) onGone(key);
  }
}
