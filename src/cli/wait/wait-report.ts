import {
  type Condition,
  describeRun,
  type SessionFields,
  type TargetFields,
  type WaitOutcome,
} from '../../client/client.js';
import { findBlockers } from '../../model/blockers.js';
import { plainText } from '../../model/plain-text.js';
import { lineText } from '../safe-text.js';
import { statusLine } from '../target-facts.js';

/** How a wait ended, with all that its reports show. */
export interface WaitReport extends Omit<WaitOutcome, 'result'> {
  /** `interrupted`: a signal ended it. */
  readonly result: WaitOutcome['result'] | 'interrupted';
  readonly condition: Condition;
  /** How long the wait took, in milliseconds. */
  readonly tookMs: number;
  /** When it ended, in milliseconds since 1970. */
  readonly now: number;
}

/** The Session; null when the gateway never reported it. */
export function sessionOf({ view }: WaitReport): SessionFields | null {
  return view?.session ?? null;
}

/** The last known states of the targets, in Tilt's order. */
export function targetsOf({ view }: WaitReport): TargetFields[] {
  return [...(view?.targets.values() ?? [])];
}

/** Whether these may be out of date: a link was lost, or they are of another run. */
export function isStale({ view }: WaitReport): boolean {
  return view?.link.state !== 'live' || view.session?.connection.state !== 'LIVE';
}

/** The targets that failed and that the condition is about. */
export function failedTargets(report: WaitReport): TargetFields[] {
  return targetsOf(report).filter((target) => target.phase === 'FAILED' && isMeant(target, report.condition));
}

/** The targets that the condition still waits for. */
export function awaitedTargets(report: WaitReport): TargetFields[] {
  const { condition } = report;
  const targets = targetsOf(report);
  if (typeof condition === 'object') {
    return targets.filter((target) => isMeant(target, condition) && target.phase !== condition.phase);
  }
  const { failed, ...open } = findBlockers(targets, ({ phase }) => phase);
  const awaited = new Set(Object.values(open).flat());
  return targets.filter((target) => awaited.has(target));
}

function isMeant({ name }: TargetFields, condition: Condition): boolean {
  return typeof condition !== 'object' || condition.target === name;
}

/** A condition in words that go on from a Session's id: `to be ready`. */
export function inWords(wanted: Condition): string {
  if (wanted === 'ready') return 'to be ready';
  if (wanted === 'done') return 'to be done';
  return `for ${lineText(wanted.target)} to be ${wanted.phase}`;
}

/** What a target reports in one line: its error's headline, or what it waits for. */
export function headline(target: TargetFields): string {
  return lineText(statusLine(target));
}

/** The whole error of a target, or what it waits for; it may have several lines. */
export function fullText(target: TargetFields): string {
  const { state } = target;
  return plainText(
    (state?.__typename === 'TargetStateTerminated' && state.error) || statusLine(target),
  ).trim();
}

/** Which run a report is about, as the end of a sentence; empty where there is none. */
export function runText({ run, replacedRuns }: Pick<WaitReport, 'run' | 'replacedRuns'>): string {
  if (run === null) return '';
  const times = replacedRuns.length;
  const restarts =
    times === 0 ? '' : `, restarted ${times === 1 ? 'once' : `${times} times`} during the wait`;
  return `; run: ${lineText(describeRun(run))}${restarts}`;
}
