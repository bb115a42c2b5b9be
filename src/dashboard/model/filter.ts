import type { Session, Target, TargetPhase } from './types.js';

/** Which targets are shown: all that is given must hold; of the phases, one is enough. */
export interface Filter {
  /** Words that all must stand somewhere in the target, in any case; empty for any. */
  readonly text: string;
  /** Empty for any. */
  readonly phases: readonly TargetPhase[];
  /** Null for any. */
  readonly resource: string | null;
}

/** Lets everything through. */
export const NO_FILTER: Filter = { text: '', phases: [], resource: null };

/** Whether a filter lets everything through. */
export function isEmpty({ text, phases, resource }: Filter): boolean {
  return text.trim() === '' && phases.length === 0 && resource === null;
}

/** Whether a target is shown. */
export function matchesTarget(target: Target, { text, phases, resource }: Filter): boolean {
  if (phases.length > 0 && !phases.includes(target.phase)) return false;
  if (resource !== null && !target.resources.includes(resource)) return false;
  const { state } = target;
  return hasWords(text, [target.name, ...target.resources, target.phase, state?.summary ?? '']);
}

/** Whether a Session is shown: only a text can choose among them. */
export function matchesSession({ id, spec, verdict, connection }: Session, text: string): boolean {
  return hasWords(text, [id, spec.tiltfilePath, verdict.state, verdict.reason ?? '', connection.state]);
}

/** The phases with one more, or without one that was among them. */
export function togglePhase(phases: readonly TargetPhase[], phase: TargetPhase): readonly TargetPhase[] {
  return phases.includes(phase) ? phases.filter((other) => other !== phase) : [...phases, phase];
}

function hasWords(text: string, fields: readonly string[]): boolean {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return true;
  const all = fields.join('\n').toLowerCase();
  return words.every((word) => all.includes(word));
}
