import { targetKey } from '../../client/changes.js';
import type { Session, Target, TargetPhase } from './types.js';

/** Selects the targets to show. All given criteria must match; of the phases, any one. */
export interface Filter {
  /** Words that must all occur in the target, ignoring case; empty for any. */
  readonly text: string;
  /** Empty for any. */
  readonly phases: readonly TargetPhase[];
  /** Null for any. */
  readonly resource: string | null;
}

/** Matches everything. */
export const NO_FILTER: Filter = { text: '', phases: [], resource: null };

/** Whether a filter matches everything. */
export function isEmpty({ text, phases, resource }: Filter): boolean {
  return text.trim() === '' && phases.length === 0 && resource === null;
}

/** Whether a target matches the filter. */
export function matchesTarget(target: Target, { text, phases, resource }: Filter): boolean {
  if (phases.length > 0 && !phases.includes(target.phase)) return false;
  if (resource !== null && !target.resources.includes(resource)) return false;
  const { state } = target;
  return hasWords(text, [target.name, ...target.resources, target.phase, state?.summary ?? '']);
}

/** Whether a Session matches a text; Sessions have no other criteria. */
export function matchesSession({ id, spec, verdict, connection }: Session, text: string): boolean {
  return hasWords(text, [id, spec.tiltfilePath, verdict.state, verdict.reason ?? '', connection.state]);
}

/** Adds a phase to a list, or removes it. */
export function togglePhase(phases: readonly TargetPhase[], phase: TargetPhase): readonly TargetPhase[] {
  return phases.includes(phase) ? phases.filter((other) => other !== phase) : [...phases, phase];
}

function hasWords(text: string, fields: readonly string[]): boolean {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return true;
  const all = fields.join('\n').toLowerCase();
  return words.every((word) => all.includes(word));
}

/** A Tiltfile resource and the keys of its matching targets. */
export interface Group {
  readonly resource: string;
  readonly keys: readonly string[];
}

/** Heading of targets without a resource. */
const NO_RESOURCE = '(no resource)';

/** Groups matching targets by resource, ordered by name. A target of several resources is in each group. */
export function groupTargets(targets: Iterable<Target>, filter: Filter): Group[] {
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

/** Replaces new groups by equal previous ones, so that these are not rendered again. */
export function reuseGroups(before: readonly Group[], after: readonly Group[]): readonly Group[] {
  const known = new Map(before.map((group) => [group.resource, group]));
  const reused = after.map((group) => {
    const old = known.get(group.resource);
    return old && hasSameItems(old.keys, group.keys) ? old : group;
  });
  return hasSameItems(before, reused) ? before : reused;
}

/** Lists the resources of targets, ordered by name. */
export function listResources(targets: Iterable<Target>): string[] {
  return [...new Set([...targets].flatMap(({ resources }) => resources))].sort();
}

function hasSameItems<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}
