import { isDeepStrictEqual } from 'node:util';
import type { MicroTime } from '../model/micro-time.js';
import { type Session, type Target, targetIdOf } from '../model/session.js';
import { finder, sameState, sameTarget } from './diff.js';
import { type Connection, type SessionRecord, type TrackedTarget, withTransition } from './record.js';

/**
 * The record for newly arrived news of a Session. Everything that did not change is taken over from the record before,
 * so that "is it the same object" answers "is it unchanged". A new run of Tilt (another uid) starts new histories.
 *
 * @returns the record before itself, when the news says nothing new
 */
export function mergeSession(
  before: SessionRecord | null,
  session: Session,
  source: string,
  connection: Connection,
  time: MicroTime,
): SessionRecord {
  const targets = mergeTargets(before, session, time);
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
  return before !== null && sameRecord(before, record) ? before : record;
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

function mergeTargets(
  before: SessionRecord | null,
  session: Session,
  time: MicroTime,
): readonly TrackedTarget[] {
  const known = before?.status.targets ?? [];
  const sameRun = before?.metadata.uid === session.metadata.uid;
  const find = finder(known);
  let unchanged = known.length === session.status.targets.length;
  const targets = session.status.targets.map((target, index) => {
    const previous = sameRun ? find(target.name, index) : null;
    const tracked = track(session.id, previous, target, time);
    unchanged &&= tracked === known[index];
    return tracked;
  });
  return unchanged ? known : targets;
}

function track(
  session: string,
  previous: TrackedTarget | null,
  target: Target,
  time: MicroTime,
): TrackedTarget {
  if (previous !== null && sameTarget(previous, target)) return previous;
  const { name, type, resources, state } = target;
  const known = previous?.history ?? [];
  const history =
    previous !== null && sameState(previous.state, state) ? known : withTransition(known, { time, state });
  return { name, type, resources, state, id: previous?.id ?? targetIdOf(session, name), history };
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

function reuse<T>(before: T | undefined, after: T): T {
  return before !== undefined && isDeepStrictEqual(before, after) ? before : after;
}
