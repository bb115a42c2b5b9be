import type { TargetFields } from '../../client/client.js';
import { elapsed } from '../elapsed.js';
import { sayingOf, sinceOf } from '../target-facts.js';
import { terminalText } from '../terminal-text.js';
import { inWords } from './condition.js';
import { blockersOf, failedOf, type Waited } from './waited.js';

/** How many targets are listed at most; a last line says how many more there are. */
const MOST = 50;

/** What came of a wait, for standard output: one line about the whole, and one for each target that decided it. */
export function resultLines(waited: Waited): string[] {
  const { result, reason, session, condition, tookMs, now } = waited;
  if (result === 'unknown') return [`unknown: ${terminalText(reason)}`];
  const who = terminalText(session?.id ?? 'the Session');
  const head = `${result}: waited ${elapsed(tookMs)} for ${who} ${inWords(condition)}`;
  if (result === 'reached') return [`${head}${countsOf(waited)}`];
  const lines =
    result === 'failed'
      ? listed(failedOf(waited), failureLine)
      : listed(waited.isStale ? [] : blockersOf(waited), (target) => blockerLine(target, now));
  return [head, ...(lines.length > 0 ? lines : [`  ${terminalText(reason)}`])];
}

function failureLine(target: TargetFields): string {
  return `${terminalText(target.name)}: ${target.phase}: ${terminalText(sayingOf(target))}`;
}

function blockerLine(target: TargetFields, now: number): string {
  const since = sinceOf(target);
  const age = since === null ? '' : ` for ${elapsed(now - since)}, since ${new Date(since).toISOString()}`;
  return `${terminalText(target.name)}: ${target.phase}${age}: ${terminalText(sayingOf(target))}`;
}

function listed(targets: readonly TargetFields[], line: (target: TargetFields) => string): string[] {
  const lines = targets.slice(0, MOST).map((target) => `  ${line(target)}`);
  const more = targets.length - lines.length;
  return more > 0 ? [...lines, `  and ${more} more`] : lines;
}

function countsOf({ session }: Waited): string {
  if (session === null) return '';
  const { total, ...phases } = session.counts;
  const parts = Object.entries(phases).flatMap(([phase, count]) => (count > 0 ? [`${count} ${phase}`] : []));
  return `: ${total} targets${parts.length > 0 ? ` (${parts.join(', ')})` : ''}`;
}
