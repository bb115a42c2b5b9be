import type { Clock } from '../lib/clock.js';
import { ClientError } from './client-error.js';
import { type Evaluation, NO_ANSWER } from './evaluate.js';
import type { LinkState } from './link.js';
import type { Run } from './run.js';
import type { SessionsView, TargetsView } from './views.js';
import { createDeadlineTimer, createWaitDeadlines, type NextDeadline } from './wait-deadlines.js';
import { createWaitEvaluator, type WaitEvaluator, type WaitSubject } from './wait-evaluator.js';

/** Options of {@link Client.waitFor}. */
export interface WaitOptions extends WaitSubject {
  /**
   * Maximum duration, in milliseconds. 0 checks the condition once: the first answer of the gateway may take
   * 3 s, however short the duration is, and the targets of the selected run 5 s. Default: no limit.
   */
  readonly timeoutMs?: number | undefined;
  /**
   * Maximum time without current data, in milliseconds: how long the connection to the gateway, or the
   * gateway's to Tilt, may be lost, how long no run may exist, and how long before the wait a run may have
   * ended, until the outcome is `unknown`. A connection that falls silent counts as lost after 15 to 40 s.
   * The limit applies from the first answer of the gateway, as `timeoutMs` does. Default: 10,000.
   */
  readonly maxAgeMs?: number | undefined;
  /** Ends the wait: the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Called with each view and the progress so far. */
  readonly onView?: ((view: TargetsView, progress: WaitProgress) => void) | undefined;
}

/** Progress of a wait. */
export interface WaitProgress {
  /** The run that the wait is bound to; null until one is selected. */
  readonly run: Run | null;
  /**
   * The runs that `run` has replaced, oldest first: a wait for `ready` follows a `tilt up` that is started
   * again.
   */
  readonly replacedRuns: readonly Run[];
  /** The unmet part of the condition, in one line. */
  readonly reason: string;
}

/** Outcome of a wait. */
export interface WaitOutcome extends WaitProgress {
  /**
   * `reached` and `failed` apply to the run that the wait is bound to, and rest on data that is current all
   * the way from Tilt, or on the final state of a run that has ended. `unknown`: there is no such data, or
   * another run replaced this one. `impossible`: the condition can never hold. `timeout`: the time limit was
   * exceeded.
   */
  readonly result: 'reached' | 'failed' | 'unknown' | 'impossible' | 'timeout';
  /** Reason of the result, in one line. */
  readonly reason: string;
  /** The last view of the run, or of what existed instead; null when none arrived. */
  readonly view: TargetsView | null;
}

/** The parts of a client that a wait uses. */
export interface WaitSources {
  watchTargets(options: {
    readonly session: string;
    readonly signal: AbortSignal;
  }): AsyncIterable<TargetsView>;
  watchSessions(options: { readonly signal: AbortSignal }): AsyncIterable<SessionsView>;
  /**
   * Names the sources of the connected gateway that have not delivered data yet; null when it does not
   * answer. Never rejects.
   */
  queryConnectingSources(signal: AbortSignal): Promise<readonly string[] | null>;
  /**
   * Describes the known Sessions in one line; null when the gateway does not respond in time. Never rejects.
   */
  queryKnownSessions(): Promise<string | null>;
  /** The gateway's clock, in milliseconds since 1970; null when unknown. */
  gatewayTime(): number | null;
}

/** Default maximum age, in milliseconds: as long as a gateway takes to restart. */
const MAX_AGE_MS = 10_000;

/** Waits for a condition; see `Client.waitFor`. */
export function waitFor(sources: WaitSources, options: WaitOptions, clock: Clock): Promise<WaitOutcome> {
  const { timeoutMs = Number.POSITIVE_INFINITY, maxAgeMs = MAX_AGE_MS, signal, onView } = options;
  const deadlines = createWaitDeadlines(clock, timeoutMs, maxAgeMs);
  const evaluator = createWaitEvaluator(options, () => {
    const now = sources.gatewayTime() ?? clock.now();
    const { elapsedMs, acceptsEndedRun } = deadlines;
    return { now, startedAt: now - elapsedMs, maxAgeMs, acceptsEndedRun };
  });
  let view: TargetsView | null = null;
  let evaluation: Evaluation = { status: 'indeterminate', reason: NO_ANSWER };

  return new Promise((resolve, reject) => {
    const timer = createDeadlineTimer(clock, () => deadlines.next(evaluator.run !== null), onDeadline);
    const evaluations = createEvaluations(
      { sources, clock, id: options.session, evaluator },
      { onEvaluation, onError: fail },
    );
    signal?.addEventListener('abort', abort, { once: true });
    if (signal?.aborted) return abort();
    evaluations.start();
    timer.check();

    function onEvaluation(next: Evaluation, seen: TargetsView, requested: Requested): void {
      evaluation = next;
      // A view of another run must not become the outcome's view.
      if (next.status === 'replaced') {
        settle('unknown', next.reason);
        return;
      }
      view = seen;
      if (requested === 'targets') deadlines.onBound();
      else if (requested === 'confirmation') deadlines.onConfirmationAsked();
      else if (isAnswer(seen.link)) deadlines.onAnswer();
      deadlines.onView(next.status === 'open');
      // The confirmation follows within milliseconds. Without it there is no progress to report.
      if (requested !== 'confirmation') onView?.(seen, progress(next.reason));
      switch (next.status) {
        case 'open':
        case 'indeterminate':
        case 'absent':
        case 'unconfirmed':
          timer.check();
          break;
        default:
          settle(next.status, next.reason);
      }
    }

    function onDeadline(kind: NextDeadline['kind']): void {
      const reason = `${evaluation.reason}${formatSince(deadlines.silentMs, clock)}`;
      if (kind === 'no-run') {
        deadlines.acceptEndedRun();
        evaluations.repeat();
        timer.check();
      } else if (kind === 'timeout' && deadlines.hadNews) {
        settle('timeout', `timed out after ${timeoutMs / 1_000} s: ${reason}`);
      } else if (evaluation.status !== 'absent') {
        settle('unknown', `no news for ${deadlines.maxSilenceMs / 1_000} s: ${reason}`);
      } else {
        void settleAbsent(evaluation.reason);
      }
    }

    async function settleAbsent(reason: string): Promise<void> {
      const text = `no run appeared within ${deadlines.maxSilenceMs / 1_000} s: ${reason}`;
      // The signal still ends the wait.
      stop();
      const known = await sources.queryKnownSessions();
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
      stop();
      signal?.removeEventListener('abort', abort);
    }

    function stop(): void {
      timer.stop();
      evaluations.stop();
    }
  });
}

function formatSince(silentMs: number | null, clock: Clock): string {
  return silentMs === null ? '' : ` (since ${new Date(clock.now() - silentMs).toISOString()})`;
}

/** A failure is the answer only if no other gateway is left to try. */
function isAnswer({ state, isDown }: LinkState): boolean {
  return state === 'live' || isDown;
}

/**
 * A request that the gateway has not answered yet. `confirmation`: for its sources, or for the current state
 * again.
 */
type Requested = 'confirmation' | 'targets' | null;

interface EvaluationEvents {
  onEvaluation(evaluation: Evaluation, view: TargetsView, requested: Requested): void;
  onError(error: unknown): void;
}

interface EvaluationOptions {
  readonly sources: WaitSources;
  readonly clock: Clock;
  /** Id of the Session, if one was named. */
  readonly id: string | undefined;
  readonly evaluator: WaitEvaluator;
}

/** Interval of the queries while sources are connecting, in milliseconds. */
const SOURCES_INTERVAL_MS = 250;

/**
 * Evaluates each view: of all Sessions until a run is selected, then of that run's targets. With an id, of
 * its targets from the start.
 */
function createEvaluations(
  { sources, clock, id, evaluator }: EvaluationOptions,
  { onEvaluation, onError }: EvaluationEvents,
) {
  /** Ends the current watch. */
  let watching = new AbortController();
  let repeat = () => {};

  return {
    start() {
      if (id !== undefined) watchTargets(id);
      else search(null);
    },
    /** Evaluates the newest view again. */
    repeat: () => repeat(),
    stop: () => watching.abort(),
  };

  /** Replaces the current watch. */
  function watch<V>(
    open: (signal: AbortSignal) => AsyncIterable<V>,
    onView: (view: V, signal: AbortSignal, isRepeated: boolean) => void,
  ): void {
    const previous = watching;
    watching = new AbortController();
    const { signal } = watching;
    const evaluate = (view: V, isRepeated: boolean) => {
      if (signal.aborted) return;
      repeat = () => evaluate(view, true);
      onView(view, signal, isRepeated);
    };
    forEachView(open(signal), (view) => evaluate(view, false), signal).catch(onError);
    // After the next watch has begun: the shared connection closes with its last watch.
    previous.abort();
  }

  /**
   * Watches the targets of a Session. A repeated view selects no run, because the connection may have been
   * lost without a sign: it starts another watch, whose first view is the current state.
   */
  function watchTargets(session: string): void {
    watch((signal) => sources.watchTargets({ session, signal }), onTargets);

    function onTargets(seen: TargetsView, signal: AbortSignal, isRepeated: boolean): void {
      const wasBound = evaluator.run !== null;
      const evaluation = evaluator.onTargets(seen, isRepeated);
      const isUnconfirmed = evaluation.status === 'unconfirmed';
      // A run that was found in the list of Sessions has no targets yet.
      const isAwaited = !wasBound && evaluator.run !== null && evaluation.status === 'indeterminate';
      onEvaluation(evaluation, seen, isUnconfirmed ? 'confirmation' : isAwaited ? 'targets' : null);
      if (isUnconfirmed && !signal.aborted) watchTargets(session);
    }
  }

  /**
   * Watches all Sessions. A run is selected only in the first view after every source had delivered its data:
   * until then it may not be the only one. Any other view that has a run starts a query for the sources, and
   * then another search.
   *
   * @param connecting the sources that had not delivered data before this search; null if they are not known
   */
  function search(connecting: readonly string[] | null): void {
    let isAsking = false;
    watch((signal) => sources.watchSessions({ signal }), onSessions);

    function onSessions(seen: SessionsView, signal: AbortSignal): void {
      // After a reconnect, another gateway may have other sources.
      if (seen.link.state !== 'live') connecting = null;
      const evaluation = evaluator.onSessions(seen, connecting);
      if (connecting?.length === 0) connecting = null;
      const { run } = evaluator;
      const session = evaluation.session ?? seen.sessions.get(run?.session ?? '') ?? null;
      const { cursor, link } = seen;
      const view = { session, targets: new Map(), changes: [], reset: true, conflated: 0, cursor, link };
      const isUnconfirmed = evaluation.status === 'unconfirmed';
      const isAsked = isUnconfirmed && connecting === null;
      onEvaluation(evaluation, view, run !== null ? 'targets' : isAsked ? 'confirmation' : null);
      if (signal.aborted) return;
      if (isUnconfirmed) askForSources(signal);
      if (run !== null) watchTargets(run.session);
    }

    function askForSources(signal: AbortSignal): void {
      if (isAsking) return;
      isAsking = true;
      sources
        .queryConnectingSources(signal)
        .then((names) => onSources(names, signal))
        .catch(onError);
    }

    function onSources(names: readonly string[] | null, signal: AbortSignal): void {
      if (signal.aborted) return;
      if (names?.length === 0) {
        search(names);
        return;
      }
      connecting = names;
      const cancel = clock.after(SOURCES_INTERVAL_MS, () => {
        signal.removeEventListener('abort', cancel);
        isAsking = false;
        repeat();
      });
      signal.addEventListener('abort', cancel, { once: true });
      repeat();
    }
  }
}

/**
 * Calls back with each view until the signal aborts. Rejects when the views end earlier, as when the client
 * is closed.
 */
async function forEachView<V>(
  views: AsyncIterable<V>,
  onView: (view: V) => void,
  signal: AbortSignal,
): Promise<void> {
  for await (const view of views) onView(view);
  if (!signal.aborted) throw new ClientError('CLOSED', 'The client was closed.');
}
