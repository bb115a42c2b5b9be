import type { Log } from '../../lib/log.js';
import { ProviderError } from '../provider.js';
import { type FollowOptions, followWatch, type WatchEnd } from './follow-watch.js';

/** Options of {@link watchKind}. */
export interface WatchKindOptions<O, C> extends FollowOptions<O, C> {
  /** Name of the source, for messages. */
  readonly instance: string;
  readonly log: Log;
  /** Called after the objects that the server returned were pushed. */
  onListed(): void;
  /** Called after each list that followed the end of a watch. */
  onRelisted?(why: WatchEnd['why']): void;
}

/**
 * Lists and watches the objects of one kind until the signal aborts. Throws a ProviderError when the server
 * cannot be reached or rejects a request. Does not retry.
 *
 * ```
 * list ──snapshot──► watch ──upsert, remove, stale──► …
 *   ▲                  │ ended, disconnected, ERROR, 410: list again
 *   └──────────────────┤ silent: its idle check already has the list
 *                      └ ended too soon, without changes: throws
 * ```
 *
 * Deletions during a gap are never delivered afterwards, so a list follows every end of a watch. An end is no
 * error: Tilt ends each watch after 30 to 60 minutes. (Tilt does not report deletions between a list and its
 * watch either; the idle check finds them.)
 */
export async function watchKind<O, C>(options: WatchKindOptions<O, C>, signal: AbortSignal): Promise<void> {
  const { api, state, push, log, limits, instance } = options;
  let list = await api.list(signal);
  let previousEnd: WatchEnd['why'] | null = null;
  while (!signal.aborted) {
    state.list(list).forEach(push);
    options.onListed();
    const end = await followWatch(options, signal);
    if (signal.aborted) return;
    const { resourceVersion } = state;
    const { plural } = api.kind;
    log('debug', `the watch of ${plural} is over: ${end.message}`, { source: instance, resourceVersion });
    if (endedTooSoon(end, previousEnd, limits.minWatchMs)) {
      const message = `${api.origin}: the watch ended as soon as it started: ${end.message}`;
      throw new ProviderError('unreachable', message);
    }
    previousEnd = end.why;
    list = end.list ?? (await api.list(signal));
    options.onRelisted?.(end.why);
  }
}

/** Prevents requests without a pause. A list resolves an expired version, unless that is repeated. */
function endedTooSoon(end: WatchEnd, previous: WatchEnd['why'] | null, minWatchMs: number): boolean {
  if (end.hadChanges || end.durationMs >= minWatchMs) return false;
  return end.why !== 'dead' && (end.why !== 'expired' || previous === 'expired');
}
