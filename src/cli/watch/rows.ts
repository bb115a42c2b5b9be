import type { TargetFields } from '../../client/client.js';
import { elapsed } from '../elapsed.js';
import { rankOf } from '../phases.js';
import { sinceOf, startedAt, statusLine } from '../target-facts.js';
import { terminalText } from '../terminal-text.js';

/** A target as the table shows it: nothing in it moves the terminal. */
export interface Row {
  readonly phase: TargetFields['phase'];
  readonly name: string;
  /** How long it has been running or waiting, or how long it ran. */
  readonly time: string;
  /** What it says of itself. */
  readonly note: string;
}

/**
 * The targets that match, those first that somebody should look at, and of one phase by name.
 *
 * @param now milliseconds since 1970
 */
export function rowsOf(targets: Iterable<TargetFields>, filter: string, now: number): Row[] {
  const wanted = filter.toLowerCase();
  return [...targets]
    .map((target) => rowOf(target, now))
    .filter((row) => wanted === '' || `${row.phase} ${row.name} ${row.note}`.toLowerCase().includes(wanted))
    .sort((a, b) => rankOf(a.phase) - rankOf(b.phase));
}

function rowOf(target: TargetFields, now: number): Row {
  return {
    phase: target.phase,
    name: terminalText(target.name),
    time: timeOf(target, now),
    note: terminalText(statusLine(target)),
  };
}

function timeOf(target: TargetFields, now: number): string {
  if (target.durationSeconds !== null) return elapsed(target.durationSeconds * 1_000);
  const since = target.phase === 'WAITING' ? sinceOf(target) : startedAt(target);
  return since === null || target.state?.__typename === 'TargetStateTerminated' ? '' : elapsed(now - since);
}
