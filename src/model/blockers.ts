/** Targets that keep a Session from being good, by phase. Of one phase they are in the order in which they came. */
export type Blockers<T> = Readonly<Record<BlockingPhase, readonly T[]>>;

/** A phase that keeps a Session from being good, as Tilt has it: what is inactive or disabled does not count. */
export type BlockingPhase = 'failed' | 'retrying' | 'running' | 'waiting';

/**
 * Finds the targets that keep a Session from being good. The phases that need a person come first.
 *
 * @param phaseOf the phase of a target, in small letters as in the model or in capitals as in the schema
 */
export function findBlockers<T>(targets: Iterable<T>, phaseOf: (target: T) => string): Blockers<T> {
  const blockers: Record<BlockingPhase, T[]> = { failed: [], retrying: [], running: [], waiting: [] };
  for (const target of targets) {
    const phase = phaseOf(target).toLowerCase();
    if (isKeyOf(phase, blockers)) blockers[phase].push(target);
  }
  return blockers;
}

function isKeyOf<K extends string>(name: string, object: Readonly<Record<K, unknown>>): name is K {
  return Object.hasOwn(object, name);
}
