import { memoize } from '../lib/memoize.js';
import type { ResourceFacts } from '../model/facts.js';
import { computePhase, type Phase } from '../model/phase.js';
import { joinNames } from '../model/plain-text.js';
import { isDemo, type SessionId } from '../model/session.js';
import { compileConditions, compileOptionalGlob, compileOptionalList } from '../model/target-filter.js';
import { type SessionRecord, type TrackedTarget, verdictOfRecord } from '../store/record.js';
import type { ReadableStore } from '../store/scoped.js';
import { badInput } from './errors.js';
import type { InputMaybe, SessionFilter, TargetFilter } from './generated.js';

/**
 * Resolves an optional Session id. The default is the only Session whose connection is not GONE, otherwise
 * the only known Session; null if none is known. The demo counts only if nothing else is known. Throws
 * `BAD_USER_INPUT` with a list of the ids, those of running Tilts first, if several Sessions are possible.
 */
export function resolveSessionId(store: ReadableStore, id: SessionId | null | undefined): SessionId | null {
  if (id != null) return id;
  const candidates = findCandidates(store);
  if (candidates.length > 1) throw whichSession(candidates.map((record) => record.id));
  return candidates[0]?.id ?? null;
}

/** Returns the Session of an optional id. Null if it does not exist, or if several are possible. */
export function resolveSession(store: ReadableStore, id: SessionId | null | undefined): SessionRecord | null {
  if (id != null) return store.get(id);
  const candidates = findCandidates(store);
  return candidates.length > 1 ? null : (candidates[0] ?? null);
}

/** Returns the Sessions that a request without an id may mean, those of running Tilts first. */
function findCandidates(store: ReadableStore): readonly SessionRecord[] {
  const known = store.ids().flatMap((id) => store.get(id) ?? []);
  const real = known.filter((record) => !isDemo(record));
  const candidates = real.length > 0 ? real : known;
  const present = candidates.filter(({ connection }) => connection.state !== 'gone');
  return present.length === 1 ? present : [...new Set([...present, ...candidates])];
}

/** Maximum number of ids in an error. */
const MAX_LISTED = 20;

function whichSession(ids: readonly SessionId[]): Error {
  const listed = joinNames(ids, MAX_LISTED);
  return badInput(`${ids.length} Sessions are known. Specify the id of one: ${listed}.`);
}

/** Whether a Session matches a filter. */
export type SessionMatcher = (record: SessionRecord) => boolean;

/** Creates a predicate on the targets of one Session: whether they match a filter. */
export type TargetMatcher = (session: SessionRecord) => (target: TrackedTarget) => boolean;

/** Compiles a filter of Sessions. Without a filter every Session matches. */
export function compileSessionFilter(where: InputMaybe<SessionFilter> | undefined): SessionMatcher {
  return where ? sessionMatcher(where) : () => true;
}

/**
 * Compiles the part of a filter that an id decides. Undefined if that is no condition: every Session may
 * match then.
 */
export function compileIdFilter(
  where: InputMaybe<SessionFilter> | undefined,
): ((id: SessionId) => boolean) | undefined {
  if (where?.instance == null && where?.name == null) return undefined;
  const instance = compileOptionalGlob(where.instance);
  const name = compileOptionalGlob(where.name);
  return (id) => {
    const slash = id.lastIndexOf('/');
    return instance(id.slice(0, slash)) && name(id.slice(slash + 1));
  };
}

/**
 * Whether two gateways that read the same log may show different Sessions for a filter. Each decides by
 * itself whether a Session is STALE, from which its verdict follows, and whether a waiting target is
 * UNTRIGGERED.
 */
export function dependsOnGateway(where: InputMaybe<SessionFilter> | undefined): boolean {
  if (where == null) return false;
  const phases = where.target?.phase ?? [];
  return (
    where.connection != null || where.verdict != null || phases.some((phase) => OBSERVED_PHASES.has(phase))
  );
}

const OBSERVED_PHASES: ReadonlySet<Phase> = new Set(['waiting', 'untriggered']);

/** Compiles a filter of targets. Without a filter every target matches. */
export function compileTargetFilter(where: InputMaybe<TargetFilter> | undefined): TargetMatcher {
  return where ? targetMatcher(where) : () => () => true;
}

/** Facts about resources by name. Most revisions of a Session have the same. */
const byName = memoize(
  (resources: readonly ResourceFacts[]): ReadonlyMap<string, ResourceFacts> =>
    new Map(resources.map((resource) => [resource.name, resource])),
);

// Fields with the same variable have the same filter object, which is compiled once.
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
    (target === null || record.status.targets.some(target(record)));
});

const targetMatcher = memoize((where: TargetFilter): TargetMatcher => {
  const session = compileOptionalList(where.session);
  const instance = compileOptionalGlob(where.instance);
  const conditions = compileConditions(where);
  return (record) => {
    if (!session(record.id) || !instance(record.instance)) return () => false;
    const resources = where.label == null ? null : record.facts?.resources;
    const meetsConditions = conditions(resources ? byName(resources) : NO_RESOURCES);
    return (target) =>
      meetsConditions({
        name: target.name,
        type: target.type,
        resources: target.resources,
        phase: computePhase(target),
      });
  };
});

const NO_RESOURCES: ReadonlyMap<string, ResourceFacts> = new Map();
