import { continuesAnother } from '../model/decode.js';
import type { MicroTime } from '../model/micro-time.js';
import { type Session, type SessionId, type Target, targetIdOf } from '../model/session.js';
import { diffTargets, mergeTargets, sameState, sameStrings, type TargetMerge } from './diff.js';
import {
  type Connection,
  type RecordChange,
  type SessionRecord,
  type TrackedTarget,
  withTransition,
} from './record.js';
import { sameJson } from './same-json.js';

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
 */
export function mergeSession(
  before: SessionRecord | null,
  session: Session,
  source: string,
  connection: Connection,
  time: MicroTime,
): SessionMerge {
  const { targets, changes } = mergeTracked(before, session, time);
  const record: SessionRecord = {
    id: session.id,
    instance: session.instance,
    apiVersion: session.apiVersion,
    kind: session.kind,
    metadata: reuse(before?.metadata, session.metadata),
    spec: reuse(before?.spec, session.spec),
    status: { ...session.status, targets },
    source,
    connection,
  };
  return { record: before !== null && sameRecord(before, record) ? before : record, changes };
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

/** What the targets of records were made of, where the next may continue that. */
const madeOf = new WeakMap<readonly TrackedTarget[], readonly Target[]>();

function mergeTracked(
  before: SessionRecord | null,
  { id, metadata, status }: Session,
  time: MicroTime,
): TargetMerge<TrackedTarget> {
  const known = before?.status.targets ?? [];
  if (before?.metadata.uid === metadata.uid) {
    const take = (target: Target, previous: TrackedTarget | null) => track(id, previous, target, time);
    if (!continuesAnother(status.targets)) return mergeTargets(known, status.targets, take);
    const merge = mergeTargets(known, status.targets, take, madeOf.get(known));
    // Of the newest alone: the journal holds thousands of older ones.
    madeOf.delete(known);
    madeOf.set(merge.targets, status.targets);
    return merge;
  }
  const targets = status.targets.map((target) => track(id, null, target, time));
  return { targets, changes: diffTargets(known, targets) };
}

function track(
  session: SessionId,
  previous: TrackedTarget | null,
  target: Target,
  time: MicroTime,
): TrackedTarget {
  const { name, resources, state } = target;
  const transition = { time, state };
  if (previous === null) return { ...target, id: targetIdOf(session, name), history: [transition] };
  // What is equal is taken over: the journal keeps older states of a target beside the newest.
  const isSame = sameState(previous.state, state);
  return {
    ...target,
    name: previous.name,
    resources: sameStrings(previous.resources, resources) ? previous.resources : resources,
    state: isSame ? previous.state : state,
    id: previous.id,
    history: isSame ? previous.history : withTransition(previous.history, transition),
  };
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
