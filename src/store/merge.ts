import type { SessionFacts } from '../model/facts.js';
import type { MicroTime } from '../model/micro-time.js';
import { sameJson } from '../model/same-json.js';
import {
  identifiesRun,
  isSameRun,
  type ObjectMeta,
  type Session,
  type SessionId,
  type Target,
} from '../model/session.js';
import { diffRuns, diffTargets, mergeTargets, mergeTargetsAt, type TargetMerge } from './diff.js';
import type { ConnectionStatus, RecordChange, SessionRecord, TrackedTarget } from './record.js';
import { trackTarget } from './track-target.js';
import { type MarkedTargets, markUntriggered } from './triggers.js';

/** Result of merging a newer state of a Session into its record. */
export interface SessionMerge {
  /** The record before itself, when nothing changed. */
  readonly record: SessionRecord;
  /** Changes of its targets, as `diffRecords` returns them for both records. */
  readonly changes: readonly RecordChange[];
}

/**
 * Merges a newer state of a Session into its record. Unchanged parts are the same objects as before, so that
 * an identity check answers "did it change". A new run of Tilt (another uid) starts new histories.
 *
 * The result of a run is final: once `done` was true, later states of the same run change neither `done` nor
 * `error`. Tilt itself recomputes both at each reconcile.
 *
 * @param changedTargets indices of the targets that may differ from the record. Default: all
 */
export function mergeSession(
  before: SessionRecord | null,
  session: Session,
  source: string,
  connection: ConnectionStatus,
  time: MicroTime,
  changedTargets?: readonly number[],
): SessionMerge {
  const sameRun = before !== null && isSameRun(before, session) ? before : null;
  const facts = mergeFacts(before?.facts, session.facts);
  const known = { targets: sameRun?.status.targets ?? [], facts: sameRun?.facts };
  const marked = markUntriggered(known, session.status.targets, facts, changedTargets);
  const { targets, changes } = mergeTracked(before, session.id, marked, sameRun !== null, time);
  const record = {
    id: session.id,
    instance: session.instance,
    apiVersion: session.apiVersion,
    kind: session.kind,
    metadata: reuse(before?.metadata, session.metadata),
    spec: reuse(before?.spec, session.spec),
    status: { ...session.status, ...finalResult(sameRun), targets },
    source,
    connection,
  };
  return toMerge(before, facts ? { ...record, facts } : record, changes);
}

function toMerge(
  before: SessionRecord | null,
  record: SessionRecord,
  changes: readonly RecordChange[],
): SessionMerge {
  return { record: before !== null && sameRecord(before, record) ? before : record, changes };
}

/** Newer facts, in which everything equal is the same object as before. */
function mergeFacts(
  before: SessionFacts | undefined,
  after: SessionFacts | undefined,
): SessionFacts | undefined {
  if (after === undefined || before === after) return after;
  if (before === undefined) return after;
  const resources = mergeResources(before.resources, after.resources);
  const cluster = sameJson(before.cluster, after.cluster) ? before.cluster : after.cluster;
  const excerpts = sameJson(before.excerpts ?? null, after.excerpts ?? null)
    ? before.excerpts
    : after.excerpts;
  const isSame =
    resources === before.resources &&
    cluster === before.cluster &&
    after.webUrl === before.webUrl &&
    excerpts === before.excerpts;
  return isSame ? before : { resources, cluster, webUrl: after.webUrl, ...(excerpts && { excerpts }) };
}

type Resources = SessionFacts['resources'];

function mergeResources(before: Resources, after: Resources): Resources {
  if (before === null || after === null || before === after) return after;
  const known = new Map(before.map((resource) => [resource.name, resource]));
  const merged = after.map((resource) => {
    const last = known.get(resource.name);
    return last !== undefined && sameJson(last, resource) ? last : resource;
  });
  const isSame = merged.length === before.length && merged.every((one, index) => one === before[index]);
  return isSame ? before : merged;
}

/** `done` and `error` of a run that was already done; empty otherwise. */
function finalResult(before: SessionRecord | null): Partial<Pick<SessionRecord['status'], 'done' | 'error'>> {
  if (before === null || !before.status.done || !identifiesRun(before)) return {};
  return { done: true, error: before.status.error };
}

/** Metadata that changes with every update of the object. */
const BOOKKEEPING: ReadonlySet<string> = new Set<keyof ObjectMeta>(['resourceVersion', 'managedFields']);

/**
 * Whether the Session itself changed, apart from its targets and from bookkeeping (`resourceVersion`,
 * `managedFields`). Readers of target changes receive a payload for that too.
 */
export function hasSessionChanged(before: SessionRecord | null, after: SessionRecord | null): boolean {
  if (before === null || after === null) return before !== after;
  return (
    before.connection !== after.connection ||
    before.apiVersion !== after.apiVersion ||
    before.spec !== after.spec ||
    !sameFields(before.metadata, after.metadata, BOOKKEEPING) ||
    !sameStatus(before, after)
  );
}

/** Compares the fields of two objects by identity: equal ones are reused. Both have the same fields. */
function sameFields<T extends object>(a: T, b: T, except: ReadonlySet<string>): boolean {
  if (a === b) return true;
  for (const key in a) if (a[key] !== b[key] && !except.has(key)) return false;
  return true;
}

/** Compares the targets of two records of a Session. Null: the Session does not exist. */
export function diffRecords(
  before: SessionRecord | null,
  after: SessionRecord | null,
): readonly RecordChange[] {
  const [known, newest] = [before?.status.targets ?? [], after?.status.targets ?? []];
  const isRestart = before !== null && after !== null && !isSameRun(before, after);
  return isRestart ? diffRuns(known, newest) : diffTargets(known, newest);
}

function mergeTracked(
  before: SessionRecord | null,
  id: SessionId,
  { targets: after, changed }: MarkedTargets,
  isSameRun: boolean,
  time: MicroTime,
): TargetMerge<TrackedTarget> {
  const known = before?.status.targets ?? [];
  if (isSameRun) {
    const track = (target: Target, previous: TrackedTarget | null) => trackTarget(id, previous, target, time);
    const merge = changed && mergeTargetsAt(known, after, changed, track);
    return merge ?? mergeTargets(known, after, track);
  }
  const targets = after.map((target) => trackTarget(id, null, target, time));
  return { targets, changes: diffRuns(known, targets) };
}

function sameRecord(a: SessionRecord, b: SessionRecord): boolean {
  return a.connection === b.connection && !hasNewState(a, b);
}

/** Whether more than the connection of a Session has changed. Null: the Session does not exist. */
export function hasNewState(before: SessionRecord | null, after: SessionRecord | null): boolean {
  if (before === null || after === null) return before !== after;
  return (
    before.metadata !== after.metadata ||
    before.spec !== after.spec ||
    before.source !== after.source ||
    before.apiVersion !== after.apiVersion ||
    before.facts !== after.facts ||
    before.status.targets !== after.status.targets ||
    !sameStatus(before, after)
  );
}

function sameStatus({ status: a }: SessionRecord, { status: b }: SessionRecord): boolean {
  return a.done === b.done && a.error === b.error && a.pid === b.pid && a.startTime === b.startTime;
}

/** `after` with each equal field replaced by that of `before`; `before` itself when all fields are equal. */
function reuse<T extends object>(before: T | undefined, after: T): T {
  if (before === undefined) return after;
  const merged = { ...after };
  let isSame = true;
  for (const key in after) {
    if (before[key] === after[key]) continue;
    if (sameJson(before[key], after[key])) merged[key] = before[key];
    else isSame = false;
  }
  return isSame ? before : merged;
}
