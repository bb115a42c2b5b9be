import { isDeepStrictEqual } from 'node:util';
import { isRecord } from '../lib/is-record.js';
import type { Change } from '../model/change.js';
import { DEFAULT_CLUSTER, decodeCluster, decodeResource } from '../model/decode-facts.js';
import type { SessionFacts } from '../model/facts.js';
import type { Session } from '../model/session.js';
import { createObjectTable, FACT_KINDS, type FactKind, type FactObject } from './fact-objects.js';
import { createSeenVersions, identityOf } from './kubernetes/object-identity.js';

/** Errors of kinds that could not be read completely, by their names in Tilt's API. */
export type Unavailable = ReadonlyMap<string, string>;

/** Collects the facts of one instance from objects that arrive in any order. No I/O. */
export interface FactTable {
  /** The present facts, the same object until they change; undefined while nothing is known. */
  readonly facts: SessionFacts | undefined;
  /**
   * One line for each kind with an object that cannot be read. The last good facts of that object stay. If
   * it has none, the others are listed without it.
   */
  readonly unavailable: Unavailable;
  /** Adds an object, or replaces the one of its name. A version that was seen before has no effect. */
  put(object: FactObject): void;
  /** Removes an object. No effect if another one of the same name has replaced it. */
  remove(object: FactObject): void;
  /** Replaces all objects of a kind. One that cannot be read keeps its last good facts. */
  replaceAll(kind: FactKind, values: readonly unknown[]): void;
}

/**
 * Creates an empty table.
 *
 * @param lastGood facts to keep for objects that cannot be read. Default: none
 */
export function createFactTable(lastGood?: SessionFacts): FactTable {
  const seen = createSeenVersions();
  const resources = createObjectTable(
    decodeResource,
    (lastGood?.resources ?? []).map((one) => [one.name, one]),
  );
  const clusters = createObjectTable(
    decodeCluster,
    lastGood?.cluster ? [[DEFAULT_CLUSTER, lastGood.cluster]] : [],
  );
  const kinds = { UIResource: resources, Cluster: clusters };
  let facts: SessionFacts | undefined;
  let isOutdated = false;

  return {
    get facts() {
      if (isOutdated) update();
      isOutdated = false;
      return facts;
    },
    get unavailable() {
      const problems = new Map<string, string>();
      if (resources.problem !== null) problems.set(FACT_KINDS.UIResource, resources.problem);
      if (clusters.problem !== null) problems.set(FACT_KINDS.Cluster, clusters.problem);
      return problems;
    },
    put: (object) => put(object, false),
    remove({ kind, value }) {
      const name = nameOf(value);
      if (isIgnored(kind, name)) return;
      const identity = identityOf(value, '');
      seen.record(identity);
      kinds[kind].remove(name, identity.uid);
      isOutdated = true;
    },
    replaceAll(kind, values) {
      kinds[kind].clear();
      for (const value of values) put({ kind, value }, true);
      isOutdated = true;
    },
  };

  /** @param isListed whether the version comes from a list, which shows what exists */
  function put({ kind, value }: FactObject, isListed: boolean): void {
    const name = nameOf(value);
    const identity = identityOf(value, '');
    if (isIgnored(kind, name) || (!isListed && seen.isOld(identity))) return;
    seen.record(identity);
    kinds[kind].put(kind, name, identity.uid, value);
    isOutdated = true;
  }

  /** Keeps the object while the facts are equal, so that an event without news costs its parse. */
  function update(): void {
    const next = { resources: resources.list(), cluster: clusters.get(DEFAULT_CLUSTER), webUrl: null };
    const isEmpty = next.resources === null && next.cluster === null;
    if (!isDeepStrictEqual(facts, next)) facts = isEmpty ? undefined : next;
  }
}

/** Tilt judges a Session by one cluster only. */
function isIgnored(kind: FactKind, name: string): boolean {
  return kind === 'Cluster' && name !== DEFAULT_CLUSTER;
}

/** Name of an object; empty if it has none. */
function nameOf(value: unknown): string {
  const name = isRecord(value) && isRecord(value.metadata) ? value.metadata.name : null;
  return typeof name === 'string' ? name : '';
}

/** The Session with facts; unchanged if nothing is known. */
export function withFacts(session: Session, facts: SessionFacts | undefined): Session {
  return facts === undefined ? session : { ...session, facts };
}

/** Returns the changes from the errors that were pushed to the present ones. Pure. */
export function diffUnavailable(before: Unavailable, after: Unavailable): Change[] {
  const solved = [...before.keys()].filter((kind) => !after.has(kind));
  const failed = [...after].filter(([kind, error]) => before.get(kind) !== error);
  return [
    ...solved.map((kind): Change => ({ type: 'availability', kind, error: null })),
    ...failed.map(([kind, error]): Change => ({ type: 'availability', kind, error })),
  ];
}
