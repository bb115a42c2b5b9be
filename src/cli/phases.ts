import type { TargetPhase } from '../client/client.js';

/** The phases of a target, those first that somebody should look at. */
export const PHASES: readonly TargetPhase[] = [
  'FAILED',
  'RETRYING',
  'WAITING',
  'RUNNING',
  'READY',
  'SUCCEEDED',
  'INACTIVE',
  'DISABLED',
];

/** Where a phase comes in that order. */
export function rankOf(phase: TargetPhase): number {
  return PHASES.indexOf(phase);
}
