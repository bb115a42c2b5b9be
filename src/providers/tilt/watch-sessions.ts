import type { Log } from '../../lib/log.js';
import type { SourceCounts } from '../../lib/metrics.js';
import { ProviderError } from '../provider.js';
import { type FollowOptions, followWatch, type WatchEnd } from './follow-watch.js';

/** See {@link watchSessions}. */
export interface WatchSessionsOptions extends FollowOptions {
  readonly log: Log;
  readonly relists: SourceCounts['relists'];
  /** Called when the server has answered with its Sessions, after they were pushed. */
  readonly onListed: () => void;
}

/**
 * Lists and watches the Sessions of one API server until the signal aborts; throws a ProviderError when the server is out of
 * reach or says no. Retrying is not done here.
 *
 * ```
 * list ──snapshot──► watch ──upsert, remove, stale──► …
 *   ▲                  │ ended, cut, ERROR, 410: list anew
 *   └──────────────────┤ silent: its idle check has the list already
 *                      └ ended at once, without news: throws
 * ```
 *
 * Deletions during a gap are never told afterwards, so after every end of a watch a list says what there is. An end is
 * no error: Tilt ends each watch after 30 to 60 minutes. (What is deleted between a list and its watch, Tilt tells
 * nobody either; the idle check finds it.)
 */
export async function watchSessions(options: WatchSessionsOptions, signal: AbortSignal): Promise<void> {
  const { api, state, push, log, limits, instance, relists, onListed } = options;
  let list = await api.list(signal);
  let before: WatchEnd['why'] | null = null;
  while (!signal.aborted) {
    state.list(list).forEach(push);
    onListed();
    const end = await followWatch(options, signal);
    if (signal.aborted) return;
    log('debug', `the watch is over: ${end.message}`, {
      source: instance,
      resourceVersion: state.resourceVersion,
    });
    if (isFruitless(end, before, limits.fruitlessMs)) {
      throw new ProviderError(
        'unreachable',
        `${api.origin}: a watch is over as soon as it begins: ${end.message}`,
      );
    }
    before = end.why;
    list = end.list ?? (await api.list(signal));
    relists[end.why] += 1;
  }
}

/**
 * Guards against asking without a pause. That a version has expired is for the list to heal, which may be tried once.
 */
function isFruitless(end: WatchEnd, before: WatchEnd['why'] | null, fruitlessMs: number): boolean {
  if (end.hadNews || end.lastedMs >= fruitlessMs) return false;
  return end.why !== 'dead' && (end.why !== 'expired' || before === 'expired');
}
