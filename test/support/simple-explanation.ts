import fc from 'fast-check';
import { computePhase, type Phase } from '../../src/model/phase.js';
import type { Session, Target } from '../../src/model/session.js';
import { withFacts } from './facts.js';
import { session, type states } from './sessions.js';

const NAMES = ['a', 'b', 'c', 'd', 'e'] as const;

const STATES: readonly (keyof typeof states)[] = [
  'waiting',
  'waiting',
  'waiting',
  'running',
  'ready',
  'succeeded',
  'failed',
  'inactive',
];

/** Creates small Sessions in which resources have several targets, and targets several resources. */
export const tangledSessions: fc.Arbitrary<Session> = fc
  .record({
    targets: fc.array(
      fc.record({
        state: fc.constantFrom(...STATES),
        resources: fc.array(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 3 }),
      }),
      { maxLength: 8 },
    ),
    on: fc.array(fc.array(fc.constantFrom(...NAMES, 'gone'), { maxLength: 3 }), {
      minLength: NAMES.length,
      maxLength: NAMES.length,
    }),
  })
  .map(({ targets, on }) => {
    const named = targets.map(({ state }, index) => [`${index}:update`, state] as const);
    const { status, ...rest } = session('a', Object.fromEntries(named));
    const withResources = status.targets.map((target) => {
      const resources = targets[Number.parseInt(target.name, 10)]?.resources ?? target.resources;
      return { ...target, resources };
    });
    const facts = Object.fromEntries(NAMES.map((name, index) => [name, { on: on[index] ?? [] }]));
    return withFacts({ ...rest, status: { ...status, targets: withResources } }, facts);
  });

/** Why a target waits, as `explain` finds it. */
export interface SimpleExplanation<T extends Target> {
  blockedBy(target: T): readonly T[];
  /** The first step from a target to the root of its wait, and the root; both null if there is none. */
  stepsOf(target: T): readonly [next: T | null, root: T | null];
}

/** Explains a Session by a list of all blockers for each target: simple, but quadratic. */
export function explainSimply<T extends Target>({
  status: { targets },
  facts,
}: Pick<Session, 'facts'> & { readonly status: { readonly targets: readonly T[] } }): SimpleExplanation<T> {
  const roots = [...new Set(targets.flatMap(blockedBy))].filter((target) => blockedBy(target).length === 0);
  const causes = new Map<T, readonly [T, T]>();
  for (const phase of RANKS) {
    const reached = roots.filter((root) => computePhase(root) === phase);
    for (const at of reached) {
      for (const target of targets.filter((one) => blockedBy(one).includes(at) && !causes.has(one))) {
        causes.set(target, [at, causes.get(at)?.[1] ?? at]);
        reached.push(target);
      }
    }
  }
  return { blockedBy, stepsOf: (target) => causes.get(target) ?? [null, null] };

  function blockedBy(target: T): T[] {
    if (computePhase(target) !== 'waiting') return [];
    const on = target.resources.flatMap(
      (name) => facts?.resources?.find((one) => one.name === name)?.waitingOn ?? [],
    );
    const others = on.map(({ name }) => name).filter((name) => !target.resources.includes(name));
    return [...new Set(others.flatMap(openTargets))];
  }

  function openTargets(resource: string): readonly T[] {
    const all = targets.filter(({ resources }) => resources.includes(resource));
    const unfinished = all.filter((target) => !['ready', 'succeeded'].includes(computePhase(target)));
    return unfinished.length > 0 ? unfinished : all;
  }
}

const RANKS: readonly Phase[] = [
  'failed',
  'untriggered',
  'inactive',
  'disabled',
  'retrying',
  'running',
  'waiting',
  'ready',
  'succeeded',
];
