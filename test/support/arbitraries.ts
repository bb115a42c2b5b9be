import fc from 'fast-check';
import type { Json } from './raw-session.js';

/** An RFC 3339 time between 1970 and 2200, with any number of digits to the nanosecond, in UTC or not. */
export const microTimes: fc.Arbitrary<string> = fc
  .tuple(
    fc.date({ min: new Date('1970-01-01'), max: new Date('2200-01-01'), noInvalidDate: true }),
    fc.string({ unit: fc.constantFrom(...'0123456789'), maxLength: 9 }),
    fc.constantFrom('Z', '+00:00', '-08:00', '+05:30'),
  )
  .map(([date, digits, zone]) => date.toISOString().slice(0, 19) + (digits && `.${digits}`) + zone);

/** A time, or one of the ways Tilt writes a missing time. */
const optionalTimes = fc.oneof(
  { weight: 4, arbitrary: microTimes },
  { weight: 1, arbitrary: fc.constantFrom(null, '0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000000Z') },
);

/** A text, or one of the ways in which Tilt writes a missing one. */
export const texts = fc.oneof(fc.string(), fc.constantFrom('', null, 'two\nlines', 'exit status 1'));
const int64s = fc.oneof(fc.nat(), fc.maxSafeInteger(), fc.constant(null));
const durations = fc.constantFrom('30m0s', '5m0s', '0s', '1h2m3.5s', '-1.5h', '100µs', '', null);
/** A boolean, or null. */
export const flags = fc.oneof(fc.boolean(), fc.constant(null));
/** A field of a newer Tilt. */
export const newerFields = fc.jsonValue({ maxDepth: 1 });
/** A short list, which may be empty or null. */
export const lists = <T>(items: fc.Arbitrary<T>): fc.Arbitrary<readonly T[] | null> =>
  fc.oneof(fc.array(items, { maxLength: 3 }), fc.constant(null), fc.constant([]));
const maps = fc.oneof(
  fc.dictionary(
    fc.oneof(fc.string(), fc.constantFrom('__proto__', 'constructor', 'tilt.dev/resource')),
    fc.string(),
    { maxKeys: 3 },
  ),
  fc.constant(null),
);

/** An object whose optional fields may be absent and which may have a field of a newer Tilt. */
export function objects<K extends string>(
  fields: Record<K, fc.Arbitrary<unknown>>,
  required: readonly string[] = [],
): fc.Arbitrary<Json> {
  const requiredKeys = Object.keys(fields).filter((key) => required.includes(key));
  return fc.record<Json>({ ...fields, newerField: newerFields }, { requiredKeys });
}

/** A raw `TargetState`: each known state, no state, null, and a state of a newer Tilt. */
export const rawStates: fc.Arbitrary<Json | null> = fc.oneof(
  fc.constantFrom<Json | null>(null, {}, { disabled: {} }, { waiting: null, active: null }),
  fc.record({ paused: objects({}) }),
  fc.record({ waiting: objects({ waitReason: texts }) }),
  fc.record({ active: objects({ startTime: optionalTimes, ready: flags, lastReadyTime: optionalTimes }) }),
  fc.record({
    terminated: objects({
      startTime: optionalTimes,
      finishTime: optionalTimes,
      error: texts,
      graceStatus: fc.constantFrom('', null, 'Tolerated', 'Exceeded', 'Forgiven'),
    }),
  }),
);

const targetNames = fc.oneof(
  fc.string({ minLength: 1 }),
  fc.constantFrom('tiltfile:update', 'api:update', 'api:serve', 'db:runtime', '__proto__', 'constructor'),
);

/** A raw list of targets, or null. */
const rawTargets = fc.oneof(
  { weight: 1, arbitrary: fc.constant(null) },
  {
    weight: 9,
    arbitrary: fc.array(
      objects(
        {
          name: targetNames,
          type: fc.constantFrom('job', 'server', 'daemon', '', null),
          resources: lists(fc.string()),
          state: rawStates,
        },
        ['name'],
      ),
      { maxLength: 6 },
    ),
  },
);

const metadata = objects(
  {
    name: fc.constantFrom('Tiltfile', 'another'),
    generateName: texts,
    namespace: texts,
    uid: texts,
    resourceVersion: texts,
    generation: int64s,
    creationTimestamp: optionalTimes,
    deletionTimestamp: optionalTimes,
    deletionGracePeriodSeconds: int64s,
    labels: maps,
    annotations: maps,
    finalizers: lists(fc.string()),
    ownerReferences: lists(
      objects(
        {
          apiVersion: fc.string(),
          kind: fc.string(),
          name: fc.string(),
          uid: fc.string(),
          controller: flags,
          blockOwnerDeletion: flags,
        },
        ['apiVersion', 'kind', 'name', 'uid'],
      ),
    ),
    managedFields: lists(
      objects({
        manager: texts,
        operation: texts,
        apiVersion: texts,
        time: optionalTimes,
        fieldsType: texts,
        subresource: texts,
        fieldsV1: newerFields,
      }),
    ),
  },
  ['name'],
);

const spec = objects({
  tiltfilePath: texts,
  exitCondition: fc.constantFrom('manual', 'ci', 'never', '', null),
  ci: fc.oneof(
    fc.constant(null),
    objects({ k8sGracePeriod: durations, timeout: durations, readinessTimeout: durations }),
  ),
});

const status = objects({
  done: flags,
  pid: int64s,
  startTime: optionalTimes,
  targets: rawTargets,
  error: texts,
});

/** A raw Session as a current or newer Tilt may send it, with all or some fields, after a JSON round trip. */
export const rawSessions: fc.Arbitrary<Json> = objects(
  {
    kind: fc.constant('Session'),
    apiVersion: fc.constantFrom('tilt.dev/v1alpha1', 'tilt.dev/v1beta2', 'tilt.dev/v1'),
    metadata,
    spec,
    status: fc.oneof({ weight: 9, arbitrary: status }, { weight: 1, arbitrary: fc.constant(null) }),
  },
  ['kind', 'apiVersion', 'metadata', 'spec'],
).map(roundTripJson);

/** Encodes an object as JSON and parses it again. */
export function roundTripJson(object: Json): Json {
  return JSON.parse(JSON.stringify(object));
}
