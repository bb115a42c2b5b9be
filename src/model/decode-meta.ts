import {
  flag,
  keyValues,
  listOf,
  nonEmptyString,
  optionalInt64,
  optionalJson,
  optionalString,
  optionalTime,
  record,
  string,
  strings,
} from './decode-fields.js';
import type { ManagedFieldsEntry, ObjectMeta, OwnerReference } from './session.js';

/** Reads `metadata`, or throws a `DecodeError`. Only the name must be there. */
export function decodeMeta(value: unknown): ObjectMeta {
  const meta = record(value);
  return {
    name: nonEmptyString(meta.name, 'name'),
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
    managedFields: listOf(meta.managedFields, 'managedFields', decodeManagedFields),
  };
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

function decodeManagedFields(value: unknown): ManagedFieldsEntry {
  const entry = record(value);
  return {
    manager: optionalString(entry.manager, 'manager'),
    operation: optionalString(entry.operation, 'operation'),
    apiVersion: optionalString(entry.apiVersion, 'apiVersion'),
    time: optionalTime(entry.time, 'time'),
    fieldsType: optionalString(entry.fieldsType, 'fieldsType'),
    subresource: optionalString(entry.subresource, 'subresource'),
    fieldsV1: optionalJson(entry.fieldsV1, 'fieldsV1'),
  };
}
