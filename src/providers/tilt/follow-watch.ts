import { type Clock, sleep } from '../../lib/clock.js';
import { createScope } from '../../lib/scope.js';
import type { SessionList } from '../kubernetes/session-list.js';
import { createWatchReader } from '../kubernetes/watch-reader.js';
import type { WatchState } from '../kubernetes/watch-state.js';
import type { PushChange } from '../provider.js';
import type { TiltLimits } from './limits.js';
import { createLineReader } from './lines.js';
import type { SessionApi } from './session-api.js';

/** How a watch ended. */
export interface WatchEnd {
  /**
   * `ended`: by itself or cut. `expired`: the version is no longer known (410). `failed`: by an ERROR event.
   * `dead`: it was silent while the list moved on.
   */
  readonly why: 'ended' | 'expired' | 'failed' | 'dead';
  /** One line about it, for people. */
  readonly message: string;
  /** Whether it told anything that the list before it had not. */
  readonly hadNews: boolean;
  readonly lastedMs: number;
  /** The list that showed that the watch was dead. */
  readonly list: SessionList | null;
}

/** What a watch works on. */
export interface FollowOptions {
  readonly api: SessionApi;
  readonly state: WatchState;
  readonly clock: Clock;
  readonly limits: TiltLimits;
  readonly push: PushChange;
  /** Instance of the Sessions. */
  readonly instance: string;
}

/**
 * Opens one watch where the list left off and reads it to its end, at full speed. When it has told nothing whole for
 * `idleMs`, a list tells whether it is only quiet, or dead: a half-open connection looks the same, and one whose bytes
 * trickle in is no better. While something is stale, a list is asked that often whatever the watch tells.
 * Throws a ProviderError when the watch, or that list, is refused or out of reach.
 */
export async function followWatch(options: FollowOptions, signal: AbortSignal): Promise<WatchEnd> {
  const { api, state, clock, limits, push, instance } = options;
  const scope = createScope(signal);
  const openedAt = clock.monotonic();
  let lastLineAt = openedAt;
  let linesRead = 0;
  let hadNews = false;
  let why: WatchEnd['why'] = 'ended';
  let message = 'it ended by itself, or was cut';
  const read = createWatchReader(instance);
  const lines = createLineReader(limits.maxBytes, { line: readLine, overlong });

  try {
    const list = await Promise.race([readToEnd(), checkWhenIdle()]);
    return { why, message, hadNews, lastedMs: clock.monotonic() - openedAt, list };
  } finally {
    scope.end();
  }

  async function readToEnd(): Promise<null> {
    const how = await api.watch(state.resourceVersion, (chunk) => lines.push(chunk), scope.signal);
    if (how === 'expired') end('expired', 'its resourceVersion is too old');
    return null;
  }

  function readLine(line: Buffer): void {
    lastLineAt = clock.monotonic();
    linesRead += 1;
    if (scope.signal.aborted) return;
    const event = read(line);
    if (event.type === 'error') end(event.expired ? 'expired' : 'failed', event.message);
    const changes = state.event(event);
    changes.forEach(push);
    hadNews ||= event.type !== 'unreadable' && changes.length > 0;
  }

  function overlong(): void {
    const error = `a line of the watch: expected at most ${limits.maxBytes} bytes, got more; it was skipped`;
    state.event({ type: 'unreadable', error }).forEach(push);
  }

  function end(reason: WatchEnd['why'], text: string): void {
    why = reason;
    message = text;
    scope.end();
  }

  /** Gives the list that shows that the watch is dead; null when the watch has ended otherwise. */
  async function checkWhenIdle(): Promise<SessionList | null> {
    let quietSince = openedAt;
    while (!scope.signal.aborted) {
      quietSince = Math.max(quietSince, lastLineAt);
      const leftMs = quietSince + limits.idleMs - clock.monotonic();
      await sleep(clock, leftMs, scope.signal);
      const hasSpoken = lastLineAt > quietSince;
      if (scope.signal.aborted || (hasSpoken && !state.isDegraded)) continue;
      const list = await listUnlessItSpeaks();
      quietSince = clock.monotonic();
      if (list === null) continue;
      if (!hasSpoken && state.isBehind(list)) {
        end('dead', 'it was silent while the list moved on');
        return list;
      }
      if (state.isHealedBy(list)) state.list(list).forEach(push);
    }
    return null;
  }

  /** Null when the watch speaks in the meantime: it lives, and the list, if there is one, may be the older of the two. */
  async function listUnlessItSpeaks(): Promise<SessionList | null> {
    const read = linesRead;
    try {
      const list = await api.probe(scope.signal);
      return linesRead === read ? list : null;
    } catch (error) {
      if (linesRead === read) throw error;
      return null;
    }
  }
}
