import type { MicroTime } from '../model/micro-time.js';
import { identifiesRun, isSameRun } from '../model/run.js';
import type { Session, Target } from '../model/session.js';
import { diffTargets, mergeTargets, mergeTargetsAt, sameJson, type TargetMerge } from './diff.js';
import type { Connection, RecordChange, SessionRecord, TrackedTarget } from './record.js';
import { trackTarget } from './track-target.js';

/** What news of a Session comes to. */
export interface SessionMerge {
  /** The record before itself, when the news says nothing new. */
  readonly record: SessionRecord;
  /** What became of its targets, as `diffTargets` of both records would say. */
  readonly changes: readonly RecordChange[];
}

/**
 * The record for newly arrived news of a Session. Everything that did not change is taken over from the record before,
 * so that "is it the same object" answers "is it unchanged". A new run of Tilt (another uid) starts new histories.
 *
 * The result of a run is final: once `done` was true, later objects of the run change neither `done` nor `error`. Tilt
 * itself computes both at each reconcile.
 *
 * @param changedTargets indices of the targets that may differ from those of the record. Default: any may
 */
export function mergeSession(
  before: SessionRecord | null,
  session: Session,
  source: string,
  connection: Connection,
  time: MicroTime,
  changedTargets?: readonly number[],
): SessionMerge {
  const sameRun = before !== null && isSameRun(before, session) ? before : null;
  const { targets, changes } = mergeTracked(before, session, sameRun !== null, time, changedTargets);
  const record: SessionRecord = {
    id: session.id,
    instance: session.instance,
    apiVersion: session.apiVersion,
    kind: session.kind,
    metadata: reuse(before?.metadata, session.metadata),
    spec: reuse(before?.spec, session.spec),
    status: { ...session.status, ...resultOf(sameRun), targets },
    source,
    connection,
  };
  return { record: before !== null && sameRecord(before, record) ? before : record, changes };
}

/** The final result of a run that was done before; nothing otherwise. */
function resultOf(before: SessionRecord | null): Partial<Pick<SessionRecord['status'], 'done' | 'error'>> {
  if (before === null || !before.status.done || !identifiesRun(before)) return {};
  return { done: true, error: before.status.error };
}

/**
 * Whether something of the Session itself changed, targets and bookkeeping (`resourceVersion`, `managedFields`) aside:
 * what readers of target changes are told too.
 */
export function headChanged(before: SessionRecord | null, after: SessionRecord | null): boolean {
  if (before === null || after === null) return before !== after;
  return (
    before.connection !== after.connection ||
    before.spec !== after.spec ||
    before.metadata.uid !== after.metadata.uid ||
    !sameStatus(before, after)
  );
}

function mergeTracked(
  before: SessionRecord | null,
  { id, status }: Session,
  isContinued: boolean,
  time: MicroTime,
  changedTargets: readonly number[] | undefined,
): TargetMerge<TrackedTarget> {
  const known = before?.status.targets ?? [];
  if (isContinued) {
    const take = (target: Target, previous: TrackedTarget | null) => trackTarget(id, previous, target, time);
    const merge = changedTargets && mergeTargetsAt(known, status.targets, changedTargets, take);
    return merge ?? mergeTargets(known, status.targets, take);
  }
  const targets = status.targets.map((target) => trackTarget(id, null, target, time));
  return { targets, changes: diffTargets(known, targets) };
}

function sameRecord(a: SessionRecord, b: SessionRecord): boolean {
  return (
    a.metadata === b.metadata &&
    a.spec === b.spec &&
    a.connection === b.connection &&
    a.source === b.source &&
    a.apiVersion === b.apiVersion &&
    a.status.targets === b.status.targets &&
    sameStatus(a, b)
  );
}

function sameStatus({ status: a }: SessionRecord, { status: b }: SessionRecord): boolean {
  return a.done === b.done && a.error === b.error && a.pid === b.pid && a.startTime === b.startTime;
}

/** The object after, each equal field of which is the one before; the object before itself when all are. */
function reuse<T extends object>(before: T | undefined, after: T): T {
  if (before === undefined) return after;
  const merged = { ...after };
  let isSame = true;
  for (const key in after) {
    if (sameJson(before[key], after[key])) merged[key] = before[key];
    else isSame = false;
  }
  return isSame ? before : merged;
}
