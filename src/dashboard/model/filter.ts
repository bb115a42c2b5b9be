import { compileOptionalGlob } from '../../model/target-filter.js';
import type { Places } from './places.js';
import type { Session, Target, TargetPhase, VerdictState } from './types.js';

/** Selects the targets, or the Sessions, to show. All given criteria must match; of a list, any one value. */
export interface Filter {
  /** Words that must all occur in the target, ignoring case; empty for any. */
  readonly text: string;
  /** Empty for any. */
  readonly phases: readonly TargetPhase[];
  /** Null for any. */
  readonly resource: string | null;
  /** Glob for a label of one of the resources; null for any. */
  readonly label: string | null;
  /** Verdicts of Sessions; empty for any. Targets have none. */
  readonly verdicts: readonly VerdictState[];
}

/** Matches everything. */
export const NO_FILTER: Filter = { text: '', phases: [], resource: null, label: null, verdicts: [] };

/** Whether a filter matches everything. */
export function isEmpty({ text, phases, resource, label, verdicts }: Filter): boolean {
  return (
    text.trim() === '' && phases.length === 0 && resource === null && label === null && verdicts.length === 0
  );
}

/** Compiles a filter into a predicate on targets. A target whose labels are not known matches no label. */
export function compileTargetFilter(filter: Filter, places: Places): (target: Target) => boolean {
  const { text, phases, resource, label } = filter;
  const hasWords = compileWords(text);
  const isShown = compileResourceFilter(filter, places);
  const isAnyResource = resource === null && label === null;
  return (target) =>
    (phases.length === 0 || phases.includes(target.phase)) &&
    (isAnyResource || target.resources.some(isShown)) &&
    hasWords([target.name, ...target.resources, target.phase, target.state?.summary ?? '']);
}

/** Compiles the part of a filter that concerns resources into a predicate on their names. */
export function compileResourceFilter(
  { resource, label }: Filter,
  places: Places,
): (name: string) => boolean {
  const isLabel = compileOptionalGlob(label);
  return (name) =>
    (resource === null || name === resource) &&
    (label === null || places.get(name)?.labels.some(isLabel) === true);
}

/**
 * Compiles a filter into a predicate on Sessions.
 *
 * @param labelled ids of the Sessions with the label of the filter; null if it has none
 */
export function compileSessionFilter(
  { text, verdicts }: Filter,
  labelled: ReadonlySet<string> | null,
): (session: Session) => boolean {
  const hasWords = compileWords(text);
  return ({ id, spec, verdict, connection }) =>
    (verdicts.length === 0 || verdicts.includes(verdict.state)) &&
    (labelled?.has(id) ?? true) &&
    hasWords([id, spec.tiltfilePath, verdict.state, verdict.reason ?? '', connection.state]);
}

/** Adds a value to a list, or removes it. */
export function toggle<T>(values: readonly T[], value: T): readonly T[] {
  return values.includes(value) ? values.filter((other) => other !== value) : [...values, value];
}

function compileWords(text: string): (fields: readonly string[]) => boolean {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return () => true;
  return (fields) => {
    const all = fields.join('\n').toLowerCase();
    return words.every((word) => all.includes(word));
  };
}

/** Lists the resources of targets, ordered by name. */
export function listResources(targets: Iterable<Target>): string[] {
  return [...new Set([...targets].flatMap(({ resources }) => resources))].sort();
}
