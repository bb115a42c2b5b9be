import {
  createJsonReader,
  DecodeError,
  defineEnum,
  enumValue,
  field,
  flag,
  keyValues,
  listOf,
  nonEmptyString,
  optionalDuration,
  optionalInt64,
  optionalString,
  optionalTime,
  record,
  string,
  strings,
} from './decode-fields.js';
import { decodeTargets } from './decode-targets.js';
import {
  type ManagedFieldsEntry,
  type ObjectMeta,
  type OwnerReference,
  type Session,
  type SessionCI,
  type SessionSpec,
  type SessionStatus,
  sessionIdOf,
} from './session.js';

export { DecodeError };

/**
 * Decodes a Session from JSON. Absent and null lists are empty, and Go's zero time is null. Fields and enum
 * values of a newer Tilt are tolerated. A target that cannot be decoded is kept as waiting, so that the
 * others stay visible. Throws a {@link DecodeError} if a field of the Session itself is invalid.
 *
 * @param instance the Tilt it belongs to; the first half of the Session's id
 */
export function decodeSession(value: unknown, instance: string): Session {
  const object = record(value);
  const kind = string(object.kind, 'kind');
  if (kind !== 'Session') throw new DecodeError('"Session"', kind, ['kind']);
  const apiVersion = decodeApiVersion(object.apiVersion);
  const metadata = field(object.metadata, 'metadata', decodeMeta);
  return {
    id: sessionIdOf(instance, metadata.name),
    instance,
    apiVersion,
    kind,
    metadata,
    spec: field(object.spec, 'spec', decodeSpec),
    status: field(object.status, 'status', decodeStatus),
  };
}

/** Reads the `apiVersion` of an object: `tilt.dev/v1alpha1`, or that of a newer Tilt. */
export function decodeApiVersion(value: unknown): string {
  const apiVersion = string(value, 'apiVersion');
  if (/^tilt\.dev\/v1((alpha|beta)\d+)?$/.test(apiVersion)) return apiVersion;
  throw new DecodeError('"tilt.dev/v1alpha1"', apiVersion, ['apiVersion']);
}

/** Decodes `spec`, or throws a {@link DecodeError}. */
export function decodeSpec(value: unknown): SessionSpec {
  const spec = record(value);
  const exitCondition = enumValue(spec.exitCondition, 'exitCondition', EXIT_CONDITIONS);
  return {
    tiltfilePath: optionalString(spec.tiltfilePath, 'tiltfilePath') ?? '',
    exitCondition: exitCondition.word,
    exitConditionText: exitCondition.text,
    ci: field(spec.ci, 'ci', (ci) => (ci == null ? null : decodeCI(ci))),
  };
}

const EXIT_CONDITIONS = defineEnum({ manual: 'manual', ci: 'ci' });

function decodeCI(value: unknown): SessionCI {
  const ci = record(value);
  return {
    k8sGracePeriod: optionalDuration(ci.k8sGracePeriod, 'k8sGracePeriod'),
    timeout: optionalDuration(ci.timeout, 'timeout'),
    readinessTimeout: optionalDuration(ci.readinessTimeout, 'readinessTimeout'),
  };
}

/** Decodes `status`, or throws a {@link DecodeError}. */
export function decodeStatus(value: unknown): SessionStatus {
  // A Session that was just created may have no status yet.
  const status = value == null ? {} : record(value);
  return {
    done: flag(status.done, 'done'),
    pid: optionalInt64(status.pid, 'pid'),
    startTime: optionalTime(status.startTime, 'startTime'),
    targets: decodeTargets(status.targets),
    error: optionalString(status.error, 'error'),
  };
}

/** Maximum number of `managedFields`: one for each program that writes the object. */
const MAX_MANAGERS = 100;

/** Maximum number of values in all `fieldsV1` of an object. Each takes ten times the memory of its text. */
const MAX_MANAGED_VALUES = 1_000;

/** Decodes `metadata`, or throws a {@link DecodeError}. Only the name is required. */
export function decodeMeta(value: unknown): ObjectMeta {
  const meta = record(value);
  const readJson = createJsonReader(MAX_MANAGED_VALUES);
  const decodeManager = (entry: unknown) => decodeManagedFields(entry, readJson);
  return {
    name: decodeName(meta.name),
    generateName: optionalString(meta.generateName, 'generateName'),
    namespace: optionalString(meta.namespace, 'namespace'),
    uid: optionalString(meta.uid, 'uid'),
    resourceVersion: optionalString(meta.resourceVersion, 'resourceVersion'),
    generation: optionalInt64(meta.generation, 'generation'),
    creationTimestamp: optionalTime(meta.creationTimestamp, 'creationTimestamp'),
    deletionTimestamp: optionalTime(meta.deletionTimestamp, 'deletionTimestamp'),
    deletionGracePeriodSeconds: optionalInt64(meta.deletionGracePeriodSeconds, 'deletionGracePeriodSeconds'),
    labels: keyValues(meta.labels, 'labels'),
    annotations: keyValues(meta.annotations, 'annotations'),
    finalizers: strings(meta.finalizers, 'finalizers'),
    ownerReferences: listOf(meta.ownerReferences, 'ownerReferences', decodeOwner),
    managedFields: listOf(meta.managedFields, 'managedFields', decodeManager, MAX_MANAGERS),
  };
}

/** Reads a name. Kubernetes allows no slash in it, and the last one in an id separates instance and name. */
function decodeName(value: unknown): string {
  const name = nonEmptyString(value, 'name');
  if (name.includes('/')) throw new DecodeError('a name without a slash', name, ['name']);
  return name;
}

function decodeOwner(value: unknown): OwnerReference {
  const owner = record(value);
  return {
    apiVersion: string(owner.apiVersion, 'apiVersion'),
    kind: string(owner.kind, 'kind'),
    name: string(owner.name, 'name'),
    uid: string(owner.uid, 'uid'),
    controller: flag(owner.controller, 'controller'),
    blockOwnerDeletion: flag(owner.blockOwnerDeletion, 'blockOwnerDeletion'),
  };
}

function decodeManagedFields(
  value: unknown,
  readJson: ReturnType<typeof createJsonReader>,
): ManagedFieldsEntry {
  const { manager, operation, apiVersion, time, fieldsType, subresource, fieldsV1 } = record(value);
  return {
    manager: optionalString(manager, 'manager'),
    operation: optionalString(operation, 'operation'),
    apiVersion: optionalString(apiVersion, 'apiVersion'),
    time: optionalTime(time, 'time'),
    fieldsType: optionalString(fieldsType, 'fieldsType'),
    subresource: optionalString(subresource, 'subresource'),
    fieldsV1: readJson(fieldsV1, 'fieldsV1'),
  };
}
