import type { Condition, SessionFields, TargetFields, WaitOutcome } from '../../client/client.js';

/** What came of a wait, with all that its reports tell. */
export interface Waited {
  readonly condition: Condition;
  readonly result: WaitOutcome['result'];
  /** Why, in one line. */
  readonly reason: string;
  /** Null when nothing was ever heard of it. */
  readonly session: SessionFields | null;
  /** As they were last known, in Tilt's order. */
  readonly targets: readonly TargetFields[];
  /** Whether that may be out of date: a link was lost. */
  readonly isStale: boolean;
  /** How long was waited, in milliseconds. */
  readonly tookMs: number;
  /** When the wait ended, in milliseconds since 1970. */
  readonly now: number;
}

/** The targets that failed and mattered: of a wait for one target, that one alone. */
export function failedOf({ targets, condition }: Pick<Waited, 'targets' | 'condition'>): TargetFields[] {
  return targets.filter((target) => target.phase === 'FAILED' && isMeant(target, condition));
}

/** The targets that stand in the way still. */
export function blockersOf({ targets, condition }: Pick<Waited, 'targets' | 'condition'>): TargetFields[] {
  if (typeof condition === 'object') {
    return targets.filter((target) => isMeant(target, condition) && target.phase !== condition.phase);
  }
  return targets.filter((target) => UNDECIDED.has(target.phase));
}

function isMeant({ name }: TargetFields, condition: Condition): boolean {
  return typeof condition !== 'object' || condition.target === name;
}

const UNDECIDED: ReadonlySet<TargetFields['phase']> = new Set(['WAITING', 'RUNNING', 'RETRYING']);
