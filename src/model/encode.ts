import type { KeyValue, ObjectMeta, Session, SessionCI } from './session.js';
import { encodeTarget } from './target-json.js';

/**
 * The Session as JSON in the form of `tilt.dev/v1alpha1`, which `decodeSession` reads: decoded under the same instance
 * it is the same Session again. What is empty is left out, as Tilt does.
 */
export function encodeSession({ apiVersion, kind, metadata, spec, status }: Session): object {
  return {
    apiVersion,
    kind,
    metadata: encodeMeta(metadata),
    spec: {
      tiltfilePath: spec.tiltfilePath,
      exitCondition: spec.exitConditionText || undefined,
      ci: spec.ci === null ? undefined : encodeCI(spec.ci),
    },
    status: {
      done: status.done,
      pid: status.pid ?? undefined,
      startTime: status.startTime,
      targets: status.targets.map(encodeTarget),
      error: status.error ?? undefined,
    },
  };
}

function encodeMeta(meta: ObjectMeta): object {
  return {
    ...present(meta),
    labels: mapOf(meta.labels),
    annotations: mapOf(meta.annotations),
    finalizers: listOf(meta.finalizers),
    ownerReferences: listOf(meta.ownerReferences),
    managedFields: listOf(meta.managedFields.map(present)),
  };
}

function encodeCI(ci: SessionCI): object {
  return present(ci);
}

/** Without the fields that are null. */
function present(object: object): object {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== null));
}

function mapOf(pairs: readonly KeyValue[]): object | undefined {
  return pairs.length === 0 ? undefined : Object.fromEntries(pairs.map(({ key, value }) => [key, value]));
}

function listOf<T>(items: readonly T[]): readonly T[] | undefined {
  return items.length === 0 ? undefined : items;
}
