import { compileGlob } from './glob.js';

/** The facts of a target that a filter can select by. Phase and type are spelled as in the filter. */
export interface TargetFacts<Phase, Type> {
  readonly name: string;
  readonly phase: Phase;
  readonly type: Type;
  readonly resources: readonly string[];
}

/** Conditions on a target. All that are given must hold; of a list, one value is enough. Null and absent mean any. */
export interface TargetConditions<Phase, Type> {
  /** Glob that the whole name matches, case-sensitive. */
  readonly name?: string | null | undefined;
  readonly phase?: readonly Phase[] | null | undefined;
  readonly type?: readonly Type[] | null | undefined;
  /** Names of Tiltfile resources, each exact. */
  readonly resource?: readonly string[] | null | undefined;
}

/**
 * Compiles conditions into a function that tells whether a target meets them, once however many targets are asked about.
 * The gateway's `where` and the filter of `watch` both select by it.
 */
export function compileConditions<Phase, Type>(
  conditions: TargetConditions<Phase, Type>,
): (target: TargetFacts<Phase, Type>) => boolean {
  const name = globOf(conditions.name);
  const phase = setOf(conditions.phase);
  const type = setOf(conditions.type);
  const resource = setOf(conditions.resource);
  const isAnyResource = conditions.resource == null;
  return (target) =>
    name(target.name) &&
    phase(target.phase) &&
    type(target.type) &&
    (isAnyResource || target.resources.some(resource));
}

/** Compiles an optional glob; without one every text matches. */
export function globOf(pattern: string | null | undefined): (text: string) => boolean {
  return pattern == null ? () => true : compileGlob(pattern);
}

/** Compiles an optional list of accepted values; without one every value is accepted. */
export function setOf<T>(accepted: readonly T[] | null | undefined): (value: T) => boolean {
  if (accepted == null) return () => true;
  const set = new Set(accepted);
  return (value) => set.has(value);
}
