import { isRecord } from '../../lib/is-record.js';
import { DEFAULT_CLUSTER, decodeCluster, decodeResource } from '../../model/decode-facts.js';
import { type ClusterFacts, NO_FACTS, type ResourceFacts, type SessionFacts } from '../../model/facts.js';
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
  /** Returns the newest facts: the same object until they change. */
  read(): SessionFacts;
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
 * @param source instance of the Sessions
 */
export function createTiltFacts(source: string, context: KubeContext): TiltFacts {
  const resources = createFactsState(source, decodeResource);
  const clusters = createFactsState(source, decodeDefaultCluster);
  let facts: SessionFacts = { ...NO_FACTS, webUrl: findWebUrl(context) };
  let known: readonly [readonly ResourceFacts[] | null, ClusterFacts | null] = [null, null];

  return {
    kinds: [UI_RESOURCES.plural, CLUSTERS.plural],
    read() {
      const [cluster = null] = clusters.values ?? [];
      if (resources.values === known[0] && cluster === known[1]) return facts;
      known = [resources.values, cluster];
      facts = { ...facts, resources: resources.values, cluster };
      return facts;
    },
    async follow(options, signal) {
      await Promise.all([
        followKind(UI_RESOURCES, resources, 'facts about resources', options, signal),
        followKind(CLUSTERS, clusters, 'facts about the cluster', options, signal),
      ]);
    },
  };
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

/** Decodes the cluster by which Tilt judges a Session. Others are ignored. */
function decodeDefaultCluster(object: unknown): ClusterFacts | null {
  const metadata = isRecord(object) ? object.metadata : null;
  return isRecord(metadata) && metadata.name === DEFAULT_CLUSTER ? decodeCluster(object) : null;
}
