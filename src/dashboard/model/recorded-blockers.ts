import type { Target } from './types.js';

/** The targets by which each target was blocked during its last wait, by target key. */
export type RecordedBlockers = ReadonlyMap<string, ReadonlySet<string>>;

/** Remembers who blocked each target: the gateway names blockers only while a target waits. */
export interface BlockerRecorder {
  readonly blockers: RecordedBlockers;
  /** Records a new state of a target. A new wait replaces the last one. */
  record(key: string, before: Target | undefined, after: Target): void;
  /** Forgets everything: another run has begun. */
  clear(): void;
}

/** Creates a recorder for the targets of one Session. */
export function createBlockerRecorder(): BlockerRecorder {
  const blockers = new Map<string, Set<string>>();
  return {
    blockers,
    record(key, before, { phase, blockedBy }) {
      if (phase !== 'WAITING') return;
      const known = before?.phase === 'WAITING' ? blockers.get(key) : undefined;
      const all = known ?? new Set<string>();
      for (const { name } of blockedBy) all.add(name);
      if (known === undefined) blockers.set(key, all);
    },
    clear: () => blockers.clear(),
  };
}
