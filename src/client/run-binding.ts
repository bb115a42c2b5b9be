import type { SessionFields } from './generated.js';
import { describeRun, isSameRun, type Run, runOf } from './run.js';
import type { Condition, RunSelector } from './wait-options.js';

/** The run that a wait is bound to. */
export interface RunBinding {
  /** Null until one is chosen. */
  readonly run: Run | null;
  /** The runs that it has replaced, oldest first. */
  readonly replacedRuns: readonly Run[];
  /** Chooses a run among these Sessions, and binds to it if there is one. */
  choose(options: Omit<SelectRunOptions, 'firstSeen' | 'selector'>): RunSelection;
  /**
   * Compares the run of the bound Session with the chosen one. Null while it is the same, or one that may be followed:
   * otherwise which run replaced which, in one line.
   */
  replacedBy(session: SessionFields): string | null;
}

/** Creates a binding without a run. */
export function createRunBinding(condition: Condition, selector: RunSelector): RunBinding {
  let run: Run | null = null;
  let firstSeen: readonly Run[] | null = null;
  const replacedRuns: Run[] = [];
  return {
    get run() {
      return run;
    },
    replacedRuns,
    choose(options) {
      firstSeen ??= options.sessions.map(runOf);
      const selection = selectRun({ ...options, selector, firstSeen });
      if (selection.is === 'run') run = runOf(selection.session);
      return selection;
    },
    replacedBy(session) {
      const seen = runOf(session);
      if (run === null || isSameRun(run, seen)) {
        run = seen;
        return null;
      }
      // Not known to be another one than the restart: the view is not evaluated, since it is not of a LIVE Session.
      if (condition === 'ready' && run.exitCondition === 'MANUAL' && isStartOfCommand(session)) return null;
      if (condition === 'ready' && isRestart(run, seen) && matchesSelector(session, selector)) {
        replacedRuns.push(run);
        run = seen;
        return null;
      }
      return `${session.id}: replaced by another run (${describeRun(seen)}); this wait was for ${describeRun(run)}`;
    },
  };
}

/** Whether a Session stands for a command of `publish` whose Tilt has not been read yet. */
function isStartOfCommand({ connection, spec }: SessionFields): boolean {
  return connection.state === 'STALE' && spec.tiltfilePath === '';
}

/** Whether a `tilt up` was started again: whoever waits for it to be ready waits for the new one. */
function isRestart(known: Run, seen: Run): boolean {
  const isUp = known.exitCondition === 'MANUAL' && seen.exitCondition === 'MANUAL';
  return isUp && known.tiltfilePath === seen.tiltfilePath;
}

/** What a run is chosen from, and by what. */
export interface SelectRunOptions {
  readonly sessions: readonly SessionFields[];
  /** The one Session that may be chosen; undefined: any but the demonstration. */
  readonly id: string | undefined;
  readonly selector: RunSelector;
  /** When the wait started, in milliseconds since 1970 by the gateway's clock. */
  readonly startedAt: number;
  /** The time, by the same clock. */
  readonly now: number;
  readonly maxAgeMs: number;
  /** The runs of the first view: what is not among them has appeared since. */
  readonly firstSeen: readonly Run[];
  /** Whether no run has appeared for `maxAgeMs`, so that one that ended before the wait may count. */
  readonly isLate: boolean;
}

/** The run that a wait is to be bound to, or why there is none. */
export type RunSelection =
  | { readonly is: 'run'; readonly session: SessionFields }
  /** There is one, and the link to its Tilt is lost. */
  | { readonly is: 'stale'; readonly session: SessionFields; readonly reason: string }
  | { readonly is: 'absent' | 'ambiguous'; readonly reason: string };

/**
 * Chooses the run of a wait: the one that is LIVE; otherwise one that appeared and ended during the wait; otherwise, once no
 * run has appeared for `maxAgeMs`, the one that ended in the last `maxAgeMs` before the wait. A run that is named by its pid or
 * its start time counts whenever it ended. An ended run counts only if it was done.
 */
function selectRun(options: SelectRunOptions): RunSelection {
  const { sessions, id, selector, isLate } = options;
  const isNamed = selector.pid !== undefined || selector.startedAfter !== undefined;
  const candidates = sessions.filter(
    (session) =>
      (id === undefined ? !session.isDemo : session.id === id) && matchesSelector(session, selector),
  );
  const present = candidates.filter(({ connection }) => connection.state !== 'GONE');
  const [first, second] = present;
  if (second) return ambiguous(present);
  if (first?.connection.state === 'LIVE') return { is: 'run', session: first };
  if (first) {
    const reason = `${first.id}: the link to its Tilt is lost${errorOf(first)}`;
    return { is: 'stale', session: first, reason };
  }
  const ended = candidates.filter(
    (session) =>
      session.verdict.final &&
      (isNamed || (isRecent(session, options) && (isLate || isNew(session, options)))),
  );
  if (ended.length > 1) return ambiguous(ended);
  if (ended[0]) return { is: 'run', session: ended[0] };
  return { is: 'absent', reason: absence(candidates, options) };
}

/** Whether a Session is of a run that the selector names. */
function matchesSelector({ spec, status }: SessionFields, selector: RunSelector): boolean {
  const { pid, tiltfile, startedAfter } = selector;
  return (
    (pid === undefined || status.pid === pid) &&
    (tiltfile === undefined || spec.tiltfilePath === tiltfile) &&
    (startedAfter === undefined || Date.parse(status.startTime ?? '') >= startedAfter.getTime())
  );
}

/** An end in the future is one of a clock that is wrong: it says nothing about how long ago it was. */
const CLOCK_TOLERANCE_MS = 1_000;

function isRecent({ connection }: SessionFields, { startedAt, now, maxAgeMs }: SelectRunOptions): boolean {
  const endedAt = Date.parse(connection.since);
  return endedAt >= startedAt - maxAgeMs && endedAt <= now + CLOCK_TOLERANCE_MS;
}

function isNew(session: SessionFields, { firstSeen, startedAt }: SelectRunOptions): boolean {
  const run = runOf(session);
  return Date.parse(session.connection.since) >= startedAt && !firstSeen.some((seen) => isSameRun(seen, run));
}

function ambiguous(sessions: readonly SessionFields[]): RunSelection {
  const ids = sessions.slice(0, MAX_LISTED).map(({ id }) => id);
  const more = sessions.length > ids.length ? ` and ${sessions.length - ids.length} more` : '';
  const reason = `which Session? ${sessions.length} could be meant, so give an id: ${ids.join(', ')}${more}`;
  return { is: 'ambiguous', reason };
}

const MAX_LISTED = 20;

function absence(candidates: readonly SessionFields[], { sessions, id, selector }: SelectRunOptions): string {
  const last = [...candidates].sort((a, b) => (a.connection.since < b.connection.since ? 1 : -1))[0];
  if (last) {
    const how = last.verdict.final ? 'its Tilt has left' : 'its Tilt has left before it was done';
    return `${last.id}: ${how}, at ${last.connection.since} (${describeRun(runOf(last))})`;
  }
  const wanted = describeSelector(selector);
  if (wanted !== '' && (id === undefined || sessions.length > 0)) {
    return `${id ?? 'no Session'} is${id === undefined ? '' : ' not'} of a run with ${wanted}`;
  }
  if (id !== undefined) return `there is no Session ${id}`;
  const demo = sessions.find(({ isDemo }) => isDemo);
  return demo
    ? `no Session is known but the demonstration, which counts only when it is named: ${demo.id}`
    : 'no Session is known';
}

function describeSelector({ pid, tiltfile, startedAfter }: RunSelector): string {
  const parts = [
    tiltfile === undefined ? '' : `Tiltfile ${tiltfile}`,
    pid === undefined ? '' : `pid ${pid}`,
    startedAfter === undefined ? '' : `a start at or after ${startedAfter.toISOString()}`,
  ];
  return parts.filter((part) => part !== '').join(', ');
}

function errorOf({ connection }: SessionFields): string {
  return connection.error === null ? '' : `: ${connection.error}`;
}
