import { memoize } from '../lib/memoize.js';
import { compileConditions, compileOptionalGlob, compileOptionalList } from '../model/target-filter.js';
import { computePhase } from '../model/verdict.js';
import { type SessionRecord, type TrackedTarget, verdictOfRecord } from '../store/record.js';
import type { InputMaybe, SessionFilter, TargetFilter } from './generated.js';

/** Tells whether a Session matches a filter. */
export type SessionMatcher = (record: SessionRecord) => boolean;

/** Tells whether a target of a Session matches a filter. */
export type TargetMatcher = (target: TrackedTarget, session: SessionRecord) => boolean;

/** Compiles a filter of Sessions. Without a filter every Session matches. */
export function compileSessionFilter(where: InputMaybe<SessionFilter> | undefined): SessionMatcher {
  return where ? sessionMatcher(where) : () => true;
}

/** Compiles a filter of targets. Without a filter every target matches. */
export function compileTargetFilter(where: InputMaybe<TargetFilter> | undefined): TargetMatcher {
  return where ? targetMatcher(where) : () => true;
}

// Two fields with the same variable have the same filter: it is compiled once for both.
const sessionMatcher = memoize((where: SessionFilter): SessionMatcher => {
  const instance = compileOptionalGlob(where.instance);
  const name = compileOptionalGlob(where.name);
  const connection = compileOptionalList(where.connection);
  const verdict = compileOptionalList(where.verdict);
  const target = where.target == null ? null : compileTargetFilter(where.target);
  return (record) =>
    instance(record.instance) &&
    name(record.metadata.name) &&
    connection(record.connection.state) &&
    (where.verdict == null || verdict(verdictOfRecord(record).state)) &&
    (target === null || record.status.targets.some((candidate) => target(candidate, record)));
});

const targetMatcher = memoize((where: TargetFilter): TargetMatcher => {
  const session = compileOptionalList(where.session);
  const instance = compileOptionalGlob(where.instance);
  const meetsConditions = compileConditions(where);
  return (target, record) =>
    session(record.id) &&
    instance(record.instance) &&
    meetsConditions({
      name: target.name,
      type: target.type,
      resources: target.resources,
      phase: computePhase(target),
    });
});
