import type { Clock } from '../../lib/clock.js';
import type { Log } from '../../lib/log.js';
import { createMetrics, type Metrics } from '../../lib/metrics.js';
import { createWatchState } from '../kubernetes/watch-state.js';
import { ProviderError, type PushChange, type SessionProvider } from '../provider.js';
import { readConnection } from './credentials.js';
import type { Endpoint, KubeContext } from './kube-context.js';
import type { Env } from './kubeconfig-paths.js';
import { limitsOf, type TiltLimits } from './limits.js';
import { createSessionApi } from './session-api.js';
import { watchSessions } from './watch-sessions.js';

/** See {@link createTiltProvider}. */
export interface TiltProviderOptions extends Partial<TiltLimits> {
  /** The context of the kubeconfig: that of a Tilt (`tilt-default`, `tilt-10360`), or of a Kubernetes cluster. */
  readonly context: KubeContext;
  /** The provider's name and its Sessions' instance. Default: the name of the context. */
  readonly name?: string;
  /** Environment whose `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` count. Default: empty. */
  readonly env?: Env;
  readonly clock: Clock;
  readonly log: Log;
  /** Default: nothing is counted. */
  readonly metrics?: Metrics;
  /** Called when the server has answered with its Sessions (true), and when it can no longer be reached (false). */
  readonly onLink?: (isUp: boolean) => void;
}

/**
 * The Sessions of one Tilt, or of a Kubernetes API that has them, by one watch that is always read at full speed.
 *
 * It throws when the link breaks, with a ProviderError `unreachable`, `refused`, `unreadable` or `config`. What it knows
 * outlives a `watch()`, so that an object which cannot be decoded does not look gone after a reconnect. Files that the context
 * names (token, certificates) are read again by each `watch()`.
 */
export function createTiltProvider(options: TiltProviderOptions): SessionProvider {
  const { context, name = context.name, env = {}, clock, log, metrics = createMetrics(), onLink } = options;
  const limits = limitsOf(options);
  const state = createWatchState(name);
  let warned = false;

  return {
    name,
    watch: run,
    async check() {
      await readConnection(endpointOf(context), env);
    },
  };

  async function run(push: PushChange, signal: AbortSignal): Promise<void> {
    try {
      await followSessions(push, signal);
    } catch (error) {
      if (signal.aborted) return;
      onLink?.(false);
      throw error;
    }
  }

  async function followSessions(push: PushChange, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const endpoint = endpointOf(context);
    warnOnce(endpoint);
    const api = createSessionApi(await readConnection(endpoint, env), clock, limits, signal);
    const { relists } = metrics.source(name);
    const onListed = () => onLink?.(true);
    await watchSessions({ api, state, push, clock, log, limits, relists, instance: name, onListed }, signal);
  }

  function warnOnce({ insecureSkipTlsVerify, server }: Endpoint): void {
    if (!insecureSkipTlsVerify || warned) return;
    warned = true;
    log(
      'warn',
      "the server's certificate is not checked (insecure-skip-tls-verify): anyone on the way can read the token",
      {
        source: name,
        server,
      },
    );
  }
}

/** Throws a {@link ProviderError} `config` for a context that cannot be used. */
function endpointOf(context: KubeContext): Endpoint {
  if (context.is === 'usable') return context.endpoint;
  throw new ProviderError('config', `context "${context.name}": ${context.problem}`);
}
