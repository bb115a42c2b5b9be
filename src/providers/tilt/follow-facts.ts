import { STATUS_CODES } from 'node:http';
import { createBackoff } from '../../lib/backoff.js';
import { sleep } from '../../lib/clock.js';
import { messageOf } from '../../lib/errors.js';
import type { FactsObject, FactsState } from '../kubernetes/facts-state.js';
import { ProviderError } from '../provider.js';
import { ResponseError } from './response-error.js';
import { type WatchKindOptions, watchKind } from './watch-kind.js';

/** Options of {@link followFacts}. */
export interface FollowFactsOptions<F>
  extends Pick<WatchKindOptions<FactsObject<F>, 'changed'>, 'api' | 'clock' | 'limits' | 'log' | 'instance'> {
  readonly state: FactsState<F>;
  /** Name of the facts, for messages: `facts about resources`. */
  readonly provides: string;
  /** Returns numbers from 0 up to 1, for the jitter of the backoff. */
  readonly random: () => number;
  /** Called when what is known has changed. */
  onChange(): void;
  /** Called when the kind was listed, or its facts are reported as unknown. May be called repeatedly. */
  onSettled(): void;
  /** Called with null when the kind can be read, else with the reason on one line. Not repeated. */
  onAvailability(error: string | null): void;
}

/**
 * Delays between attempts. At least half of the limit is waited: when a Tilt exits, the connection of its
 * Session breaks within that time, and the facts stay. The second attempt is made within the second for which
 * the first Sessions are held, the third after it (1.2 s or more): they are not held for it.
 */
const BACKOFF = { firstMs: 800, maxMs: 30_000, minShare: 0.5, healthyMs: 120_000, peers: 1 };

/**
 * Lists and watches a kind that explains Sessions, until the signal aborts. Never rejects, and does not
 * affect the Sessions. After a failure it tries again: if that fails too, the facts are unknown until the
 * next list. A server that rejects the kind (403) or does not have it (404) is not asked again: then it
 * resolves.
 */
export async function followFacts<F>(options: FollowFactsOptions<F>, signal: AbortSignal): Promise<void> {
  const { state, clock, random, log, instance, onChange, onSettled } = options;
  const backoff = createBackoff(clock, random, BACKOFF);
  let reported: string | null | undefined;
  let failures = 0;
  const watchOptions = { ...options, createReader: () => state.read, push: onChange, onListed };
  while (!signal.aborted) {
    try {
      await watchKind(watchOptions, signal);
    } catch (error) {
      if (signal.aborted) return;
      const delayMs = handleFailure(error);
      if (delayMs === null) return;
      await sleep(clock, delayMs, signal);
    }
  }

  function onListed(): void {
    failures = 0;
    backoff.markHealthy();
    report(null);
    onSettled();
  }

  /** Returns the delay before the next attempt; null for none. */
  function handleFailure(error: unknown): number | null {
    failures += 1;
    // A single failure may be the exit of the Tilt, which is no error of a kind, or pass. The first verdict
    // waits for the second attempt: without the facts it may be `PASSED` wrongly.
    if (failures > 1 || isRejected(error)) {
      if (state.forget()) onChange();
      report(describe(error));
      onSettled();
    }
    if (!(error instanceof ProviderError)) log('error', `Source ${instance}: internal error`, { error });
    if (isRejected(error)) return null;
    return backoff.nextDelayMs(error instanceof ProviderError ? error.retryAfterMs : null);
  }

  function report(error: string | null): void {
    if (reported === error) return;
    reported = error;
    options.onAvailability(error);
  }

  function describe(error: unknown): string {
    const { plural } = options.api.kind;
    return `${plural}: ${describeError(error)}; ${options.provides} are not known`;
  }
}

/** Whether the answer stays the same until the server has other permissions, or is another one. */
function isRejected(error: unknown): error is ResponseError {
  return error instanceof ResponseError && (error.status === 403 || error.status === 404);
}

/** `403 Forbidden: uiresources.tilt.dev is forbidden: …`, or the message of another error. */
function describeError(error: unknown): string {
  if (!(error instanceof ResponseError)) return messageOf(error);
  const { status, reason } = error;
  return [`${status} ${STATUS_CODES[status] ?? ''}`.trim(), reason].filter((part) => part !== '').join(': ');
}
