import type { TargetFields, TargetPhase } from '../client/client.js';
import { headlineOf } from '../model/plain-text.js';

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

/** One line of plain text about a target: the line of its error that says what happened, or what it waits for. */
export function statusLine({ phase, state }: TargetFields): string {
  if (state === null) return phase.toLowerCase();
  if (state.__typename !== 'TargetStateTerminated' || state.error === null) return state.summary;
  return headlineOf(state.error) || state.summary;
}

/** When a target entered its phase (`Target.since`), in milliseconds since 1970. Null when the time cannot be read. */
export function sinceOf({ since }: Pick<TargetFields, 'since'>): number | null {
  const ms = Date.parse(since);
  return Number.isNaN(ms) ? null : ms;
}
