import { reasonOf } from './phases.js';
import type { Session, Target, TargetPhase } from './types.js';

/** Targets of one kind that stand between a Session and a good verdict. */
export interface Blockers {
  readonly phase: TargetPhase;
  /** What is the matter with them, in a word or two. */
  readonly title: string;
  readonly targets: readonly { readonly name: string; readonly reason: string }[];
  /** How many more there are than are listed. */
  readonly more: number;
}

/** How many of a kind are listed. */
const LISTED = 5;

/** What blocks a verdict, what needs a person first. Empty when nothing does. */
export function blockersOf({ verdict }: Session, find: (name: string) => Target | undefined): Blockers[] {
  const lists: [TargetPhase, string, readonly { readonly name: string }[]][] = [
    ['FAILED', 'Failed', verdict.failed],
    ['RETRYING', 'Retrying', verdict.retrying],
    ['RUNNING', 'Not ready', verdict.notReady],
    ['WAITING', 'Waiting', verdict.waiting],
  ];
  return lists
    .filter(([, , all]) => all.length > 0)
    .map(([phase, title, all]) => ({
      phase,
      title,
      targets: all.slice(0, LISTED).map(({ name }) => ({ name, reason: reasonOf(find(name) ?? NOTHING) })),
      more: Math.max(0, all.length - LISTED),
    }));
}

const NOTHING = { state: null };
