import type { Clock } from '../../lib/clock.js';

/** Who is asked from time to time whether it still is there. */
export interface Beating {
  beat(): void;
}

/** Asks each of many, all with one timer. */
export interface Heartbeat {
  /** Begins to ask, the first time after {@link HEARTBEAT_MS}. */
  add(beating: Beating): void;
  /** Harmless for one that is not asked. */
  delete(beating: Beating): void;
}

/** How often each is asked, in milliseconds: as graphql-ws does, and proxies commonly cut what is silent for 30 or 60 s. */
export const HEARTBEAT_MS = 12_000;

/** Asked in so many parts, so that 50,000 are not pinged in one breath. */
const PARTS = 12;

/** Asks nobody yet. It has a timer only while there is somebody to ask. */
export function createHeartbeat(clock: Clock): Heartbeat {
  const parts = Array.from({ length: PARTS }, () => new Set<Beating>());
  let count = 0;
  let now = 0;
  let cancel = () => {};

  return {
    add(beating) {
      parts[now]?.add(beating);
      count += 1;
      if (count === 1) wait();
    },
    delete(beating) {
      if (!parts.some((part) => part.delete(beating))) return;
      count -= 1;
      if (count === 0) cancel();
    },
  };

  function wait(): void {
    cancel = clock.after(HEARTBEAT_MS / PARTS, () => {
      now = (now + 1) % PARTS;
      wait();
      for (const beating of parts[now] ?? []) beating.beat();
    });
  }
}
