import type { Clock } from '../lib/clock.js';

/** What comes next for a wait unless news comes first. */
export interface NextDeadline {
  /**
   * `late`: no run has appeared for long enough that one which ended before may count. `silent`: nothing that counts was
   * heard for too long. `timeout`: the wait is over.
   */
  readonly is: 'late' | 'silent' | 'timeout';
  /** Milliseconds from now; 0 or less when it is due. */
  readonly inMs: number;
}

/** The deadlines of one wait, on the monotonic clock. */
export interface WaitDeadlines {
  readonly isLate: boolean;
  /** Whether anything was ever heard that counts. */
  readonly hadNews: boolean;
  /** Since when nothing was heard that counts, in milliseconds; null while something is. */
  readonly silentMs: number | null;
  readonly elapsedMs: number;
  /** A view came, with news that counts or without. */
  heard(isNews: boolean): void;
  /** A run was chosen; its targets may take a moment to come. */
  bound(): void;
  /** `late` is due: from now on a run that had ended may count. */
  beLate(): void;
  /** @param hasRun whether the wait is bound to a run */
  next(hasRun: boolean): NextDeadline;
}

/** How long the targets of a run may take that was chosen when the time was up, in milliseconds. */
const LAST_VIEW_MS = 5_000;

/** Starts the deadlines of a wait. */
export function createWaitDeadlines(clock: Clock, timeoutMs: number, maxAgeMs: number): WaitDeadlines {
  const startedAt = clock.monotonic();
  let endsAt = startedAt + timeoutMs;
  let silentSince: number | null = startedAt;
  let isLate = false;
  let hadNews = false;
  return {
    get isLate() {
      return isLate;
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
    heard(isNews) {
      hadNews ||= isNews;
      silentSince = isNews ? null : (silentSince ?? clock.monotonic());
    },
    bound() {
      silentSince = clock.monotonic();
      if (isLate) endsAt = Math.max(endsAt, silentSince + LAST_VIEW_MS);
    },
    beLate() {
      isLate = true;
    },
    next(hasRun) {
      const never = Number.POSITIVE_INFINITY;
      const deadlines = [
        ['late', hasRun || isLate ? never : startedAt + Math.min(maxAgeMs, timeoutMs)],
        ['timeout', endsAt],
        ['silent', silentSince === null ? never : silentSince + maxAgeMs],
      ] as const;
      const [is, at] = deadlines.reduce((first, other) => (other[1] < first[1] ? other : first));
      return { is, inMs: at - clock.monotonic() };
    },
  };
}
