import { createBackoff } from '../lib/backoff.js';
import { type AbortScope, type Clock, createAbortScope, sleep } from '../lib/clock.js';
import { messageOf } from '../lib/errors.js';
import type { Log } from '../lib/log.js';
import { createMetrics, type Metrics } from '../lib/metrics.js';
import type { Change, ChangeSink } from '../model/change.js';
import { oneLine, shorten } from '../model/plain-text.js';
import {
  checkChange,
  checkWatchResult,
  contractError,
  ProviderError,
  type PushChange,
  type SessionProvider,
} from './provider.js';
import { createSourceLog } from './source-log.js';

/** Options of {@link keepWatching}. */
export interface KeepWatchingOptions {
  readonly provider: SessionProvider;
  readonly sink: ChangeSink;
  readonly clock: Clock;
  /** Returns numbers from 0 up to 1, for the jitter of the backoff. */
  readonly random: () => number;
  readonly log: Log;
  /** Stops watching at once. The source stays open in the sink; the caller closes it with a reason. */
  readonly signal: AbortSignal;
  /** Called when the source has ended, before it is closed in the sink. */
  readonly onEnd?: () => void;
  /** Passed to the sink when the source is opened. Default: false. */
  readonly optional?: boolean;
  /** Whether the source is already open in the sink and is continued. Default: false, it is opened. */
  readonly resume?: boolean;
  /** Whether the source may end at any time, as a Tilt does; see `createSourceLog`. Default: false. */
  readonly isEphemeral?: boolean;
  /** Whether errors may resolve themselves within moments; see `createSourceLog`. Default: false. */
  readonly hasTransientErrors?: boolean;
  /** Default: nothing is counted. */
  readonly metrics?: Metrics;
}

/**
 * Applies the changes of a provider to the sink until the signal aborts. The only place that retries a watch
 * of Sessions; facts and logs of a Tilt, and readers of a bucket, retry by themselves:
 *
 *     watching ──rejects──► waiting (sessions STALE) ──backoff──► watching
 *        │ └──resolves──► closed: the source ended
 *        └──signal aborts, in any state──► stopped, the source still open
 *
 * Every change is applied before the provider's `push` returns. Never rejects.
 */
export async function keepWatching(options: KeepWatchingOptions): Promise<void> {
  const { provider, sink, clock, random, log, signal } = options;
  const { optional = false, resume = false, isEphemeral = false, hasTransientErrors = false } = options;
  const { name } = provider;
  const backoff = createBackoff(clock, random);
  const sourceLog = createSourceLog({ name, log, clock, isEphemeral, hasTransientErrors });
  const counts = (options.metrics ?? createMetrics()).source(name);
  try {
    if (!resume) sink.open(name, { optional });
    await watchUntilEnd();
  } catch (error) {
    log('error', `Source ${name}: internal error; the source is no longer watched`, { error });
  } finally {
    sourceLog.end();
  }

  async function watchUntilEnd(): Promise<void> {
    while (!signal.aborted) {
      const failure = await watchOnce();
      if (signal.aborted) return;
      if (failure !== null) {
        await waitAfter(failure.error);
        continue;
      }
      options.onEnd?.();
      sink.close(name, 'the source ended');
      return;
    }
  }

  /** Returns the error of the watch; null when the source ended. Resolves at once when the signal aborts. */
  async function watchOnce(): Promise<{ readonly error: unknown } | null> {
    const scope = createAbortScope(signal);
    try {
      await new Promise<void>((resolve, reject) => {
        scope.signal.addEventListener('abort', () => resolve(), { once: true });
        const result = provider.watch(createPush(scope, reject), scope.signal);
        checkWatchResult(result);
        result.then(resolve, reject);
      });
      return null;
    } catch (error) {
      return { error };
    } finally {
      scope.end();
    }
  }

  /** Creates the `push` of one watch. A change that violates the contract or cannot be applied ends it. */
  function createPush(scope: AbortScope, fail: (error: unknown) => void): PushChange {
    let isSynced = false;
    return (change) => {
      if (scope.signal.aborted) return;
      try {
        checkChange(change);
        isSynced ||= change.type === 'snapshot';
        if (!isSynced && change.type !== 'stale' && change.type !== 'availability') {
          throw contractError(`expected a snapshot first, got "${change.type}"`);
        }
        apply(change);
      } catch (error) {
        fail(error);
        scope.end();
      }
    };
  }

  function apply(change: Change): void {
    if (change.type === 'snapshot') backoff.markHealthy();
    if (affectsAll(change)) backoff.markUnhealthy();
    if (change.type !== 'stale' && change.type !== 'availability' && change.type !== 'log') {
      counts.changes += 1;
      counts.lastChangeAt = clock.now();
    }
    sink.apply(name, change);
    sourceLog.changed(change);
  }

  async function waitAfter(error: unknown): Promise<void> {
    const delayMs = backoff.nextDelayMs(error instanceof ProviderError ? error.retryAfterMs : null);
    const message = shortMessage(error);
    sourceLog.failed(error, message, delayMs);
    counts.restarts += 1;
    sink.apply(name, { type: 'stale', error: message });
    await sleep(clock, delayMs, signal);
  }
}

/** Whether no newest state of any Session is known. */
function affectsAll(change: Change): boolean {
  if (change.type === 'snapshot') return change.stale?.some(({ id }) => id === undefined) === true;
  return change.type === 'stale' && change.id === undefined;
}

/** Message of an error on one line, of limited length. */
function shortMessage(error: unknown): string {
  return shorten(oneLine(messageOf(error)), MAX_MESSAGE_LENGTH);
}

const MAX_MESSAGE_LENGTH = 400; // characters
