import { compileConditions, globOf, setOf } from '../model/target-filter.js';
import { phaseOf } from '../model/verdict.js';
import { type SessionRecord, type TrackedTarget, verdictOfRecord } from '../store/record.js';
import type { InputMaybe, SessionFilter, TargetFilter } from './generated.js';

/** Tells whether a Session matches a filter. */
export type SessionMatcher = (record: SessionRecord) => boolean;

/** Tells whether a target of a Session matches a filter. */
export type TargetMatcher = (target: TrackedTarget, session: SessionRecord) => boolean;

// Two fields with the same variable have the same filter: it is compiled once for both.
const sessionMatchers = new WeakMap<SessionFilter, SessionMatcher>();
const targetMatchers = new WeakMap<TargetFilter, TargetMatcher>();

/** Compiles a filter of Sessions, once however many it is applied to. Without a filter every Session matches. */
export function compileSessionFilter(where: InputMaybe<SessionFilter> | undefined): SessionMatcher {
  if (!where) return () => true;
  return cached(sessionMatchers, where, () => {
    const instance = globOf(where.instance);
    const name = globOf(where.name);
    const connection = setOf(where.connection);
    const verdict = setOf(where.verdict);
    const target = where.target == null ? null : compileTargetFilter(where.target);
    return (record) =>
      instance(record.instance) &&
      name(record.metadata.name) &&
      connection(record.connection.state) &&
      (where.verdict == null || verdict(verdictOfRecord(record).state)) &&
      (target === null || record.status.targets.some((candidate) => target(candidate, record)));
  });
}

/** Compiles a filter of targets, once however many it is applied to. Without a filter every target matches. */
export function compileTargetFilter(where: InputMaybe<TargetFilter> | undefined): TargetMatcher {
  if (!where) return () => true;
  return cached(targetMatchers, where, () => {
    const session = setOf(where.session);
    const instance = globOf(where.instance);
    const meetsConditions = compileConditions(where);
    return (target, record) =>
      session(record.id) &&
      instance(record.instance) &&
      meetsConditions({
        name: target.name,
        type: target.type,
        resources: target.resources,
        phase: phaseOf(target),
      });
  });
}

function cached<K extends object, V>(known: WeakMap<K, V>, key: K, compile: () => V): V {
  const value = known.get(key) ?? compile();
  known.set(key, value);
  return value;
}
