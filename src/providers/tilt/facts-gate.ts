import type { Clock } from '../../lib/clock.js';
import type { Change } from '../../model/change.js';
import type { PushChange } from '../provider.js';
import type { FactsComposer } from './facts-composer.js';

/** Longest time for which the first Sessions wait for the facts, in milliseconds. */
const HOLD_MS = 1_000;

/** Changes of the facts alone are pushed at most once in this time, in milliseconds. */
const FOLD_MS = 50;

/** Pushes the Sessions of one watch together with the newest facts. */
export interface FactsGate {
  /** Pushes a change, or holds it at the start. */
  push(change: Change): void;
  /** Announces a change of the facts. They are pushed with the next Session, or after 50 ms. */
  factsChanged(): void;
  /** Announces that a kind was listed, or is reported as unavailable. May be called repeatedly. */
  settled(kind: string): void;
  /** Pushes what is held or folded. Must be called when the Sessions are no longer watched. */
  end(): void;
}

/**
 * Creates a gate. The first snapshot, and what follows it, is held until the facts have arrived or are
 * reported as unavailable, for at most one second: without them a first verdict may be wrong.
 *
 * @param kinds kinds of the facts, and `logs` if excerpts of logs are among them
 */
export function createFactsGate(
  kinds: readonly string[],
  composer: FactsComposer,
  clock: Clock,
  push: PushChange,
): FactsGate {
  const awaited = new Set(kinds);
  let held: Change[] | null = [];
  let hasSnapshot = false;
  let cancelHold = () => {};
  let cancelFold: (() => void) | null = null;

  return {
    push(change) {
      if (held === null) {
        push(composer.compose(change));
        return;
      }
      held.push(change);
      if (change.type !== 'snapshot' || hasSnapshot) return;
      hasSnapshot = true;
      if (awaited.size === 0) release();
      else cancelHold = clock.after(HOLD_MS, release);
    },
    factsChanged() {
      if (held === null) cancelFold ??= clock.after(FOLD_MS, pushFacts);
    },
    settled(kind) {
      awaited.delete(kind);
      if (awaited.size === 0 && hasSnapshot) release();
    },
    end() {
      if (hasSnapshot) release();
      if (cancelFold === null) return;
      cancelFold();
      pushFacts();
    },
  };

  function release(): void {
    cancelHold();
    const changes = held ?? [];
    held = null;
    for (const change of changes) push(composer.compose(change));
  }

  function pushFacts(): void {
    cancelFold = null;
    composer.refresh().forEach(push);
  }
}
