import type { Condition, Run, SessionFields, TargetFields, WaitOutcome } from '../../client/client.js';

/** How a wait ended, with all that its reports show. */
export interface WaitReport {
  readonly condition: Condition;
  /** `interrupted`: a signal ended it. */
  readonly result: WaitOutcome['result'] | 'interrupted';
  /** Why, in one line. */
  readonly reason: string;
  /** The run that the wait was bound to; null where it found none. */
  readonly run: Run | null;
  /** The runs that this one replaced during the wait. */
  readonly replacedRuns: readonly Run[];
  /** Null when the gateway never told of it. */
  readonly session: SessionFields | null;
  /** Their last known states, in Tilt's order. */
  readonly targets: readonly TargetFields[];
  /** Whether these may be out of date: a link was lost, or they are of another run. */
  readonly isStale: boolean;
  /** How long the wait took, in milliseconds. */
  readonly tookMs: number;
  /** When it ended, in milliseconds since 1970. */
  readonly now: number;
}

/** The targets that failed and that the condition is about. */
export function failedTargets({
  targets,
  condition,
}: Pick<WaitReport, 'targets' | 'condition'>): TargetFields[] {
  return targets.filter((target) => target.phase === 'FAILED' && isMeant(target, condition));
}

/** The targets that the condition still waits for. */
export function awaitedTargets({
  targets,
  condition,
}: Pick<WaitReport, 'targets' | 'condition'>): TargetFields[] {
  if (typeof condition === 'object') {
    return targets.filter((target) => isMeant(target, condition) && target.phase !== condition.phase);
  }
  return targets.filter((target) => UNDECIDED.has(target.phase));
}

function isMeant({ name }: TargetFields, condition: Condition): boolean {
  return typeof condition !== 'object' || condition.target === name;
}

const UNDECIDED: ReadonlySet<TargetFields['phase']> = new Set(['WAITING', 'RUNNING', 'RETRYING']);
