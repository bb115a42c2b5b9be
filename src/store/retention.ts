import type { Clock } from '../lib/clock.js';
import type { SessionId } from '../model/session.js';

/** Sessions that are GONE, each kept for a while. */
export interface Retention {
  /** Those that are kept. */
  ids(): SessionId[];
  /** Begins the time of one. */
  begin(id: SessionId): void;
  /** It is not to be forgotten after all, or is already. Harmless for one that is not kept. */
  end(id: SessionId): void;
  /** Ends the timers. */
  dispose(): void;
}

/** Keeps none yet. @param forget called when the time of one is over */
export function createRetention(clock: Clock, retainMs: number, forget: (id: SessionId) => void): Retention {
  const timers = new Map<SessionId, () => void>();
  return {
    ids: () => [...timers.keys()],
    begin(id) {
      timers.set(
        id,
        clock.after(retainMs, () => forget(id)),
      );
    },
    end(id) {
      timers.get(id)?.();
      timers.delete(id);
    },
    dispose() {
      for (const cancel of timers.values()) cancel();
      timers.clear();
    },
  };
}
