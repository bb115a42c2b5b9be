import { isDeepStrictEqual } from 'node:util';
import { isRecord } from '../lib/is-record.js';
import type { Change } from '../model/change.js';
import { DEFAULT_CLUSTER, decodeCluster, decodeResource } from '../model/decode-facts.js';
import type { ClusterFacts, ResourceFacts, SessionFacts } from '../model/facts.js';
import type { Session } from '../model/session.js';
import {
  createObjectTable,
  FACT_KINDS,
  type FactKind,
  type FactObject,
  type FactsByName,
  type ObjectKey,
} from './fact-objects.js';
import { createSeenVersions, identityOf, type ObjectIdentity } from './kubernetes/object-identity.js';

/** Errors of kinds that could not be read completely, by their names in Tilt's API. */
export type Unavailable = ReadonlyMap<string, string>;

/** Facts by the instance of the Sessions that they explain. */
export type FactsByInstance = ReadonlyMap<string, SessionFacts>;

/** Collects the facts of one source from objects that arrive in any order. No I/O. */
export interface FactTable {
  /**
   * Returns the present facts about the Sessions of an instance, the same object until they change; undefined
   * while nothing is known. Objects of another namespace belong to another instance.
   */
  factsOf(instance: string): SessionFacts | undefined;
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
 * @param source instance of the objects that have no namespace; a namespace is part of the instance
 * @param lastGood facts to keep for objects that cannot be read. Default: none
 */
export function createFactTable(source: string, lastGood: FactsByInstance = new Map()): FactTable {
  const seen = createSeenVersions();
  const resources = createObjectTable(decodeResource, resourcesOf(lastGood));
  const clusters = createObjectTable(decodeCluster, clustersOf(lastGood));
  const kinds = { UIResource: resources, Cluster: clusters };
  const newest = new Map<string, { readonly facts: SessionFacts | undefined; readonly version: number }>();
  /** Grows with each change of an object. */
  let version = 0;

  return {
    factsOf(instance) {
      if (!hasObjects(instance)) return resources.list(instance) === null ? undefined : NO_OBJECTS;
      const known = newest.get(instance);
      if (known?.version === version) return known.facts;
      const facts = readFacts(instance, known?.facts);
      newest.set(instance, { facts, version });
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
      const identity = identityOf(value, source);
      const key = keyOf(value, identity);
      if (isIgnored(kind, key)) return;
      seen.record(identity);
      kinds[kind].remove(key);
      version += 1;
      forgetEmpty(key.instance);
    },
    replaceAll(kind, values) {
      kinds[kind].clear();
      for (const value of values) put({ kind, value }, true);
      version += 1;
      for (const instance of newest.keys()) forgetEmpty(instance);
    },
  };

  function hasObjects(instance: string): boolean {
    return resources.has(instance) || clusters.has(instance);
  }

  /** Namespaces may come and go as long as the process runs. */
  function forgetEmpty(instance: string): void {
    if (!hasObjects(instance)) newest.delete(instance);
  }

  /** @param isListed whether the version comes from a list, which shows what exists */
  function put({ kind, value }: FactObject, isListed: boolean): void {
    const identity = identityOf(value, source);
    const key = keyOf(value, identity);
    if (isIgnored(kind, key) || (!isListed && seen.isOld(identity))) return;
    seen.record(identity);
    kinds[kind].put(kind, key, value);
    version += 1;
  }

  /** Keeps the object while the facts are equal, so that an event without news costs its parse. */
  function readFacts(instance: string, known: SessionFacts | undefined): SessionFacts | undefined {
    const cluster = clusters.get(instance, DEFAULT_CLUSTER);
    const next = { resources: resources.list(instance), cluster, webUrl: null };
    if (next.resources === null && next.cluster === null) return undefined;
    return isDeepStrictEqual(known, next) ? known : next;
  }
}

/** Facts about an instance without objects, while other instances have some. */
const NO_OBJECTS: SessionFacts = { resources: [], cluster: null, webUrl: null };

function resourcesOf(facts: FactsByInstance): FactsByName<ResourceFacts> {
  return new Map(
    [...facts].map(([instance, { resources }]) => [
      instance,
      new Map((resources ?? []).map((one) => [one.name, one])),
    ]),
  );
}

function clustersOf(facts: FactsByInstance): FactsByName<ClusterFacts> {
  return new Map(
    [...facts].flatMap(([instance, { cluster }]) =>
      cluster === null ? [] : [[instance, new Map([[DEFAULT_CLUSTER, cluster]])]],
    ),
  );
}

/** Tilt judges a Session by one cluster only. */
function isIgnored(kind: FactKind, { name }: ObjectKey): boolean {
  return kind === 'Cluster' && name !== DEFAULT_CLUSTER;
}

function keyOf(value: unknown, { instance, uid }: ObjectIdentity): ObjectKey {
  const name = isRecord(value) && isRecord(value.metadata) ? value.metadata.name : null;
  return { instance, name: typeof name === 'string' ? name : '', uid };
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
