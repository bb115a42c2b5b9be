import { type Clock, createAbortScope } from '../../lib/clock.js';
import type { Log } from '../../lib/log.js';
import { createMetrics, type Metrics } from '../../lib/metrics.js';
import type { Change } from '../../model/change.js';
import type { SessionFacts } from '../../model/facts.js';
import type { Session } from '../../model/session.js';
import { createWatchReader } from '../kubernetes/watch-reader.js';
import { createWatchState } from '../kubernetes/watch-state.js';
import { ProviderError, type PushChange, type SessionProvider } from '../provider.js';
import { readServerAccess } from './credentials.js';
import { createFactsComposer } from './facts-composer.js';
import { createFactsGate } from './facts-gate.js';
import { createTiltFacts } from './facts-kinds.js';
import type { WatchEnd } from './follow-watch.js';
import type { TiltLogs } from './hud-logs.js';
import { createKeepAliveAgent, createKindApi, type Kind, SESSIONS } from './kind-api.js';
import type { Endpoint, KubeContext } from './kube-context.js';
import { resolveLimits, type TiltLimits } from './limits.js';
import type { Env } from './proxy.js';
import { watchKind } from './watch-kind.js';

/** Options of {@link createTiltProvider}. */
export interface TiltProviderOptions extends Partial<TiltLimits> {
  /** Context of the kubeconfig: that of a Tilt (`tilt-default`, `tilt-10360`) or of a Kubernetes cluster. */
  readonly context: KubeContext;
  /** Name of the provider and instance of its Sessions. Default: the name of the context. */
  readonly name?: string;
  /** Environment whose `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` apply. Default: empty. */
  readonly env?: Env;
  /** Reader of the log of this Tilt. Default: it is not read. */
  readonly logs?: TiltLogs;
  readonly clock: Clock;
  /** Returns numbers from 0 up to 1, for the jitter of retries of single kinds. Default: `Math.random`. */
  readonly random?: () => number;
  readonly log: Log;
  /** Default: nothing is counted. */
  readonly metrics?: Metrics;
  /** Called with true when the server has returned its Sessions, with false when it is unreachable. */
  readonly onConnection?: (isUp: boolean) => void;
}

/**
 * Creates a provider of the Sessions of one Tilt, or of a Kubernetes API that has them, and of the facts that
 * explain them. It has one watch per kind (`sessions`, `uiresources`, `clusters`), each of which is always
 * read at full speed, and a connection to Tilt's web server if logs are read. Facts or logs that cannot be
 * read do not affect the Sessions.
 *
 * `watch()` rejects when the connection breaks, with a ProviderError `unreachable`, `refused`, `unreadable`
 * or `config`. Known Sessions are kept between two calls, so that an object which cannot be decoded does not
 * seem gone after a reconnect. Each call reads the files that the context refers to (token, certificates)
 * again.
 */
export function createTiltProvider(options: TiltProviderOptions): SessionProvider {
  const { context, name = context.name, env = {}, clock, random = Math.random, log } = options;
  const { metrics = createMetrics(), onConnection } = options;
  const limits = resolveLimits(options);
  const state = createWatchState(name);
  const facts = createTiltFacts(name, context);
  const logs = options.logs?.open({ context, clock, random }) ?? null;
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
    const access = await readServerAccess(endpoint, env);
    const scope = createAbortScope(signal);
    const agent = createKeepAliveAgent(access.server, scope.signal);
    const apiOf = (kind: Kind) => createKindApi(kind, { access, clock, limits, agent });
    const kinds = logs ? [...facts.kinds, logs.kind] : facts.kinds;
    const gate = createFactsGate(kinds, createFactsComposer(readFacts), clock, push);
    const shared = { clock, log, limits, instance: name };
    const { relists } = metrics.source(name);
    let followers: Promise<unknown> | null = null;
    const sessions = {
      ...shared,
      api: apiOf(SESSIONS),
      state,
      createReader: () => createWatchReader(name),
      push: logs ? (change: Change) => logs.push(change, gate) : gate.push,
      onListed() {
        onConnection?.(true);
        // After the Sessions, and after the request for their watch: a `tilt ci` may last 0.2 s, and each
        // TLS handshake takes time.
        followers ??= Promise.resolve().then(() =>
          Promise.all([
            facts.follow({ ...shared, random, apiOf, gate }, scope.signal),
            logs?.follow(gate, scope.signal),
          ]),
        );
      },
      onRelisted(why: WatchEnd['why']) {
        relists[why] += 1;
      },
    };
    try {
      await watchKind(sessions, scope.signal);
    } finally {
      if (!signal.aborted) await logs?.drain();
      gate.end();
      scope.end();
      await followers;
    }
  }

  function readFacts(session: Session): SessionFacts {
    const known = facts.read(session);
    return logs ? logs.attach(session, known) : known;
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
