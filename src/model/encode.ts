import type { KeyValue, ObjectMeta, Session, Target, TargetState } from './session.js';

/**
 * Encodes a Session as JSON of `tilt.dev/v1alpha1`. `decodeSession` with the same instance returns an equal
 * Session. Empty fields are omitted, as Tilt does.
 */
export function encodeSession({ apiVersion, kind, metadata, spec, status }: Session): object {
  return {
    apiVersion,
    kind,
    metadata: encodeMeta(metadata),
    spec: encodeSpec(spec),
    status: { ...encodeStatus(status), targets: status.targets.map(encodeTarget) },
  };
}

/** Encodes `spec`. */
export function encodeSpec({ tiltfilePath, exitConditionText, ci }: Session['spec']): object {
  return {
    tiltfilePath,
    exitCondition: exitConditionText || undefined,
    ci: ci === null ? undefined : omitNulls(ci),
  };
}

/** Encodes `status` without its targets. */
export function encodeStatus({ done, pid, startTime, error }: Session['status']): object {
  return { done, pid: pid ?? undefined, startTime, error: error ?? undefined };
}

/** Encodes a target as Tilt writes it. */
export function encodeTarget({ name, typeText, resources, state }: Target): object {
  return { name, type: typeText || undefined, resources, state: encodeState(state) };
}

function encodeState(state: TargetState): object {
  switch (state.is) {
    case 'inactive':
      return {};
    case 'disabled':
      return { disabled: {} };
    case 'waiting':
      return { waiting: { waitReason: state.waitReason } };
    case 'active': {
      const { startTime, ready, lastReadyTime } = state;
      return { active: { startTime, ready, lastReadyTime } };
    }
    case 'terminated': {
      const { startTime, finishTime, error, graceStatusText } = state;
      return {
        terminated: {
          startTime,
          finishTime,
          error: error ?? undefined,
          graceStatus: graceStatusText || undefined,
        },
      };
    }
  }
}

/** Encodes `metadata`. */
export function encodeMeta(meta: ObjectMeta): object {
  return {
    ...omitNulls(meta),
    labels: encodeMap(meta.labels),
    annotations: encodeMap(meta.annotations),
    finalizers: omitEmpty(meta.finalizers),
    ownerReferences: omitEmpty(meta.ownerReferences),
    managedFields: omitEmpty(meta.managedFields.map(omitNulls)),
  };
}

/** Copies an object without the fields that are null. */
function omitNulls(object: object): object {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== null));
}

function encodeMap(pairs: readonly KeyValue[]): object | undefined {
  return pairs.length === 0 ? undefined : Object.fromEntries(pairs.map(({ key, value }) => [key, value]));
}

function omitEmpty<T>(items: readonly T[]): readonly T[] | undefined {
  return items.length === 0 ? undefined : items;
}
