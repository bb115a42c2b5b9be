import { phaseOf } from '../model/verdict.js';
import { type SessionRecord, type TrackedTarget, verdictOfRecord } from '../store/record.js';
import type { InputMaybe, SessionFilter, TargetFilter } from './generated.js';
import { matchesGlob } from './glob.js';

/** Whether a Session is meant by a filter; no filter means every one. */
export function matchesSession(record: SessionRecord, where: InputMaybe<SessionFilter> | undefined): boolean {
  if (!where) return true;
  const { target } = where;
  return (
    globOf(where.instance, record.instance) &&
    globOf(where.name, record.metadata.name) &&
    oneOf(where.connection, record.connection.state) &&
    (where.verdict == null || where.verdict.includes(verdictOfRecord(record).state)) &&
    (target == null || record.status.targets.some((candidate) => matchesTarget(candidate, record, target)))
  );
}

/** Whether a target of a Session is meant by a filter; no filter means every one. */
export function matchesTarget(
  target: TrackedTarget,
  session: SessionRecord,
  where: InputMaybe<TargetFilter> | undefined,
): boolean {
  if (!where) return true;
  return (
    oneOf(where.session, session.id) &&
    globOf(where.instance, session.instance) &&
    globOf(where.name, target.name) &&
    oneOf(where.phase, phaseOf(target)) &&
    oneOf(where.type, target.type) &&
    (where.resource == null || where.resource.some((resource) => target.resources.includes(resource)))
  );
}

function globOf(pattern: InputMaybe<string> | undefined, text: string): boolean {
  return pattern == null || matchesGlob(text, pattern);
}

function oneOf<T>(accepted: InputMaybe<readonly T[]> | undefined, value: T): boolean {
  return accepted == null || accepted.includes(value);
}
