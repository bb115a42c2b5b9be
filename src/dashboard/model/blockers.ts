import { targetKey } from '../../client/changes.js';
import { type BlockingPhase, findBlockers } from '../../model/blockers.js';
import { reasonOf } from './phases.js';
import type { Target, TargetPhase } from './types.js';

/** Targets of one kind that stand between a Session and a good verdict. */
interface Blockers {
  readonly phase: TargetPhase;
  /** What is the matter with them, in a word or two. */
  readonly title: string;
  readonly targets: readonly { readonly key: string; readonly reason: string }[];
  /** How many more there are than are listed. */
  readonly more: number;
}

/** How many of a kind are listed. */
const LISTED = 5;

/** The targets of a Session that block its verdict; those that need a person first. Empty when there are none. */
export function blockersOf(targets: readonly Target[]): Blockers[] {
  const found = findBlockers(targets, ({ phase }) => phase);
  return LOOKS.map(([key, phase, title]) => ({
    phase,
    title,
    targets: found[key]
      .slice(0, LISTED)
      .map((target) => ({ key: targetKey(target), reason: reasonOf(target) })),
    more: Math.max(0, found[key].length - LISTED),
  })).filter((blockers) => blockers.targets.length > 0);
}

const LOOKS: readonly (readonly [BlockingPhase, TargetPhase, string])[] = [
  ['failed', 'FAILED', 'Failed'],
  ['retrying', 'RETRYING', 'Retrying'],
  ['running', 'RUNNING', 'Not ready'],
  ['waiting', 'WAITING', 'Waiting'],
];
