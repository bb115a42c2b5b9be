import fc from 'fast-check';
import { rawClusters, rawResources } from '../../support/fact-arbitraries.js';
import { clusterJson, resourceJson } from '../../support/fact-json.js';
import { applyEdits, jsonEdits } from './json.js';
import { awkwardTexts, counts } from './texts.js';

/** Small objects, in which every edit matters. The resource is the one that `hostileSessions` refer to. */
const SMALL: readonly unknown[] = [
  resourceJson('a', {
    uid: 'r',
    resourceVersion: '7',
    labels: ['backend'],
    on: ['b', 'a'],
    status: {
      endpointLinks: [{ url: 'http://localhost:8080', name: 'page' }],
      triggerMode: 2,
      hasPendingChanges: true,
      queued: false,
      disableStatus: { state: 'Enabled' },
      conditions: [{ type: 'Ready', status: 'False', reason: 'UpdatePending' }],
      order: 1,
    },
  }),
  resourceJson('a', { uid: 'r', resourceVersion: '8', status: { k8sResourceInfo: {} } }),
  resourceJson('b', { on: ['a'] }),
  clusterJson('connection refused'),
  clusterJson(''),
  clusterJson('refused', 'another'),
];

/** A resource whose names are hostile, or that waits for up to 10,000 objects. */
const hostileReferences = fc
  .tuple(awkwardTexts, fc.array(awkwardTexts, { maxLength: 4 }), counts(10_000))
  .map(([name, others, count]) => {
    const names = [name, 'a', 'b', ...others];
    return resourceJson(name, {
      labels: others,
      on: Array.from({ length: count }, (_, index) => names[index % names.length] ?? ''),
    });
  });

/** A raw `UIResource` or `Cluster`, unchanged or with some edits. */
export const hostileFacts: fc.Arbitrary<unknown> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .tuple(fc.constantFrom(...SMALL), jsonEdits)
      .map(([object, edits]) => applyEdits(object, edits)),
  },
  { weight: 2, arbitrary: hostileReferences },
  { weight: 1, arbitrary: fc.oneof(rawResources(), rawClusters) },
);
