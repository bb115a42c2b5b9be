import type { ResourceFields } from '../../src/client/client.js';

/** Creates a resource as a client receives it, up to date. */
export function resourceFields(name: string, fields: Partial<ResourceFields> = {}): ResourceFields {
  return {
    name,
    labels: [],
    kind: 'LOCAL',
    order: 1,
    triggerMode: 'AUTO',
    hasPendingChanges: false,
    queued: false,
    tiltUrl: `http://localhost:10350/r/${name}/overview`,
    links: [],
    conditions: [],
    waitingOn: [],
    ...fields,
  };
}
