import type { Clock } from '../../lib/clock.js';
import type { Log } from '../../lib/log.js';
import { createMetrics, type Metrics, type SourceCounts } from '../../lib/metrics.js';
import { createWatchState } from '../kubernetes/watch-state.js';
import { ProviderError, type PushChange, type SessionProvider } from '../provider.js';
import { readServerAccess } from './credentials.js';
import { type FollowOptions, followWatch, type WatchEnd } from './follow-watch.js';
import type { Endpoint, KubeContext } from './kube-context.js';
import { resolveLimits, type TiltLimits } from './limits.js';
import type { Env } from './proxy.js';
import { createSessionApi } from './session-api.js';

/** Options of {@link createTiltProvider}. */
export interface TiltProviderOptions extends Partial<TiltLimits> {
  /** Context of the kubeconfig: that of a Tilt (`tilt-default`, `tilt-10360`) or of a Kubernetes cluster. */
  readonly context: KubeContext;
  /** Name of the provider and instance of its Sessions. Default: the name of the context. */
  readonly name?: string;
  /** Environment whose `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` apply. Default: empty. */
  readonly env?: Env;
  readonly clock: Clock;
  readonly log: Log;
  /** Default: nothing is counted. */
  readonly metrics?: Metrics;
  /** Called with true when the server has returned its Sessions, with false when it is unreachable. */
  readonly onConnection?: (isUp: boolean) => void;
}

/**
 * Creates a provider of the Sessions of one Tilt, or of a Kubernetes API that has them, with one watch that
 * is always read at full speed.
 *
 * `watch()` rejects when the connection breaks, with a ProviderError `unreachable`, `refused`, `unreadable`
 * or `config`. Known Sessions are kept between two calls, so that an object which cannot be decoded does not
 * seem gone after a reconnect. Each call reads the files that the context refers to (token, certificates)
 * again.
 */
export function createTiltProvider(options: TiltProviderOptions): SessionProvider {
  const { context, name = context.name, env = {}, clock, log, metrics = createMetrics() } = options;
  const { onConnection } = options;
  const limits = resolveLimits(options);
  const state = createWatchState(name);
  let hasWarned = false;

  return {
    name,
    watch: run,
    async check() {
      await readServerAccess(requireEndpoint(context), env);
    },
  };

  async function run(push: PushChange, signal: AbortSignal): Promise<void> {
    try {
      await followSessions(push, signal);
    } catch (error) {
      if (signal.aborted) return;
      onConnection?.(false);
      throw error;
    }
  }

  async function followSessions(push: PushChange, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const endpoint = requireEndpoint(context);
    warnOnce(endpoint);
    const api = createSessionApi(await readServerAccess(endpoint, env), clock, limits, signal);
    const { relists } = metrics.source(name);
    const onListed = () => onConnection?.(true);
    await watchSessions({ api, state, push, clock, log, limits, relists, instance: name, onListed }, signal);
  }

  function warnOnce({ insecureSkipTlsVerify, server }: Endpoint): void {
    if (!insecureSkipTlsVerify || hasWarned) return;
    hasWarned = true;
    const message =
      "the server's certificate is not verified (insecure-skip-tls-verify): an attacker in between can read the token";
    log('warn', message, { source: name, server });
  }
}

/** Throws a {@link ProviderError} `config` for an unusable context. */
function requireEndpoint(context: KubeContext): Endpoint {
  if (context.is === 'usable') return context.endpoint;
  throw new ProviderError('config', `context "${context.name}": ${context.problem}`);
}

/** Options of {@link watchSessions}. */
export interface WatchSessionsOptions extends FollowOptions {
  readonly log: Log;
  readonly relists: SourceCounts['relists'];
  /** Called after the Sessions that the server returned were pushed. */
  readonly onListed: () => void;
}

/**
 * Lists and watches the Sessions of one API server until the signal aborts. Throws a ProviderError when the
 * server cannot be reached or rejects a request. Does not retry.
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
export async function watchSessions(options: WatchSessionsOptions, signal: AbortSignal): Promise<void> {
  const { api, state, push, log, limits, instance, relists, onListed } = options;
  let list = await api.list(signal);
  let previousEnd: WatchEnd['why'] | null = null;
  while (!signal.aborted) {
    state.list(list).forEach(push);
    onListed();
    const end = await followWatch(options, signal);
    if (signal.aborted) return;
    const { resourceVersion } = state;
    log('debug', `the watch is over: ${end.message}`, { source: instance, resourceVersion });
    if (endedTooSoon(end, previousEnd, limits.minWatchMs)) {
      const message = `${api.origin}: the watch ended as soon as it started: ${end.message}`;
      throw new ProviderError('unreachable', message);
    }
    previousEnd = end.why;
    list = end.list ?? (await api.list(signal));
    relists[end.why] += 1;
  }
}

/** Prevents requests without a pause. A list resolves an expired version, unless that is repeated. */
function endedTooSoon(end: WatchEnd, previous: WatchEnd['why'] | null, minWatchMs: number): boolean {
  if (end.hadChanges || end.durationMs >= minWatchMs) return false;
  return end.why !== 'dead' && (end.why !== 'expired' || previous === 'expired');
}
