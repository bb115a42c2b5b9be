import { blockersOf } from './blockers.js';
import type { SessionFields, TargetPhase } from './generated.js';
import type { TargetsView } from './views.js';
import type { Condition } from './wait-options.js';

/** What a view says of a condition; `blind` when it says nothing that counts. `reason` is one line. */
export interface Judgement {
  readonly is: 'reached' | 'failed' | 'open' | 'blind';
  readonly reason: string;
}

/**
 * Whether a condition holds, as far as a view can tell. Never `reached` or `failed` on news that may be out of date.
 *
 * @param id of the Session that was asked for, if one was
 */
export function judge(view: TargetsView, condition: Condition, id?: string): Judgement {
  const { session } = view;
  const blindness = blindnessOf(view);
  if (blindness !== null) return { is: 'blind', reason: blindness };
  if (session === null) {
    return { is: 'blind', reason: id === undefined ? 'no Session is known' : `there is no Session ${id}` };
  }
  if (typeof condition === 'object') return judgeTarget(view, session, condition);
  const { state, final, reason } = session.verdict;
  const isDecided = condition === 'ready' || final;
  if (isDecided && state === 'PASSED') return { is: 'reached', reason: passed(session) };
  if (isDecided && state === 'FAILED')
    return { is: 'failed', reason: `${session.id} failed: ${failures(view)}` };
  return { is: 'open', reason: openReason(view, reason, condition === 'done' ? session : null) };
}

/** Why what is seen does not count; null when it does. */
function blindnessOf({ link, session }: TargetsView): string | null {
  if (link.state !== 'live') return link.error ?? 'no gateway has answered yet';
  if (session === null) return null;
  const { state, error } = session.connection;
  if (state === 'LIVE' || (state === 'GONE' && session.verdict.final)) return null;
  const what = state === 'GONE' ? 'its Tilt has left before it was done' : 'the link to its Tilt is lost';
  return `${session.id}: ${what}${error === null ? '' : `: ${error}`}`;
}

function judgeTarget(
  { targets }: TargetsView,
  session: SessionFields,
  { target: name, phase }: { readonly target: string; readonly phase: TargetPhase },
): Judgement {
  const target = targets.get(name);
  const wanted = phase.toUpperCase();
  if (target?.phase === wanted) return { is: 'reached', reason: `${name} is ${wanted}` };
  const found = target ? `${name} is ${target.phase}` : `there is no target ${name}`;
  const error = target?.state?.__typename === 'TargetStateTerminated' ? target.state.error : null;
  const reason = `${found}, not ${wanted}${error === null ? '' : `: ${error}`}`;
  const isOver = session.verdict.final || (target?.phase === 'FAILED' && session.spec.exitCondition === 'CI');
  return { is: isOver ? 'failed' : 'open', reason };
}

function passed({ id, counts }: SessionFields): string {
  const of = [
    [counts.ready, 'ready'],
    [counts.succeeded, 'succeeded'],
  ] as const;
  const said = of.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
  return `${id} passed: ${said.join(', ')}`;
}

/** Enough for a person. */
const MOST_NAMED = 10;

function failures({ session, targets }: TargetsView): string {
  const failed = blockersOf({ targets }).filter(({ target }) => target.phase === 'FAILED');
  return named(failed.map(({ why }) => why)) || session?.verdict.reason || 'no reason was given';
}

function openReason(view: TargetsView, reason: string | null, awaited: SessionFields | null): string {
  if (awaited?.spec.exitCondition === 'MANUAL') return `${awaited.id} is of \`tilt up\`, which is never done`;
  const blockers = blockersOf(view).map(({ why, since }) => `${why} (since ${since})`);
  return named(blockers) || reason || 'not done yet';
}

function named(lines: readonly string[]): string {
  const more = lines.length - MOST_NAMED;
  return `${lines.slice(0, MOST_NAMED).join('; ')}${more > 0 ? `; and ${more} more` : ''}`;
}
