import { isMicroTime, type MicroTime } from './micro-time.js';
import type {
  ActiveState,
  KeyValue,
  ManagedFieldsEntry,
  ObjectMeta,
  OwnerReference,
  Session,
  SessionCI,
  SessionSpec,
  SessionStatus,
  Target,
  TargetState,
  TerminatedState,
} from './session.js';
import { sessionIdOf } from './session.js';

/** A field that is not what `tilt.dev/v1alpha1` says: `status.targets[3].state: expected …, got …`. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError';
  /** From the object's root to the field: `status.targets[3].state`. Empty for the object itself. */
  readonly path: string;

  constructor(
    readonly expected: string,
    readonly got: unknown,
    private readonly keys: readonly (string | number)[] = [],
  ) {
    const path = pathOf(keys);
    super(`${path === '' ? 'Session' : path}: expected ${expected}, got ${describe(got)}`);
    this.path = path;
  }

  /** The same error seen from one level further out. */
  within(key: string | number): DecodeError {
    return new DecodeError(this.expected, this.got, [key, ...this.keys]);
  }
}

/**
 * Reads a Session from JSON, or throws a {@link DecodeError}. Pure. Absent and null lists are empty; a zero time is
 * null (Go's zero time is `null` on the wire); fields and enum values of a newer Tilt are tolerated.
 *
 * @param instance which Tilt it is of; the first half of the Session's id
 */
export function decodeSession(value: unknown, instance: string): Session {
  const object = record(value);
  const kind = field(object, 'kind', string);
  if (kind !== 'Session') throw new DecodeError('"Session"', kind, ['kind']);
  const apiVersion = field(object, 'apiVersion', string);
  if (!/^tilt\.dev\/v1(alpha|beta|$)/.test(apiVersion)) {
    throw new DecodeError('"tilt.dev/v1alpha1"', apiVersion, ['apiVersion']);
  }
  const metadata = field(object, 'metadata', decodeMeta);
  return {
    id: sessionIdOf(instance, metadata.name),
    instance,
    apiVersion,
    kind,
    metadata,
    spec: field(object, 'spec', decodeSpec),
    status: field(object, 'status', decodeStatus),
  };
}

function decodeMeta(value: unknown): ObjectMeta {
  const meta = record(value);
  return {
    name: field(meta, 'name', nonEmptyString),
    generateName: field(meta, 'generateName', optionalString),
    namespace: field(meta, 'namespace', optionalString),
    uid: field(meta, 'uid', optionalString),
    resourceVersion: field(meta, 'resourceVersion', optionalString),
    generation: field(meta, 'generation', optionalInt64),
    creationTimestamp: field(meta, 'creationTimestamp', optionalTime),
    deletionTimestamp: field(meta, 'deletionTimestamp', optionalTime),
    deletionGracePeriodSeconds: field(meta, 'deletionGracePeriodSeconds', optionalInt64),
    labels: field(meta, 'labels', keyValues),
    annotations: field(meta, 'annotations', keyValues),
    finalizers: field(meta, 'finalizers', strings),
    ownerReferences: field(meta, 'ownerReferences', (list) => listOf(list, decodeOwner)),
    managedFields: field(meta, 'managedFields', (list) => listOf(list, decodeManagedFields)),
  };
}

function decodeOwner(value: unknown): OwnerReference {
  const owner = record(value);
  return {
    apiVersion: field(owner, 'apiVersion', string),
    kind: field(owner, 'kind', string),
    name: field(owner, 'name', string),
    uid: field(owner, 'uid', string),
    controller: field(owner, 'controller', flag),
    blockOwnerDeletion: field(owner, 'blockOwnerDeletion', flag),
  };
}

function decodeManagedFields(value: unknown): ManagedFieldsEntry {
  const entry = record(value);
  return {
    manager: field(entry, 'manager', optionalString),
    operation: field(entry, 'operation', optionalString),
    apiVersion: field(entry, 'apiVersion', optionalString),
    time: field(entry, 'time', optionalTime),
    fieldsType: field(entry, 'fieldsType', optionalString),
    subresource: field(entry, 'subresource', optionalString),
    fieldsV1: entry.fieldsV1 ?? null,
  };
}

function decodeSpec(value: unknown): SessionSpec {
  const spec = record(value);
  return {
    tiltfilePath: field(spec, 'tiltfilePath', optionalString) ?? '',
    exitCondition: oneOf(field(spec, 'exitCondition', optionalString), EXIT_CONDITIONS),
    ci: field(spec, 'ci', (ci) => (ci == null ? null : decodeCI(ci))),
  };
}

function decodeCI(value: unknown): SessionCI {
  const ci = record(value);
  return {
    k8sGracePeriod: field(ci, 'k8sGracePeriod', optionalDuration),
    timeout: field(ci, 'timeout', optionalDuration),
    readinessTimeout: field(ci, 'readinessTimeout', optionalDuration),
  };
}

function decodeStatus(value: unknown): SessionStatus {
  // A Session that was only just created may have no status yet.
  const status = value == null ? {} : record(value);
  return {
    done: field(status, 'done', flag),
    pid: field(status, 'pid', optionalInt64),
    startTime: field(status, 'startTime', optionalTime),
    targets: field(status, 'targets', decodeTargets),
    error: field(status, 'error', optionalString),
  };
}

function decodeTargets(value: unknown): Target[] {
  const targets = listOf(value, decodeTarget);
  const names = new Set<string>();
  for (const { name } of targets) {
    if (names.has(name)) throw new DecodeError('a name used once in the Session', name, [names.size, 'name']);
    names.add(name);
  }
  return targets;
}

function decodeTarget(value: unknown): Target {
  const target = record(value);
  return {
    name: field(target, 'name', nonEmptyString),
    type: oneOf(field(target, 'type', optionalString), TARGET_TYPES),
    resources: field(target, 'resources', strings),
    state: field(target, 'state', decodeState),
  };
}

function decodeState(value: unknown): TargetState {
  if (value == null) return INACTIVE;
  const state = record(value);
  switch (populatedOf(state)) {
    case 'waiting':
      return field(state, 'waiting', decodeWaiting);
    case 'active':
      return field(state, 'active', decodeActive);
    case 'terminated':
      return field(state, 'terminated', decodeTerminated);
    case 'disabled':
      return field(state, 'disabled', decodeDisabled);
    default:
      return decodeUnknownState(state);
  }
}

function populatedOf(state: JsonObject): (typeof STATES)[number] | null {
  let populated: (typeof STATES)[number] | null = null;
  for (const key of STATES) {
    if (state[key] == null) continue;
    if (populated !== null) throw new DecodeError('at most one state populated', `${populated} and ${key}`);
    populated = key;
  }
  return populated;
}

/** None of the known states: inactive, or a state of a newer Tilt. */
function decodeUnknownState(state: JsonObject): TargetState {
  const unknown = Object.keys(state).find((key) => state[key] != null);
  // As inactive it would be left out of the verdict, which could be a false green.
  return unknown === undefined ? INACTIVE : { is: 'waiting', waitReason: `unknown state ${quote(unknown)}` };
}

function decodeWaiting(value: unknown): TargetState {
  return { is: 'waiting', waitReason: field(record(value), 'waitReason', optionalString) ?? '' };
}

function decodeDisabled(value: unknown): TargetState {
  record(value);
  return DISABLED;
}

function decodeActive(value: unknown): ActiveState {
  const active = record(value);
  return {
    is: 'active',
    startTime: field(active, 'startTime', optionalTime),
    ready: field(active, 'ready', flag),
    lastReadyTime: field(active, 'lastReadyTime', optionalTime),
  };
}

function decodeTerminated(value: unknown): TerminatedState {
  const terminated = record(value);
  return {
    is: 'terminated',
    startTime: field(terminated, 'startTime', optionalTime),
    finishTime: field(terminated, 'finishTime', optionalTime),
    error: field(terminated, 'error', optionalString),
    graceStatus: oneOf(field(terminated, 'graceStatus', optionalString) ?? '', GRACE_STATUSES),
  };
}

const INACTIVE: TargetState = { is: 'inactive' };
const DISABLED: TargetState = { is: 'disabled' };
const STATES = ['waiting', 'active', 'terminated', 'disabled'] as const;
const EXIT_CONDITIONS = new Map([
  ['manual', 'manual'],
  ['ci', 'ci'],
] as const);
const TARGET_TYPES = new Map([
  ['job', 'job'],
  ['server', 'server'],
] as const);
const GRACE_STATUSES = new Map([
  ['', 'not-applicable'],
  ['Tolerated', 'tolerated'],
  ['Exceeded', 'exceeded'],
] as const);

type JsonObject = Readonly<Record<string, unknown>>;

/** One field of an object; an error inside it gets the field's name in front. */
function field<T>(object: JsonObject, key: string, decode: (value: unknown) => T): T {
  try {
    return decode(object[key]);
  } catch (error) {
    throw error instanceof DecodeError ? error.within(key) : error;
  }
}

function listOf<T>(value: unknown, decode: (value: unknown) => T): T[] {
  if (value == null) return [];
  if (!Array.isArray(value)) throw new DecodeError('a list', value);
  const list: T[] = [];
  try {
    for (const item of value) list.push(decode(item));
  } catch (error) {
    throw error instanceof DecodeError ? error.within(list.length) : error;
  }
  return list;
}

function record(value: unknown): JsonObject {
  if (isObject(value)) return value;
  throw new DecodeError('an object', value);
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function string(value: unknown): string {
  if (typeof value !== 'string') throw new DecodeError('a string', value);
  return value;
}

function nonEmptyString(value: unknown): string {
  if (typeof value !== 'string' || value === '') throw new DecodeError('a string that is not empty', value);
  return value;
}

/** Go leaves a zero string out or writes it empty: both are null here. */
function optionalString(value: unknown): string | null {
  return value == null || value === '' ? null : string(value);
}

function strings(value: unknown): string[] {
  return listOf(value, string);
}

function flag(value: unknown): boolean {
  if (value == null) return false;
  if (typeof value !== 'boolean') throw new DecodeError('true or false', value);
  return value;
}

/** An int64; beyond 2^53 `JSON.parse` has already rounded it, so it is refused. */
function optionalInt64(value: unknown): number | null {
  if (value == null) return null;
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) {
    throw new DecodeError('a whole number within 2^53', value);
  }
  return value;
}

/** Go's zero time is `null` on the wire, or `0001-01-01T00:00:00Z` from writers that do not know that. */
function optionalTime(value: unknown): MicroTime | null {
  if (value == null || value === '0001-01-01T00:00:00Z') return null;
  if (typeof value !== 'string' || !isMicroTime(value)) throw new DecodeError('an RFC 3339 time', value);
  return value;
}

const GO_DURATION = /^[+-]?(0|((\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h))+)$/;

/** Go's `time.Duration` as text (`time.ParseDuration`): `30m0s`. */
function optionalDuration(value: unknown): string | null {
  if (value == null || value === '') return null;
  if (typeof value !== 'string' || !GO_DURATION.test(value))
    throw new DecodeError('a duration such as 30m0s', value);
  return value;
}

function keyValues(value: unknown): KeyValue[] {
  if (value == null) return [];
  const object = record(value);
  return Object.keys(object)
    .sort()
    .map((key) => ({ key, value: field(object, key, string) }));
}

/** The model's word for a value of an enum; a value of a newer Tilt is `unknown`. */
function oneOf<V extends string>(text: string | null, known: ReadonlyMap<string, V>): V | 'unknown' {
  return known.get(text ?? '') ?? 'unknown';
}

function pathOf(keys: readonly (string | number)[]): string {
  return keys
    .map((key) =>
      typeof key === 'number'
        ? `[${key}]`
        : /^[A-Za-z_]\w*$/.test(key)
          ? `.${key}`
          : `[${JSON.stringify(key)}]`,
    )
    .join('')
    .replace(/^\./, '');
}

/** What came, short enough for one line. */
function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (isObject(value)) return 'an object';
  return typeof value === 'string' ? quote(value) : String(value);
}

/** A text as JSON writes it, in one line, and cut short. */
function quote(text: string): string {
  const start = text.length > 60 ? `${text.slice(0, 59)}…` : text;
  return JSON.stringify(start).replace(/[\u007f-\u009f\u2028\u2029]/g, '\ufffd');
}
