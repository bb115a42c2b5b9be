import type { SessionJson } from './session-json.js';

/** Creates a UIResource of a local resource in wire format. */
export function resourceJson(
  name: string,
  status: Readonly<Record<string, unknown>> = {},
  metadata: Readonly<Record<string, unknown>> = {},
): SessionJson {
  return {
    kind: 'UIResource',
    apiVersion: 'tilt.dev/v1alpha1',
    metadata: { name, ...metadata },
    status: { localResourceInfo: {}, ...status },
  };
}

/** Creates a Cluster in wire format. */
export function clusterJson(error: string | null, name = 'default'): SessionJson {
  return {
    kind: 'Cluster',
    apiVersion: 'tilt.dev/v1alpha1',
    metadata: { name },
    status: error === null ? {} : { error },
  };
}
