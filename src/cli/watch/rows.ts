import type { TargetFields, TargetFilter, TargetsView } from '../../client/client.js';
import { compileConditions } from '../../model/target-filter.js';
import { elapsed } from '../elapsed.js';
import { terminalText } from '../safe-text.js';
import { rankOf, sinceOf, statusLine } from '../target-facts.js';

/** A target as the table shows it: nothing in it moves the terminal. */
export interface Row {
  readonly phase: TargetFields['phase'];
  readonly name: string;
  /** How long it has been in its phase; of a target that has ended, how long it ran. */
  readonly time: string;
  /** What it says of itself. */
  readonly note: string;
}

/**
 * The targets that meet the conditions, those first that somebody should look at, and of one phase by name.
 *
 * @param now milliseconds since 1970
 */
export function rowsOf(targets: TargetsView['targets'], where: TargetFilter, now: number): Row[] {
  const meetsConditions = compileConditions(where);
  return [...targets]
    .filter(([, target]) => meetsConditions(target))
    .map(([key, target]) => rowOf(key, target, now))
    .sort((a, b) => rankOf(a.phase) - rankOf(b.phase));
}

function rowOf(key: string, target: TargetFields, now: number): Row {
  return {
    phase: target.phase,
    name: terminalText(key),
    time: timeOf(target, now),
    note: terminalText(statusLine(target)),
  };
}

function timeOf(target: TargetFields, now: number): string {
  if (target.durationSeconds !== null) return elapsed(target.durationSeconds * 1_000);
  if (!GOES_ON.includes(target.phase)) return '';
  const since = sinceOf(target);
  return since === null ? '' : elapsed(now - since);
}

const GOES_ON: readonly TargetFields['phase'][] = ['WAITING', 'RUNNING', 'READY', 'RETRYING'];
