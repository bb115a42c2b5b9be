import { isRecord } from '../../lib/is-record.js';
import { memoize } from '../../lib/memoize.js';
import { DEFAULT_CLUSTER, decodeCluster, decodeResource } from '../../model/decode-facts.js';
import { type ClusterFacts, NO_FACTS, type ResourceFacts, type SessionFacts } from '../../model/facts.js';
import type { Session } from '../../model/session.js';
import { createFactsState, type FactsState } from '../kubernetes/facts-state.js';
import type { FactsGate } from './facts-gate.js';
import { type FollowFactsOptions, followFacts } from './follow-facts.js';
import { CLUSTERS, type Kind, type KindApi, UI_RESOURCES } from './kind-api.js';
import type { KubeContext } from './kube-context.js';
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

/** Decodes the cluster by which Tilt judges a Session. Others are ignored. */
function decodeDefaultCluster(object: unknown): ClusterFacts | null {
  const metadata = isRecord(object) ? object.metadata : null;
  return isRecord(metadata) && metadata.name === DEFAULT_CLUSTER ? decodeCluster(object) : null;
}
