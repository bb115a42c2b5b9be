import type { Json } from './raw-session.js';

/** Options of {@link resourceJson}. */
export interface ResourceJsonOptions {
  /** Default: none, as in the output of a program that assigns none. */
  readonly uid?: string;
  readonly resourceVersion?: string;
  /** Labels, which Tilt uses as the keys and as the values. */
  readonly labels?: readonly string[];
  /** Names of the resources that it waits for. */
  readonly on?: readonly string[];
  /** Further fields of the status. */
  readonly status?: Json;
}

/** Creates a `UIResource` of a local resource in wire format. */
export function resourceJson(name: string, options: ResourceJsonOptions = {}): Json {
  const { uid, resourceVersion, labels, on, status } = options;
  return {
    kind: 'UIResource',
    apiVersion: 'tilt.dev/v1alpha1',
    metadata: {
      name,
      ...(uid !== undefined && { uid }),
      ...(resourceVersion !== undefined && { resourceVersion }),
      ...(labels && { labels: Object.fromEntries(labels.map((label) => [label, label])) }),
    },
    status: {
      localResourceInfo: {},
      ...(on && { waiting: { reason: 'waiting-for-dep', on: on.map(toReference) } }),
      ...status,
    },
  };
}

function toReference(name: string): Json {
  return { group: 'tilt.dev', apiVersion: 'v1alpha1', kind: 'UIResource', name };
}

/** Creates a `UIResource` that cannot be decoded because `queued` is a text. */
export function brokenResourceJson(name: string, options: ResourceJsonOptions = {}): Json {
  return resourceJson(name, { ...options, status: { queued: 'soon' } });
}

/** Creates a `Cluster` in wire format. An empty error means that it can be reached. */
export function clusterJson(error: string, name = 'default'): Json {
  return {
    kind: 'Cluster',
    apiVersion: 'tilt.dev/v1alpha1',
    metadata: { name },
    status: error === '' ? {} : { error },
  };
}

/** Returns an object in wire format with a namespace. */
export function inNamespace(namespace: string, object: Json): Json {
  return { ...object, metadata: { ...Object(object.metadata), namespace } };
}
