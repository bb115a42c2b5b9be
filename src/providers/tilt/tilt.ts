import type { Clock } from '../../clock.js';
import type { Log } from '../../log.js';
import { type Metrics, noMetrics } from '../../metrics.js';
import { type PushChange, streamChanges } from '../change-stream.js';
import { createWatchState } from '../kubernetes/watch-state.js';
import type { SessionProvider } from '../provider.js';
import { readConnection } from './credentials.js';
import type { Endpoint } from './kubeconfig.js';
import { limitsOf, type TiltLimits } from './limits.js';
import { endpointOf, loadKubeconfig } from './load-kubeconfig.js';
import { createSessionApi } from './session-api.js';
import { watchSessions } from './watch-sessions.js';

/** See {@link createTiltProvider}. */
export interface TiltProviderOptions extends Partial<TiltLimits> {
  /** The path of the kubeconfig; for Tilt's own see `defaultKubeconfigPath`. */
  readonly kubeconfig: string;
  /** Which of its contexts: `tilt-default`, `tilt-10360`, or one of a Kubernetes cluster. */
  readonly context: string;
  /** The provider's name and its Sessions' instance. Default: the context. */
  readonly name?: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Default: nothing is counted. */
  readonly metrics?: Metrics;
}

/**
 * The Sessions of one Tilt, or of a Kubernetes API that has them, by one watch that is always read at full speed.
 *
 * Each `watch()` reads the kubeconfig anew: a Tilt that was started again has another port, token and CA. It throws
 * when the link breaks, with a ProviderError `unreachable`, `refused`, `unreadable` or `config`. What it knows outlives
 * a `watch()`, so that an object which cannot be decoded does not look gone after a reconnect.
 */
export function createTiltProvider(options: TiltProviderOptions): SessionProvider {
  const { kubeconfig, context, name = context, clock, log, metrics = noMetrics } = options;
  const limits = limitsOf(options);
  const state = createWatchState(name);
  let warned = false;

  return {
    name,
    watch: (signal) => streamChanges(run, limits.maxBehind, signal),
    async check() {
      await readConnection(await readEndpoint());
    },
  };

  async function run(push: PushChange, signal: AbortSignal): Promise<void> {
    const endpoint = await readEndpoint();
    warnOnce(endpoint);
    const api = createSessionApi(await readConnection(endpoint), clock, limits);
    const { relists } = metrics.source(name);
    await watchSessions({ api, state, push, clock, log, limits, relists, instance: name }, signal);
  }

  async function readEndpoint(): Promise<Endpoint> {
    return endpointOf(await loadKubeconfig(kubeconfig), context);
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
