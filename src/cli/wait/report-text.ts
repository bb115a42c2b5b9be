import { type Condition, describeRun, type TargetFields } from '../../client/client.js';
import { oneLine } from '../../model/one-line.js';
import { headlineOf, plainText } from '../../model/plain-text.js';
import type { WaitReport } from './wait-report.js';

/** Text of Tilt's as one line without terminal sequences. */
export function lineText(text: string): string {
  return oneLine(plainText(text).replace(/\t/g, ' '));
}

/**
 * A whole line as a CI log may have it. A runner obeys commands that it finds in any output: `##[…]` (GitHub, Azure) and
 * `##vso[…]` anywhere in a line, `##teamcity[…]` and GitHub's `::…::` at its beginning. A space makes them text again.
 */
export function logLine(line: string): string {
  return inertCommands(line).replace(/^(\s*):(?=:)/, '$1: ');
}

/** The same for what follows a command of ours. */
export function inertCommands(text: string): string {
  return text.replace(/##(?=(?:vso|teamcity)?\[)/gi, '# #');
}

/** A condition in words that go on from a Session's id: `to be ready`. */
export function inWords(wanted: Condition): string {
  if (wanted === 'ready') return 'to be ready';
  if (wanted === 'done') return 'to be done';
  return `for ${lineText(wanted.target)} to be ${wanted.phase}`;
}

/** What a target reports in one line: its error's headline, or what it waits for. */
export function headline(target: TargetFields): string {
  const error = errorOf(target);
  return error === null ? lineText(target.state?.summary ?? target.phase.toLowerCase()) : headlineOf(error);
}

/** The whole error of a target, or what it waits for; it may have several lines. */
export function fullText(target: TargetFields): string {
  return plainText(errorOf(target) ?? target.state?.summary ?? target.phase.toLowerCase()).trim();
}

function errorOf({ state }: TargetFields): string | null {
  return state?.__typename === 'TargetStateTerminated' && state.error !== '' ? state.error : null;
}

/** Which run a report is about, as the end of a sentence; empty where there is none. */
export function runText({ run, replacedRuns }: Pick<WaitReport, 'run' | 'replacedRuns'>): string {
  if (run === null) return '';
  const times = replacedRuns.length;
  const restarts =
    times === 0 ? '' : `, restarted ${times === 1 ? 'once' : `${times} times`} during the wait`;
  return `; run: ${lineText(describeRun(run))}${restarts}`;
}
