import type { Clock } from '../lib/clock.js';
import { ClientError } from './client-error.js';
import { type Evaluation, NO_ANSWER } from './evaluate.js';
import type { Run } from './run.js';
import type { SessionsView, TargetsView } from './views.js';
import { createWaitDeadlines } from './wait-deadlines.js';
import { createWaitEvaluator } from './wait-evaluator.js';
import type { WaitOptions, WaitOutcome, WaitProgress } from './wait-options.js';

/** What a wait asks of a gateway. */
export interface WaitSources {
  watchTargets(options: {
    readonly session: string;
    readonly signal: AbortSignal;
  }): AsyncIterable<TargetsView>;
  watchSessions(options: { readonly signal: AbortSignal }): AsyncIterable<SessionsView>;
  /** Which Sessions there are, in one line; null where the gateway does not say it in time. Never rejects. */
  describeKnown(): Promise<string | null>;
  /** The time by the gateway's clock, in milliseconds since 1970; null where it is not known. */
  gatewayTime(): number | null;
}

/** How old news may be that still counts, in milliseconds: as long as a gateway takes to start again. */
const MAX_AGE_MS = 10_000;

/** Shows each view until the signal aborts. Rejects when the views end before, as they do when the client is closed. */
async function follow<V>(
  views: AsyncIterable<V>,
  show: (view: V) => void,
  until: AbortSignal,
): Promise<void> {
  for await (const view of views) show(view);
  if (!until.aborted) throw new ClientError('CLOSED', 'The client was closed.');
}

/** Waits; see `Client.waitFor`. */
export function waitFor(sources: WaitSources, options: WaitOptions, clock: Clock): Promise<WaitOutcome> {
  const {
    session: id,
    timeoutMs = Number.POSITIVE_INFINITY,
    maxAgeMs = MAX_AGE_MS,
    signal,
    onView,
  } = options;
  const deadlines = createWaitDeadlines(clock, timeoutMs, maxAgeMs);
  const evaluator = createWaitEvaluator(options, () => {
    const now = sources.gatewayTime() ?? clock.now();
    return { now, startedAt: now - deadlines.elapsedMs, maxAgeMs, isLate: deadlines.isLate };
  });
  const ending = new AbortController();
  /** Ends the search among all Sessions, once a run is chosen. */
  const searching = new AbortController();
  let view: TargetsView | null = null;
  let evaluation: Evaluation = { is: 'indeterminate', reason: NO_ANSWER };
  let reevaluate = () => {};
  let cancel = () => {};

  return new Promise((resolve, reject) => {
    signal?.addEventListener('abort', abort, { once: true });
    if (signal?.aborted) return abort();
    check();
    if (id !== undefined) followTargets(id);
    else follow(sources.watchSessions(searching), onSessions, searching.signal).catch(fail);

    function followTargets(session: string): void {
      const views = sources.watchTargets({ session, signal: ending.signal });
      follow(views, onTargets, ending.signal).catch(fail);
    }

    function onSessions(seen: SessionsView): void {
      if (searching.signal.aborted) return;
      reevaluate = () => onSessions(seen);
      const next = evaluator.onSessions(seen);
      const { run } = evaluator;
      const session = next.session ?? seen.sessions.get(run?.session ?? '') ?? null;
      const { cursor, link } = seen;
      const shown = { session, targets: new Map(), changes: [], reset: true, conflated: 0, cursor, link };
      onEvaluation(next, shown, null);
      if (run === null || ending.signal.aborted) return;
      // Before the search ends: both share one connection, which ends with its last watch.
      followTargets(run.session);
      searching.abort();
    }

    function onTargets(seen: TargetsView): void {
      if (ending.signal.aborted) return;
      reevaluate = () => onTargets(seen);
      const before = evaluator.run;
      onEvaluation(evaluator.onTargets(seen), seen, before);
    }

    function onEvaluation(next: Evaluation, seen: TargetsView, before: Run | null): void {
      evaluation = next;
      // Nothing of another run is reported as the result of this one.
      if (next.is === 'replaced') {
        settle('unknown', next.reason);
        return;
      }
      view = seen;
      if (evaluator.run !== null && before === null) deadlines.bound();
      deadlines.heard(next.is === 'open');
      onView?.(seen, progress(next.reason));
      if (next.is === 'open' || next.is === 'indeterminate' || next.is === 'absent') check();
      else settle(next.is, next.reason);
    }

    /** Acts on the deadline that is due, and sets a timer for the next one. */
    function check(): void {
      cancel();
      if (ending.signal.aborted) return;
      const next = deadlines.next(evaluator.run !== null);
      if (next.inMs > 0) {
        if (next.inMs < Number.POSITIVE_INFINITY) cancel = clock.after(next.inMs, check);
      } else if (next.is === 'late') {
        deadlines.beLate();
        reevaluate();
        check();
      } else if (next.is === 'timeout' && deadlines.hadNews) {
        settle('timeout', `timed out after ${timeoutMs / 1_000} s: ${evaluation.reason}${since()}`);
      } else {
        void settleUnknown(Math.min(maxAgeMs, timeoutMs) / 1_000);
      }
    }

    function since(): string {
      const { silentMs } = deadlines;
      return silentMs === null ? '' : ` (since ${new Date(clock.now() - silentMs).toISOString()})`;
    }

    async function settleUnknown(seconds: number): Promise<void> {
      const { is, reason } = evaluation;
      if (is !== 'absent') return settle('unknown', `no news for ${seconds} s: ${reason}${since()}`);
      const text = `no run appeared within ${seconds} s: ${reason}`;
      release();
      const known = await sources.describeKnown();
      settle('unknown', known === null ? text : `${text}; ${known}`);
    }

    function settle(result: WaitOutcome['result'], reason: string): void {
      release();
      resolve({ result, view, ...progress(reason) });
    }

    function progress(reason: string): WaitProgress {
      return { run: evaluator.run, replacedRuns: [...evaluator.replacedRuns], reason };
    }

    function abort(): void {
      fail(signal?.reason);
    }

    function fail(error: unknown): void {
      release();
      reject(error);
    }

    function release(): void {
      cancel();
      signal?.removeEventListener('abort', abort);
      searching.abort();
      ending.abort();
    }
  });
}
