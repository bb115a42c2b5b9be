import { computePhase, type Phase } from '../model/phase.js';
import type { Target } from '../model/session.js';

/** Counts targets by phase and in total. */
export function countPhases(targets: readonly Target[]): Record<Phase | 'total', number> {
  const counts = {
    total: targets.length,
    inactive: 0,
    disabled: 0,
    waiting: 0,
    untriggered: 0,
    running: 0,
    ready: 0,
    succeeded: 0,
    failed: 0,
    retrying: 0,
  };
  for (const target of targets) counts[computePhase(target)] += 1;
  return counts;
}
