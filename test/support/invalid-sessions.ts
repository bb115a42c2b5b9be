import fc from 'fast-check';
import { rawSessions } from './arbitraries.js';
import type { Json } from './raw-session.js';

/** A raw Session with one invalid field. */
export interface InvalidSession {
  readonly object: Json;
  /** Path of the invalid field. */
  readonly path: string;
}

/** Any Session with any one field invalid. */
export const invalidSessions: fc.Arbitrary<InvalidSession> = rawSessions.chain((object) =>
  fc
    .constantFrom(...findFields(object, SESSION, []))
    .chain(({ keys, wrong }) => fc.constantFrom(...wrong).map((value) => corrupt(object, keys, value))),
);

/** Returns one copy of the Session for every field and every invalid value of it. */
export function everyInvalidSession(object: Json): InvalidSession[] {
  return findFields(object, SESSION, []).flatMap(({ keys, wrong }) =>
    wrong.map((value) => corrupt(object, keys, value)),
  );
}

function corrupt(object: Json, keys: Keys, value: unknown): InvalidSession {
  return { object: setValue(object, keys, value), path: formatPath(keys) };
}

type Keys = readonly (string | number)[];

/** A field and values that are invalid for it. */
interface CorruptibleField {
  readonly keys: Keys;
  readonly wrong: readonly unknown[];
}

/**
 * Expected shape of a field: a scalar with invalid values, an object, a list, or an object with at most one
 * field.
 */
type Shape =
  | { readonly wrong: readonly unknown[] }
  | { readonly fields: Readonly<Record<string, Shape>> }
  | { readonly items: Shape }
  | { readonly oneOf: Readonly<Record<string, Shape>> };

const notAString = [7, true, [], {}, ['a']];
const notAnObject = ['text', 7, true, [], [{}]];
const notAList = ['text', 7, true, {}];

const TEXT: Shape = { wrong: notAString };
const NAME: Shape = { wrong: [...notAString, null, undefined, ''] };
const REQUIRED: Shape = { wrong: [...notAString, null, undefined] };
const FLAG: Shape = { wrong: ['true', 0, 1, [], {}] };
const INT64: Shape = { wrong: ['12', 1.5, 2 ** 53, -(2 ** 53), 1e300, true, [], {}] };
const TIME: Shape = { wrong: [...notAString, '', 'yesterday', '2026-02-30T00:00:00Z', '2026-11-22'] };
const DURATION: Shape = { wrong: [...notAString, '30', '5 min', '-', '1d', 'm'] };
const MAP: Shape = { fields: {} };

const STATE: Shape = {
  oneOf: {
    waiting: { fields: { waitReason: TEXT } },
    active: { fields: { startTime: TIME, ready: FLAG, lastReadyTime: TIME } },
    terminated: { fields: { startTime: TIME, finishTime: TIME, error: TEXT, graceStatus: TEXT } },
    disabled: { fields: {} },
  },
};

const SESSION: Shape = {
  fields: {
    kind: { wrong: [...notAString, null, '', 'SessionList'] },
    apiVersion: { wrong: [...notAString, null, '', 'v1', 'tilt.dev/v2', 'tilt.dev/v1alpha'] },
    metadata: {
      fields: {
        name: NAME,
        generateName: TEXT,
        namespace: TEXT,
        uid: TEXT,
        resourceVersion: TEXT,
        generation: INT64,
        creationTimestamp: TIME,
        deletionTimestamp: TIME,
        deletionGracePeriodSeconds: INT64,
        labels: MAP,
        annotations: MAP,
        finalizers: { items: REQUIRED },
        ownerReferences: {
          items: {
            fields: {
              apiVersion: REQUIRED,
              kind: REQUIRED,
              name: REQUIRED,
              uid: REQUIRED,
              controller: FLAG,
              blockOwnerDeletion: FLAG,
            },
          },
        },
        managedFields: {
          items: {
            fields: {
              manager: TEXT,
              operation: TEXT,
              apiVersion: TEXT,
              time: TIME,
              fieldsType: TEXT,
              subresource: TEXT,
            },
          },
        },
      },
    },
    spec: {
      fields: {
        tiltfilePath: TEXT,
        exitCondition: TEXT,
        ci: { fields: { k8sGracePeriod: DURATION, timeout: DURATION, readinessTimeout: DURATION } },
      },
    },
    status: {
      fields: {
        done: FLAG,
        pid: INT64,
        startTime: TIME,
        targets: {
          items: { fields: { name: NAME, type: TEXT, resources: { items: REQUIRED }, state: STATE } },
        },
        error: TEXT,
      },
    },
  },
};

function findFields(value: unknown, shape: Shape, keys: Keys): CorruptibleField[] {
  if ('wrong' in shape) return [{ keys, wrong: shape.wrong }];
  if ('items' in shape) return [{ keys, wrong: notAList }, ...findFieldsInItems(value, shape.items, keys)];
  const self = keys.length === 0 ? [] : [{ keys, wrong: notAnObject }];
  if (!isObject(value)) return self;
  const inside = Object.entries('fields' in shape ? shape.fields : pickPresent(shape.oneOf, value));
  return [...self, ...inside.flatMap(([key, field]) => findFields(value[key], field, [...keys, key]))];
}

function findFieldsInItems(value: unknown, shape: Shape, keys: Keys): CorruptibleField[] {
  return Array.isArray(value)
    ? value.flatMap((item, index) => findFields(item, shape, [...keys, index]))
    : [];
}

function pickPresent(shapes: Readonly<Record<string, Shape>>, value: Json): Record<string, Shape> {
  return Object.fromEntries(Object.entries(shapes).filter(([key]) => value[key] != null));
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function formatPath(keys: Keys): string {
  return keys
    .map((key) => (typeof key === 'number' ? `[${key}]` : `.${key}`))
    .join('')
    .slice(1);
}

function setValue(object: Json, keys: Keys, value: unknown): Json {
  const copy = structuredClone(object);
  let parent: Container = copy;
  for (const key of keys.slice(0, -1)) {
    const child = parent[key];
    if (!isContainer(child)) throw new Error(`${formatPath(keys)}: not a container`);
    parent = child;
  }
  parent[keys.at(-1) ?? ''] = value;
  return copy;
}

/** An object or a list. */
type Container = Record<string | number, unknown>;

function isContainer(value: unknown): value is Container {
  return typeof value === 'object' && value !== null;
}
