import { targetKey } from '../../client/target-key.js';
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
  return BLOCKING.map(([phase, title]) => {
    const all = targets.filter((target) => target.phase === phase);
    const listed = all
      .slice(0, LISTED)
      .map((target) => ({ key: targetKey(target), reason: reasonOf(target) }));
    return { phase, title, targets: listed, more: all.length - listed.length };
  }).filter((blockers) => blockers.targets.length > 0);
}

const BLOCKING: readonly (readonly [TargetPhase, string])[] = [
  ['FAILED', 'Failed'],
  ['RETRYING', 'Retrying'],
  ['RUNNING', 'Not ready'],
  ['WAITING', 'Waiting'],
];
