import { targetKey } from '../../client/changes.js';
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

/** A Tiltfile resource and the keys of its targets that are shown. */
export interface Group {
  readonly resource: string;
  readonly keys: readonly string[];
}

/** What targets without a resource stand under. */
const NO_RESOURCE = '(no resource)';

/** The targets that a filter lets through, by resource, by name. A target of several resources is in each. */
export function groupsOf(targets: Iterable<Target>, filter: Filter): Group[] {
  const groups = new Map<string, string[]>();
  for (const target of targets) {
    if (!matchesTarget(target, filter)) continue;
    const resources = target.resources.length > 0 ? target.resources : [NO_RESOURCE];
    const shown = filter.resource === null ? resources : [filter.resource];
    for (const resource of shown) {
      const keys = groups.get(resource);
      if (keys) keys.push(targetKey(target));
      else groups.set(resource, [targetKey(target)]);
    }
  }
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([resource, keys]) => ({ resource, keys }));
}

/** The same groups again, as the same objects wherever nothing differs, so that nothing is drawn anew. */
export function keepGroups(before: readonly Group[], after: readonly Group[]): readonly Group[] {
  const known = new Map(before.map((group) => [group.resource, group]));
  const kept = after.map((group) => {
    const old = known.get(group.resource);
    return old && areSame(old.keys, group.keys) ? old : group;
  });
  return areSame(before, kept) ? before : kept;
}

/** The resources of targets, by name. */
export function resourcesOf(targets: Iterable<Target>): string[] {
  return [...new Set([...targets].flatMap(({ resources }) => resources))].sort();
}

/** Whether two lists have the same items. */
function areSame<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}
