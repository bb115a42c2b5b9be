import fc from 'fast-check';
import { decodeSession } from '../../src/model/decode.js';
import { decodeCluster, decodeResource } from '../../src/model/decode-facts.js';
import type { SessionFacts } from '../../src/model/facts.js';
import type { LogLine, TargetExcerpt } from '../../src/model/log.js';
import type { Session } from '../../src/model/session.js';
import { flags, lists, newerFields, objects, rawStates, roundTripJson, texts } from './arbitraries.js';
import type { Json } from './raw-session.js';
import { sessionJson } from './session-json.js';

const times = fc.constantFrom('2026-11-26T01:40:49.526108Z', '2026-11-26T01:40:50.233Z');

/** Names of resources, some of which are special in JavaScript. */
export const RESOURCE_NAMES = ['(Tiltfile)', '__proto__', 'api', 'constructor', 'db', 'e2e', 'web'] as const;

/**
 * Raw objects that a resource waits for: any of the resources, so that cycles, self-references and
 * repetitions occur; a resource that does not exist; other kinds. More than the gateway keeps, at times.
 */
function references(names: readonly string[]): fc.Arbitrary<Json[]> {
  const resource = fc
    .constantFrom(...names, 'missing')
    .map((name) => ({ group: 'tilt.dev', apiVersion: 'v1alpha1', kind: 'UIResource', name }));
  const other = fc.constantFrom(
    { group: 'tilt.dev', apiVersion: 'v1alpha1', kind: 'Cluster', name: 'default' },
    { kind: 'ConfigMap', name: 'api' },
    { kind: '', name: '' },
  );
  const any = fc.oneof({ weight: 4, arbitrary: resource }, { weight: 1, arbitrary: other });
  return fc.oneof(
    { weight: 9, arbitrary: fc.array(any, { maxLength: 5 }) },
    { weight: 1, arbitrary: fc.array(any, { minLength: 30, maxLength: 40 }) },
  );
}

/**
 * A raw `UIResource` as a current or newer Tilt may send it, with all or some fields.
 *
 * @param names names of the resource and of those that it waits for. Default: {@link RESOURCE_NAMES}
 */
export function rawResources(names: readonly string[] = RESOURCE_NAMES): fc.Arbitrary<Json> {
  const label = fc.constantFrom('backend', 'frontend', '__proto__', 'größe', '');
  const metadata = objects(
    {
      name: fc.constantFrom(...names),
      uid: fc.uuid(),
      resourceVersion: fc.nat(99).map(String),
      labels: lists(label).map((all) => all && Object.fromEntries(all.map((one) => [one, one]))),
    },
    ['name'],
  );
  const status = objects({
    endpointLinks: lists(objects({ url: fc.webUrl(), name: texts }, ['url'])),
    localResourceInfo: fc.constantFrom(null, {}, { pid: '12' }),
    k8sResourceInfo: fc.constantFrom(null, null, { podName: 'api-1' }),
    composeResourceInfo: fc.constantFrom(null, null, {}),
    triggerMode: fc.constantFrom(null, 0, 1, 2, 3, 4, -1),
    hasPendingChanges: flags,
    queued: flags,
    disableStatus: fc.constantFrom(null, {}, { state: 'Enabled' }, { state: 'Disabled' }),
    conditions: lists(
      objects({
        type: fc.constantFrom('Ready', 'UpToDate', 'Newer', '', null),
        status: fc.constantFrom('True', 'False', 'Unknown'),
        reason: texts,
      }),
    ),
    waiting: fc.option(objects({ reason: texts, on: fc.option(references(names)) })),
    order: fc.constantFrom(null, 0, 1, 2, -1),
    updateStatus: fc.oneof(texts, fc.constantFrom('pending', 'in_progress', 'error')),
    buildHistory: lists(
      objects({
        startTime: fc.option(times),
        finishTime: fc.option(times),
        error: texts,
        warnings: newerFields,
      }),
    ),
  });
  return objects(
    {
      kind: fc.constant('UIResource'),
      apiVersion: fc.constant('tilt.dev/v1alpha1'),
      metadata,
      status: fc.option(status),
    },
    ['kind', 'apiVersion', 'metadata'],
  ).map(roundTripJson);
}

/** The raw `Cluster` named `default`, which can be reached or not. */
export const rawClusters: fc.Arbitrary<Json> = objects(
  {
    kind: fc.constant('Cluster'),
    apiVersion: fc.constant('tilt.dev/v1alpha1'),
    metadata: fc.constant({ name: 'default' }),
    status: fc.option(objects({ error: fc.oneof(texts, fc.constant('dial tcp:\nconnection refused')) })),
  },
  ['kind', 'apiVersion', 'metadata'],
).map(roundTripJson);

/**
 * Facts about some of the resources of these names, and a cluster. Each part may be unknown.
 *
 * @param names Default: {@link RESOURCE_NAMES}
 */
export function sessionFacts(names: readonly string[] = RESOURCE_NAMES): fc.Arbitrary<SessionFacts> {
  const resources = fc
    .uniqueArray(rawResources(names).map(decodeResource), { selector: ({ name }) => name })
    .map((all) => all.toSorted((a, b) => (a.name < b.name ? -1 : 1)));
  return fc.record(
    {
      resources: fc.option(resources),
      cluster: fc.option(rawClusters.map(decodeCluster)),
      webUrl: fc.constantFrom(null, 'http://localhost:10350'),
    },
    { noNullPrototype: true },
  );
}

/** The same, mostly with excerpts of the log. */
export function factsWithExcerpts(names?: readonly string[]): fc.Arbitrary<SessionFacts> {
  return fc
    .tuple(sessionFacts(names), fc.option(fc.array(excerpts, { maxLength: 3 }), { nil: undefined, freq: 3 }))
    .map(([facts, list]) => (list ? { ...facts, excerpts: list } : facts));
}

const excerpts: fc.Arbitrary<TargetExcerpt> = fc.record(
  {
    target: fc.constantFrom('unit:update', '__proto__:update'),
    startTime: fc.option(times),
    finishTime: fc.option(times),
    lines: fc.array(
      fc.record<LogLine>(
        {
          time: times,
          level: fc.constantFrom('none', 'debug', 'verbose', 'info', 'warn', 'error', 'unknown'),
          resource: fc.constantFrom('unit', '(Tiltfile)', ''),
          target: fc.constantFrom('unit:update', 'unit:serve', null),
          styledText: fc.constantFrom('', 'running 3 tests', '\u001b[31mFAIL\u001b[0m größe\t1', '}"\\'),
        },
        { noNullPrototype: true },
      ),
      { maxLength: 3 },
    ),
    omitted: fc.nat(),
    isFinal: fc.boolean(),
  },
  { noNullPrototype: true },
);

/** Targets of the resources, some of which have several resources, the same one twice, or none. */
const rawTargets: fc.Arbitrary<Json[]> = fc.uniqueArray(
  fc.record<Json>({
    name: fc
      .tuple(fc.constantFrom(...RESOURCE_NAMES), fc.constantFrom('update', 'serve', 'runtime'))
      .map(([name, suffix]) => `${name}:${suffix}`),
    type: fc.constantFrom('job', 'server'),
    resources: fc.array(fc.constantFrom(...RESOURCE_NAMES, 'unlisted'), { maxLength: 3 }),
    // The reason that Tilt gives for a target which waits for a person, more often than any other state.
    state: fc.oneof(fc.constant({ waiting: { waitReason: 'unknown' } }), rawStates),
  }),
  { selector: ({ name }) => name },
);

/** Any Session of an instance, mostly with facts. */
export function sessionsWithFacts(instance: string): fc.Arbitrary<Session> {
  return fc
    .record({
      uid: fc.constantFrom('run-1', 'run-1', 'run-2'),
      targets: rawTargets,
      facts: fc.option(sessionFacts(), { nil: undefined, freq: 4 }),
    })
    .map(({ uid, targets, facts }) => ({
      ...decodeSession(sessionJson({ uid, targets }), instance),
      ...(facts && { facts }),
    }));
}
