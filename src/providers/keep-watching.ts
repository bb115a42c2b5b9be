import { createBackoff } from '../lib/backoff.js';
import { type Clock, sleep } from '../lib/clock.js';
import type { Log } from '../lib/log.js';
import { createMetrics, type Metrics } from '../lib/metrics.js';
import { createScope, type Scope } from '../lib/scope.js';
import type { Change, ChangeSink } from '../model/change.js';
import { oneLine } from '../model/one-line.js';
import { checkChange, checkRun } from './check-change.js';
import { ProviderError, type PushChange, type SessionProvider } from './provider.js';
import { createSourceLog } from './source-log.js';

/** What {@link keepWatching} works with. */
export interface KeepWatchingOptions {
  readonly provider: SessionProvider;
  readonly sink: ChangeSink;
  readonly clock: Clock;
  /** Gives numbers from 0 up to 1, for the backoff. */
  readonly random: () => number;
  readonly log: Log;
  /** Ends it at once. The source stays open in the sink: whoever aborts says why, by closing it. */
  readonly signal: AbortSignal;
  /** Called when the source has come to its end, before it is closed in the sink. */
  readonly onEnd?: () => void;
  /** Handed to the sink when the source opens. Default: false. */
  readonly optional?: boolean;
  /** The source is open in the sink already, and is carried on. Default: false, it is opened. */
  readonly resume?: boolean;
  /** Whether the source may end at any time, as a Tilt does; see `createSourceLog`. Default: false. */
  readonly endsByItself?: boolean;
  /** Whether trouble may pass within moments; see `createSourceLog`. Default: false. */
  readonly passingTrouble?: boolean;
  /** Default: nothing is counted. */
  readonly metrics?: Metrics;
}

/**
 * Keeps a provider's Sessions flowing into the sink, and is the only place that retries:
 *
 *     watching ──rejects──► waiting (sessions STALE) ──backoff──► watching
 *        │ └──resolves──► closed: the source came to its end
 *        └──signal aborts, in any state──► ended, the source still open
 *
 * Every change is applied before the provider's `push` returns. Never rejects.
 */
export async function keepWatching(options: KeepWatchingOptions): Promise<void> {
  const { provider, sink, clock, random, log, signal } = options;
  const { optional = false, resume = false, endsByItself = false, passingTrouble = false } = options;
  const { name } = provider;
  const backoff = createBackoff(clock, random);
  const sourceLog = createSourceLog({ name, log, clock, endsByItself, passingTrouble });
  const counts = (options.metrics ?? createMetrics()).source(name);
  try {
    if (!resume) sink.open(name, { optional });
    await watchToTheEnd();
  } catch (error) {
    log('error', `Source ${name}: no longer watched, by a fault of the gateway itself`, { error });
  } finally {
    sourceLog.end();
  }

  async function watchToTheEnd(): Promise<void> {
    while (!signal.aborted) {
      const failure = await watchOnce();
      if (signal.aborted) return;
      if (failure !== null) {
        await waitAfter(failure.error);
        continue;
      }
      options.onEnd?.();
      sink.close(name, 'the source came to its end');
      return;
    }
  }

  /** The error that it failed with, or null when the source came to its end. Resolves at once when the signal aborts. */
  async function watchOnce(): Promise<{ readonly error: unknown } | null> {
    const scope = createScope(signal);
    try {
      await new Promise<void>((resolve, reject) => {
        scope.signal.addEventListener('abort', () => resolve(), { once: true });
        const run = provider.watch(pushInto(scope, reject), scope.signal);
        checkRun(run);
        run.then(resolve, reject);
      });
      return null;
    } catch (error) {
      return { error };
    } finally {
      scope.end();
    }
  }

  /** Takes changes while the scope lasts. A change that breaks the contract, or cannot be applied, ends it. */
  function pushInto(scope: Scope, fail: (error: unknown) => void): PushChange {
    let isSynced = false;
    return (change) => {
      if (scope.signal.aborted) return;
      try {
        checkChange(change);
        isSynced ||= change.type === 'snapshot';
        if (!isSynced && change.type !== 'stale') throw outOfOrder(change);
        apply(change);
      } catch (error) {
        fail(error);
        scope.end();
      }
    };
  }

  function apply(change: Change): void {
    if (change.type === 'snapshot') backoff.healthy();
    if (change.type === 'stale' && change.id === undefined) backoff.troubled();
    if (change.type !== 'stale') {
      counts.changes += 1;
      counts.lastChangeAt = clock.now();
    }
    sink.apply(name, change);
    sourceLog.changed(change);
  }

  async function waitAfter(error: unknown): Promise<void> {
    const waitMs = backoff.failed(error instanceof ProviderError ? error.retryAfterMs : null);
    sourceLog.failed(error, lineOf(error), waitMs);
    counts.restarts += 1;
    sink.apply(name, { type: 'stale', error: lineOf(error) });
    await sleep(clock, waitMs, signal);
  }
}

function outOfOrder({ type }: Change): ProviderError {
  const message = `its provider breaks the contract: expected a snapshot first, got "${type}"`;
  return new ProviderError('unreadable', message);
}

/** An error as one line, short enough to be shown. */
function lineOf(error: unknown): string {
  const text = error instanceof Error ? error.message || error.name : String(error);
  const line = oneLine(text);
  return line.length > LONGEST_LINE ? `${line.slice(0, LONGEST_LINE - 1)}…` : line;
}

const LONGEST_LINE = 400; // characters
