import type { Clock } from '../lib/clock.js';

/** The next deadline of a wait. */
export interface NextDeadline {
  /**
   * `no-run`: no run has appeared for `maxAgeMs`. `silent`: no
   * conclusive view for `maxAgeMs`. `timeout`: the wait is over.
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
  /** Records a view. `isNews`: whether it is conclusive. */
  onView(isNews: boolean): void;
  /** Records that a run was selected. Its targets may take a moment to arrive. */
  onBound(): void;
  /** Handles `no-run`: from now on, a run that ended before the wait counts. */
  acceptEndedRun(): void;
  /** @param hasRun whether the wait is bound to a run */
  next(hasRun: boolean): NextDeadline;
}

/** Extra time for the targets of a run that was selected at the end of the wait, in milliseconds. */
const LAST_VIEW_MS = 5_000;

/** Starts the deadlines of a wait. */
export function createWaitDeadlines(clock: Clock, timeoutMs: number, maxAgeMs: number): WaitDeadlines {
  const startedAt = clock.monotonic();
  let endsAt = startedAt + timeoutMs;
  let silentSince: number | null = startedAt;
  let acceptsEndedRun = false;
  let hadNews = false;
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
    onView(isNews) {
      hadNews ||= isNews;
      silentSince = isNews ? null : (silentSince ?? clock.monotonic());
    },
    onBound() {
      silentSince = clock.monotonic();
      if (acceptsEndedRun) endsAt = Math.max(endsAt, silentSince + LAST_VIEW_MS);
    },
    acceptEndedRun() {
      acceptsEndedRun = true;
    },
    next(hasRun) {
      const never = Number.POSITIVE_INFINITY;
      const deadlines = [
        ['no-run', hasRun || acceptsEndedRun ? never : startedAt + Math.min(maxAgeMs, timeoutMs)],
        ['timeout', endsAt],
        ['silent', silentSince === null ? never : silentSince + maxAgeMs],
      ] as const;
      const [kind, at] = deadlines.reduce((first, other) => (other[1] < first[1] ? other : first));
      return { kind, inMs: at - clock.monotonic() };
    },
  };
}
