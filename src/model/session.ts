import type { MicroTime } from './micro-time.js';

/** `<instance>/<name>`, such as `tilt-default/Tiltfile`: Tilt names every Session `Tiltfile`, the instance tells them apart. */
export type SessionId = string;

/** A `Session` of `tilt.dev/v1alpha1`: what one `tilt up` or `tilt ci` is doing. Immutable, as everything in the model. */
export interface Session {
  readonly id: SessionId;
  /** Which Tilt it is of: its kubeconfig context, file name, or the name given to its source. */
  readonly instance: string;
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly spec: SessionSpec;
  readonly status: SessionStatus;
}

/** Kubernetes' `metav1.ObjectMeta`. */
export interface ObjectMeta {
  readonly name: string;
  readonly generateName: string | null;
  readonly namespace: string | null;
  readonly uid: string | null;
  readonly resourceVersion: string | null;
  readonly generation: number | null;
  readonly creationTimestamp: MicroTime | null;
  readonly deletionTimestamp: MicroTime | null;
  readonly deletionGracePeriodSeconds: number | null;
  readonly labels: readonly KeyValue[];
  readonly annotations: readonly KeyValue[];
  readonly finalizers: readonly string[];
  readonly ownerReferences: readonly OwnerReference[];
  readonly managedFields: readonly ManagedFieldsEntry[];
}

/** One label or annotation. */
export interface KeyValue {
  readonly key: string;
  readonly value: string;
}

/** Kubernetes' `metav1.OwnerReference`. */
export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller: boolean;
  readonly blockOwnerDeletion: boolean;
}

/** Kubernetes' `metav1.ManagedFieldsEntry`: who wrote which fields. */
export interface ManagedFieldsEntry {
  readonly manager: string | null;
  readonly operation: string | null;
  readonly apiVersion: string | null;
  readonly time: MicroTime | null;
  readonly fieldsType: string | null;
  readonly subresource: string | null;
  /** An opaque tree of field names, as it came. */
  readonly fieldsV1: unknown;
}

/** `SessionSpec`: how the Tilt was started. */
export interface SessionSpec {
  readonly tiltfilePath: string;
  /** `manual` for `tilt up`, `ci` for `tilt ci`, `unknown` for what a newer Tilt may bring. */
  readonly exitCondition: 'manual' | 'ci' | 'unknown';
  /** The exit condition in Tilt's own words: `manual`, `ci`, or a value of a newer Tilt. Empty when absent. */
  readonly exitConditionText: string;
  /** Absent at first, even for `tilt ci`: it appears once the Tiltfile is loaded. */
  readonly ci: SessionCI | null;
}

/** `SessionCISpec`: the time limits of a `tilt ci`, as Go durations (`30m0s`). */
export interface SessionCI {
  readonly k8sGracePeriod: string | null;
  readonly timeout: string | null;
  readonly readinessTimeout: string | null;
}

/** `SessionStatus`: what it is doing. */
export interface SessionStatus {
  /** Only `tilt ci` is ever done. */
  readonly done: boolean;
  readonly pid: number | null;
  readonly startTime: MicroTime | null;
  readonly targets: readonly Target[];
  /** Why it failed; null (on the wire empty or absent) while nothing has. */
  readonly error: string | null;
}

/** One server or job of a Session. */
export interface Target {
  readonly name: string;
  /** Distinct within the Session: the name; `name#2` for the second target of that name, and so on. */
  readonly key: string;
  readonly type: 'job' | 'server' | 'unknown';
  /** The type in Tilt's own words: `job`, `server`, or a value of a newer Tilt. Empty when absent. */
  readonly typeText: string;
  /** The Tiltfile resources it belongs to. */
  readonly resources: readonly string[];
  readonly state: TargetState;
}

/** What a target is doing. On the wire at most one member is populated; none (`{}`) means inactive, e.g. `auto_init=False`. */
export type TargetState =
  | { readonly is: 'inactive' }
  | DisabledState
  | WaitingState
  | ActiveState
  | TerminatedState;

/** Switched off by its user. */
export interface DisabledState {
  readonly is: 'disabled';
}

/** To run, once what it waits for is there. */
export interface WaitingState {
  readonly is: 'waiting';
  readonly waitReason: string;
}

/** Running. A server becomes ready; a job that runs is not ready, and one that is ready has succeeded. */
export interface ActiveState {
  readonly is: 'active';
  readonly startTime: MicroTime | null;
  readonly ready: boolean;
  /**
   * Null before the first readiness. Tilt refreshes it while the target stays ready, and keeps it across a restart: it does
   * not say when the target became ready.
   */
  readonly lastReadyTime: MicroTime | null;
}

/** Ended, well (`error` null) or not. */
export interface TerminatedState {
  readonly is: 'terminated';
  readonly startTime: MicroTime | null;
  /** Null for every Kubernetes runtime target: Tilt leaves it at its zero time. */
  readonly finishTime: MicroTime | null;
  readonly error: string | null;
  /** Whether `tilt ci` still tolerates the error, within its `k8sGracePeriod`. */
  readonly graceStatus: 'not-applicable' | 'tolerated' | 'exceeded' | 'unknown';
  /** The grace status in Tilt's own words: empty, `Tolerated`, `Exceeded`, or a value of a newer Tilt. */
  readonly graceStatusText: string;
}

/** Annotation of the built-in demonstration's Sessions. It travels with the object, through files and buckets too. */
export const DEMO_ANNOTATION = 'tilt-graphql/demo';

/** Whether a Session is the built-in demonstration rather than a real Tilt. */
export function isDemo({ metadata }: Pick<Session, 'metadata'>): boolean {
  return metadata.annotations.some(({ key, value }) => key === DEMO_ANNOTATION && value === 'true');
}

/** The id of the Session `name` of an instance. */
export function sessionIdOf(instance: string, name: string): SessionId {
  return `${instance}/${name}`;
}

/** The id of a target, `<session id>#<target key>`. */
export function targetIdOf(session: SessionId, key: string): string {
  return `${session}#${key}`;
}
