import type { SessionFacts } from './facts.js';
import type { MicroTime } from './micro-time.js';

/**
 * `<instance>/<name>`, such as `tilt-default/Tiltfile`. Tilt names every Session `Tiltfile`; the instance
 * differs.
 */
export type SessionId = string;

/**
 * A `Session` of `tilt.dev/v1alpha1`: one `tilt up` or `tilt ci`. Immutable, like everything in the model.
 */
export interface Session {
  readonly id: SessionId;
  /** The Tilt it belongs to: its kubeconfig context, file name, or the name given to its source. */
  readonly instance: string;
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly spec: SessionSpec;
  readonly status: SessionStatus;
  /** Facts about its resources and its cluster, from other objects of Tilt. Default: none is known. */
  readonly facts?: SessionFacts;
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

/** Kubernetes' `metav1.ManagedFieldsEntry`: the fields that one manager wrote. */
export interface ManagedFieldsEntry {
  readonly manager: string | null;
  readonly operation: string | null;
  readonly apiVersion: string | null;
  readonly time: MicroTime | null;
  readonly fieldsType: string | null;
  readonly subresource: string | null;
  /** An opaque tree of field names, unchanged. */
  readonly fieldsV1: unknown;
}

/** `SessionSpec`: how Tilt was started. */
export interface SessionSpec {
  readonly tiltfilePath: string;
  /** `manual` for `tilt up`, `ci` for `tilt ci`, `unknown` for a value of a newer Tilt. */
  readonly exitCondition: 'manual' | 'ci' | 'unknown';
  /** The exit condition as Tilt writes it: `manual`, `ci`, or a value of a newer Tilt. Empty if absent. */
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

/** `SessionStatus`: progress and targets. */
export interface SessionStatus {
  /** Set by `tilt ci` only. */
  readonly done: boolean;
  readonly pid: number | null;
  readonly startTime: MicroTime | null;
  readonly targets: readonly Target[];
  /** Reason of the failure; null (empty or absent on the wire) without one. */
  readonly error: string | null;
}

/** One server or job of a Session. */
export interface Target {
  readonly name: string;
  /** Unique within the Session: the name; `name#2` for the second target of that name, and so on. */
  readonly key: string;
  readonly type: 'job' | 'server' | 'unknown';
  /** The type as Tilt writes it: `job`, `server`, or a value of a newer Tilt. Empty if absent. */
  readonly typeText: string;
  /** The Tiltfile resources it belongs to. */
  readonly resources: readonly string[];
  readonly state: TargetState;
}

/**
 * State of a target. On the wire at most one member is set; none (`{}`) means inactive, as with
 * `auto_init=False`.
 */
export type TargetState =
  | { readonly is: 'inactive' }
  | DisabledState
  | WaitingState
  | ActiveState
  | TerminatedState;

/** Disabled by the user. */
export interface DisabledState {
  readonly is: 'disabled';
}

/** Waiting for a dependency or for its turn. */
export interface WaitingState {
  readonly is: 'waiting';
  readonly waitReason: string;
  /**
   * Whether it waits for a person to trigger it. The store derives this from the facts about its resource.
   * Default: false.
   */
  readonly needsTrigger?: true;
}

/** Running. A server becomes ready. A running job is not ready; a job that is ready has succeeded. */
export interface ActiveState {
  readonly is: 'active';
  readonly startTime: MicroTime | null;
  readonly ready: boolean;
  /**
   * Null before the first readiness. Tilt refreshes it while the target stays ready and keeps it across a
   * restart, so it is not the time at which the target became ready.
   */
  readonly lastReadyTime: MicroTime | null;
}

/** Ended, successfully (`error` null) or with an error. */
export interface TerminatedState {
  readonly is: 'terminated';
  readonly startTime: MicroTime | null;
  /** Null for every Kubernetes runtime target: Tilt leaves it at its zero time. */
  readonly finishTime: MicroTime | null;
  readonly error: string | null;
  /** Whether `tilt ci` still tolerates the error, within its `k8sGracePeriod`. */
  readonly graceStatus: 'not-applicable' | 'tolerated' | 'exceeded' | 'unknown';
  /** The grace status as Tilt writes it: empty, `Tolerated`, `Exceeded`, or a value of a newer Tilt. */
  readonly graceStatusText: string;
}

/** Annotation of the built-in demo's Sessions. It is part of the object, also in files and buckets. */
export const DEMO_ANNOTATION = 'tilt-graphql/demo';

/** Whether a Session is the built-in demo rather than a real Tilt. */
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

/** The fields that identify a run of Tilt. */
type RunIdentity = Pick<Session, 'spec'> & {
  readonly metadata: Pick<Session['metadata'], 'uid'>;
  readonly status: Pick<Session['status'], 'pid' | 'startTime'>;
};

/**
 * Whether a later object of a Session id belongs to the same run of Tilt: same uid, or, if neither has one,
 * same process id, start time and Tiltfile. An absent field may appear later; if it disappears, it is another
 * run.
 */
export function isSameRun(known: RunIdentity, later: RunIdentity): boolean {
  if (known.metadata.uid !== null || later.metadata.uid !== null) {
    return known.metadata.uid === later.metadata.uid;
  }
  return (
    continues(known.status.pid, later.status.pid) &&
    continues(known.status.startTime, later.status.startTime) &&
    continues(known.spec.tiltfilePath || null, later.spec.tiltfilePath || null)
  );
}

/** Whether an object identifies its run: it has a uid, a process id or a start time. */
export function identifiesRun({ metadata, status }: Omit<RunIdentity, 'spec'>): boolean {
  return metadata.uid !== null || status.pid !== null || status.startTime !== null;
}

function continues<T>(known: T | null, later: T | null): boolean {
  return known === null || known === later;
}
