import { STATUS_CODES } from 'node:http';
import { createBackoff } from '../../lib/backoff.js';
import { sleep } from '../../lib/clock.js';
import { messageOf } from '../../lib/errors.js';
import { isRecord } from '../../lib/is-record.js';
import { memoize } from '../../lib/memoize.js';
import { DEFAULT_CLUSTER, decodeCluster, decodeResource } from '../../model/decode-facts.js';
import { type ClusterFacts, NO_FACTS, type ResourceFacts, type SessionFacts } from '../../model/facts.js';
import type { Session } from '../../model/session.js';
import { createFactsState, type FactsObject, type FactsState } from '../kubernetes/facts-state.js';
import { ProviderError } from '../provider.js';
import type { FactsGate } from './facts-gate.js';
import { CLUSTERS, type Kind, type KindApi, UI_RESOURCES } from './kind-api.js';
import type { KubeContext } from './kube-context.js';
import { ResponseError } from './response-error.js';
import { type WatchKindOptions, watchKind } from './watch-kind.js';
import { findWebUrl } from './web-url.js';

/** Facts that explain the Sessions of one API server. */
export interface TiltFacts {
  /** Plurals of the kinds that they come from. */
  readonly kinds: readonly string[];
  /**
   * Returns the newest facts about a Session: the same object until they change. Those of another namespace
   * explain other Sessions, which a client may not be allowed to see.
   */
  read(session: Session): SessionFacts;
  /** Lists and watches each of the kinds until the signal aborts. Never rejects. */
  follow(options: FollowKindsOptions, signal: AbortSignal): Promise<void>;
}

/** Dependencies of one watch of all kinds. */
export interface FollowKindsOptions
  extends Pick<FollowFactsOptions<object>, 'clock' | 'limits' | 'log' | 'instance' | 'random'> {
  apiOf(kind: Kind): KindApi;
  readonly gate: FactsGate;
}

/**
 * Creates the facts of an API server. They are kept between two watches, so that a reconnect does not make
 * them unknown.
 *
 * @param source instance of the Sessions that have no namespace
 */
export function createTiltFacts(source: string, context: KubeContext): TiltFacts {
  const resources = createFactsState(source, decodeResource);
  const clusters = createFactsState(source, decodeDefaultCluster);
  const nothing: SessionFacts = { ...NO_FACTS, webUrl: findWebUrl(context) };
  // Lives as long as the objects: an API server may have many namespaces that come and go.
  const compose = memoize((list: readonly ResourceFacts[]) =>
    memoize(
      (cluster: ClusterFacts): SessionFacts => ({
        ...nothing,
        resources: list === UNKNOWN ? null : list,
        cluster: cluster === NO_CLUSTER ? null : cluster,
      }),
    ),
  );

  return {
    kinds: [UI_RESOURCES.plural, CLUSTERS.plural],
    read({ instance }) {
      const [cluster = NO_CLUSTER] = clusters.valuesOf(instance) ?? [];
      return compose(resources.valuesOf(instance) ?? UNKNOWN)(cluster);
    },
    async follow(options, signal) {
      await Promise.all([
        followKind(UI_RESOURCES, resources, 'facts about resources', options, signal),
        followKind(CLUSTERS, clusters, 'facts about the cluster', options, signal),
      ]);
    },
  };
}

const UNKNOWN: readonly ResourceFacts[] = [];
const NO_CLUSTER: ClusterFacts = { error: null };

/** Decodes the cluster by which Tilt judges a Session. Others are ignored. */
function decodeDefaultCluster(object: unknown): ClusterFacts | null {
  const metadata = isRecord(object) ? object.metadata : null;
  return isRecord(metadata) && metadata.name === DEFAULT_CLUSTER ? decodeCluster(object) : null;
}

function followKind<F>(
  kind: Kind,
  state: FactsState<F>,
  provides: string,
  { apiOf, gate, ...options }: FollowKindsOptions,
  signal: AbortSignal,
): Promise<void> {
  const { plural } = kind;
  return followFacts(
    {
      ...options,
      api: apiOf(kind),
      state,
      provides,
      onChange: gate.factsChanged,
      onSettled: () => gate.settled(plural),
      onAvailability: (error) => gate.push({ type: 'availability', kind: plural, error }),
    },
    signal,
  );
}

/** Options of {@link followFacts}. */
interface FollowFactsOptions<F>
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
async function followFacts<F>(options: FollowFactsOptions<F>, signal: AbortSignal): Promise<void> {
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
