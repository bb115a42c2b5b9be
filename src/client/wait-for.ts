import type { Clock } from '../clock.js';
import { ClientError } from './client-error.js';
import { type Judgement, judge } from './judge.js';
import type { TargetsView } from './views.js';
import type { WaitOptions, WaitOutcome } from './wait-options.js';

/** What a wait looks at. */
export type WatchForWait = (options: {
  readonly session?: string;
  readonly history: number;
  readonly signal: AbortSignal;
}) => AsyncIterable<TargetsView>;

/** How old news may be that still counts, in milliseconds: as long as a gateway takes to start again. */
const MAX_AGE_MS = 10_000;

const NOTHING_SEEN: Judgement = { is: 'blind', reason: 'no gateway has answered yet' };

/** Waits; see `Client.waitFor`. */
export function waitFor(watch: WatchForWait, options: WaitOptions, clock: Clock): Promise<WaitOutcome> {
  const { session, timeoutMs = Number.POSITIVE_INFINITY, maxAgeMs = MAX_AGE_MS, signal, onView } = options;
  const startedAt = clock.now();
  const ending = new AbortController();
  let view: TargetsView | null = null;
  let judgement = NOTHING_SEEN;
  /** Since when nothing was seen that counts; null while it is. */
  let blindSince: number | null = startedAt;
  let cancel = () => {};

  return new Promise((resolve, reject) => {
    signal?.addEventListener('abort', abort, { once: true });
    if (signal?.aborted) abort();
    else {
      check();
      follow().then(() => fail(new ClientError('CLOSED', 'The client was closed.')), fail);
    }

    async function follow(): Promise<void> {
      const which = { history: 1, signal: ending.signal, ...(session !== undefined && { session }) };
      for await (const seen of watch(which)) look(seen);
    }

    function look(seen: TargetsView): void {
      view = seen;
      onView?.(seen);
      judgement = judge(seen, options.for, session);
      const { is, reason } = judgement;
      blindSince = is === 'blind' ? (blindSince ?? clock.now()) : null;
      if (is === 'reached' || is === 'failed') settle(is, reason);
      else check();
    }

    /** Whether a time is over; else looks again when the next one will be. */
    function check(): void {
      cancel();
      if (ending.signal.aborted) return;
      const blindUntil = blindSince === null ? Number.POSITIVE_INFINITY : blindSince + maxAgeMs;
      const until = startedAt + timeoutMs;
      const reason = reasonSince(judgement.reason, blindSince);
      if (clock.now() >= until) settle('timeout', `timed out after ${timeoutMs / 1_000} s: ${reason}`);
      else if (clock.now() >= blindUntil) settle('unknown', `no news for ${maxAgeMs / 1_000} s: ${reason}`);
      else if (Math.min(until, blindUntil) < Number.POSITIVE_INFINITY) {
        cancel = clock.after(Math.min(until, blindUntil) - clock.now(), check);
      }
    }

    function settle(result: WaitOutcome['result'], reason: string): void {
      release();
      resolve({ result, reason, view });
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
      ending.abort();
    }
  });
}

function reasonSince(reason: string, since: number | null): string {
  return since === null ? reason : `${reason} (since ${new Date(since).toISOString()})`;
}
