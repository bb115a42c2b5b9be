import type { Clock } from '../lib/clock.js';

/** The next deadline of a wait. */
export interface NextDeadline {
  /**
   * `no-run`: no run has appeared for `maxAgeMs`. `silent`: no conclusive view for `maxAgeMs`. `timeout`: the
   * wait is over. The last two leave time for an answer that is on its way.
   */
  readonly kind: 'no-run' | 'silent' | 'timeout';
  /** Milliseconds from now; 0 or less when it is due. */
  readonly inMs: number;
}

/** The deadlines of one wait, on the monotonic clock. */
export interface WaitDeadlines {
  /** Whether a run that ended before the wait counts. */
  readonly acceptsEndedRun: boolean;
  /** Whether any conclusive view has arrived. */
  readonly hadNews: boolean;
  /** Time since the last conclusive view, in milliseconds; null while the newest view is conclusive. */
  readonly silentMs: number | null;
  readonly elapsedMs: number;
  /** Longest time without a conclusive view, in milliseconds. */
  readonly maxSilenceMs: number;
  /** Records a view. `isNews`: whether it is conclusive. */
  onView(isNews: boolean): void;
  /** Records the answer to the last request, or that no gateway can be reached. */
  onAnswer(): void;
  /** Records that a run was selected. Its targets may take a moment to arrive. */
  onBound(): void;
  /**
   * Records that the gateway was asked to confirm the selection of a run. Until the answer, a repetition gets
   * no more time.
   */
  onConfirmationAsked(): void;
  /** Handles `no-run`: from now on, a run that ended before the wait counts. */
  acceptEndedRun(): void;
  /** @param hasRun whether the wait is bound to a run */
  next(hasRun: boolean): NextDeadline;
}

/**
 * Minimum time for the first answer of the gateway, in milliseconds. A shorter timeout or maximum age applies
 * from then on: with 0 the condition is checked once.
 */
const FIRST_ANSWER_MS = 3_000;

/** Minimum time for the targets of a run that was just selected, in milliseconds. */
const TARGETS_MS = 5_000;

/** A period in which the wait does not end by itself, because an answer is on its way. */
interface Grace {
  readonly since: number;
  readonly ms: number;
}

/**
 * Minimum time for the confirmation of a selection, in milliseconds. It may contain all targets, as the first
 * answer: if that took longer than half of this, the confirmation gets twice its time, up to the maximum age.
 */
const CONFIRMATION_MS = 5_000;

const NO_GRACE: Grace = { since: Number.NEGATIVE_INFINITY, ms: 0 };

/** Starts the deadlines of a wait. */
export function createWaitDeadlines(clock: Clock, timeoutMs: number, maxAgeMs: number): WaitDeadlines {
  const startedAt = clock.monotonic();
  let grace: Grace = { since: startedAt, ms: FIRST_ANSWER_MS };
  let silentSince: number | null = startedAt;
  let acceptsEndedRun = false;
  let hadNews = false;
  let isConfirmationAsked = false;
  let firstAnswerMs: number | null = null;
  return {
    get acceptsEndedRun() {
      return acceptsEndedRun;
    },
    get hadNews() {
      return hadNews;
    },
    get silentMs() {
      return silentSince === null ? null : clock.monotonic() - silentSince;
    },
    get elapsedMs() {
      return clock.monotonic() - startedAt;
    },
    get maxSilenceMs() {
      return Math.max(Math.min(maxAgeMs, timeoutMs), grace.ms);
    },
    onView(isNews) {
      hadNews ||= isNews;
      silentSince = isNews ? null : (silentSince ?? clock.monotonic());
    },
    onAnswer() {
      firstAnswerMs ??= clock.monotonic() - startedAt;
      isConfirmationAsked = false;
      grace = NO_GRACE;
    },
    onConfirmationAsked() {
      if (isConfirmationAsked) return;
      isConfirmationAsked = true;
      const likely = Math.min(2 * (firstAnswerMs ?? 0), maxAgeMs);
      grace = { since: clock.monotonic(), ms: Math.max(CONFIRMATION_MS, likely) };
    },
    onBound() {
      silentSince = clock.monotonic();
      grace = { since: silentSince, ms: TARGETS_MS };
    },
    acceptEndedRun() {
      acceptsEndedRun = true;
    },
    next(hasRun) {
      const never = Number.POSITIVE_INFINITY;
      const endOfGrace = grace.since + grace.ms;
      const deadlines = [
        ['no-run', hasRun || acceptsEndedRun ? never : startedAt + Math.min(maxAgeMs, timeoutMs)],
        ['timeout', Math.max(startedAt + timeoutMs, endOfGrace)],
        ['silent', silentSince === null ? never : Math.max(silentSince + maxAgeMs, endOfGrace)],
      ] as const;
      const [kind, at] = deadlines.reduce((first, other) => (other[1] < first[1] ? other : first));
      return { kind, inMs: at - clock.monotonic() };
    },
  };
}

/** Calls back when the next deadline is due. */
export interface DeadlineTimer {
  /** Calls back at once if the next deadline is due, otherwise when it is. Does nothing after the end. */
  check(): void;
  /** Ends the timer. */
  stop(): void;
}

/**
 * Creates a timer that is not set.
 *
 * @param next returns the next deadline, which may have changed since the last check
 */
export function createDeadlineTimer(
  clock: Clock,
  next: () => NextDeadline,
  onDue: (kind: NextDeadline['kind']) => void,
): DeadlineTimer {
  let cancel = () => {};
  let isStopped = false;
  return {
    check,
    stop() {
      isStopped = true;
      cancel();
    },
  };

  function check(): void {
    cancel();
    if (isStopped) return;
    const { kind, inMs } = next();
    if (inMs === Number.POSITIVE_INFINITY) return;
    if (inMs > 0) cancel = clock.after(inMs, check);
    else onDue(kind);
  }
}
