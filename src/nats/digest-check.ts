import type { Clock } from '../lib/clock.js';
import type { Session } from '../model/session.js';
import { digestOf } from './delta.js';

/** A state that deltas led to. */
export interface FoldedState {
  readonly session: Session;
  /** Digest of the publisher's state. */
  readonly digest: string;
  /** Called if the digests differ. */
  readonly heal: () => void;
}

/**
 * Compares states that deltas led to with the digests of their publishers: at a low rate while a key changes,
 * and once it is quiet. A digest takes about as long as reading the state, which deltas are to save.
 */
export interface DigestCheck {
  /** Records the newest state of a key, which a delta led to. */
  folded(key: string, state: FoldedState): void;
  /** Records that the newest state of a key was read completely. */
  read(key: string): void;
  /** Cancels the timer. */
  dispose(): void;
}

/** Deltas of a key from one check to the next. */
const DELTAS_PER_CHECK = 256;

/** Time without a change after which a key is checked, in milliseconds. */
const QUIET_MS = 2_000;

/** Keys that are checked at once, so that a fleet that falls silent does not hold the event loop. */
const KEYS_PER_CHECK = 16;

/**
 * Keys that wait for their check. Each keeps the value of its newest message, a few kB. With more, the key
 * that has waited longest is not checked until its next delta.
 */
const MAX_KEYS = 1_000;

/** Creates a check without states. */
export function createDigestCheck(clock: Clock): DigestCheck {
  // In the order of their last changes.
  const unchecked = new Map<string, FoldedState & { readonly count: number; readonly at: number }>();
  let cancel: (() => void) | null = null;

  return {
    folded(key, state) {
      const count = (unchecked.get(key)?.count ?? 0) + 1;
      unchecked.delete(key);
      if (count >= DELTAS_PER_CHECK) check(state);
      else unchecked.set(key, { ...state, count, at: clock.monotonic() });
      const [oldest] = unchecked.keys();
      if (unchecked.size > MAX_KEYS && oldest !== undefined) unchecked.delete(oldest);
      schedule();
    },
    read(key) {
      unchecked.delete(key);
    },
    dispose() {
      cancel?.();
      unchecked.clear();
    },
  };

  function schedule(): void {
    if (cancel !== null || unchecked.size === 0) return;
    cancel = clock.after(QUIET_MS, () => {
      cancel = null;
      checkQuiet();
      schedule();
    });
  }

  function checkQuiet(): void {
    const quietSince = clock.monotonic() - QUIET_MS;
    const quiet = [...unchecked].slice(0, KEYS_PER_CHECK).filter(([, { at }]) => at <= quietSince);
    for (const [key, state] of quiet) {
      unchecked.delete(key);
      check(state);
    }
  }

  function check({ session, digest, heal }: FoldedState): void {
    if (digestOf(session) !== digest) heal();
  }
}
