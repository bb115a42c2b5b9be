import { sameJson } from '../../model/same-json.js';
import type { SessionId } from '../../model/session.js';
import { type ObjectList, orMessage, readEvent, type WatchEvent } from './list-watch.js';
import { createSeenVersions, identityOf, type ObjectIdentity } from './object-identity.js';
import type { KindState } from './watch-state.js';

/** An object of a kind that explains Sessions. */
export interface FactsObject<F> {
  readonly identity: ObjectIdentity;
  /** The fields that are kept; null if the object is of no interest; a decoding error on one line. */
  readonly facts: F | null | string;
}

/**
 * Objects of one kind that explains Sessions, and the facts kept of each. An object or a line that cannot be
 * decoded is skipped: the last good state of the object stays.
 */
export interface FactsState<F> extends KindState<FactsObject<F>, 'changed'> {
  /**
   * Returns the facts of the objects of an instance, sorted by name; null if not known. The list is the same
   * one until they change.
   */
  valuesOf(instance: string): readonly F[] | null;
  /** Reads a line of a watch. */
  read(line: Buffer): WatchEvent<FactsObject<F>>;
  /** Discards everything: it is not known until the next list. Returns whether it was known. */
  forget(): boolean;
}

/**
 * Creates the state of a kind before its first list.
 *
 * @param source instance of the objects that have no namespace; a namespace is part of the instance
 * @param decodeFacts returns what to keep of an object, null to ignore it, or throws a `DecodeError`
 */
export function createFactsState<F extends object>(
  source: string,
  decodeFacts: (object: unknown) => F | null,
): FactsState<F> {
  let resourceVersion = '';
  let known: Map<SessionId, KnownObject<F>> | null = null;
  let lists: ReadonlyMap<string, readonly F[]> = new Map();
  let areListsOutdated = false;
  const seen = createSeenVersions();

  return {
    get resourceVersion() {
      return resourceVersion;
    },
    valuesOf(instance) {
      if (known === null) return null;
      if (areListsOutdated) lists = listByInstance(known, lists);
      areListsOutdated = false;
      return lists.get(instance) ?? NONE;
    },
    read: (line) => readEvent(line, source, decode),
    list: applyList,
    event(event) {
      if (event.type === 'put') return put(event.object);
      if (event.type === 'delete') return remove(event.identity);
      if (event.type === 'bookmark') resourceVersion = event.resourceVersion || resourceVersion;
      return [];
    },
    isBehind({ items }) {
      const identities = items.map((item) => identityOf(item, source));
      const ids = new Set(identities.map(({ id }) => id));
      return identities.some(seen.isNew) || [...(known?.keys() ?? [])].some((id) => !ids.has(id));
    },
    isDegraded: false,
    clearsStale: () => false,
    forget() {
      const wasKnown = known !== null;
      known = null;
      lists = new Map();
      seen.keepOnly([]);
      return wasKnown;
    },
  };

  function decode(object: unknown): FactsObject<F> {
    return { identity: identityOf(object, source), facts: orMessage(() => decodeFacts(object)) };
  }

  function applyList({ items, resourceVersion: version }: ObjectList): 'changed'[] {
    const before = known;
    const identities = items.map((item) => identityOf(item, source));
    const after = new Map<SessionId, KnownObject<F>>();
    for (const [index, identity] of identities.entries()) {
      const last = (identity.id !== null && before?.get(identity.id)) || null;
      const next = last && seen.isOld(identity) ? last : take(last, decode(items[index]));
      if (next !== null && identity.id !== null) after.set(identity.id, next);
      seen.record(identity);
    }
    seen.keepOnly(identities);
    known = after;
    resourceVersion = version;
    const isSame =
      before?.size === after.size && [...after].every(([id, { facts }]) => before.get(id)?.facts === facts);
    return isSame ? [] : changed();
  }

  function put(object: FactsObject<F>): 'changed'[] {
    const { identity } = object;
    if (known === null || identity.id === null || seen.isOld(identity)) return [];
    seen.record(identity);
    resourceVersion = identity.resourceVersion ?? resourceVersion;
    const last = known.get(identity.id) ?? null;
    const next = take(last, object);
    if (next === null) return [];
    known.set(identity.id, next);
    return next.facts === last?.facts ? [] : changed();
  }

  function remove(identity: ObjectIdentity): 'changed'[] {
    const last = identity.id === null ? undefined : known?.get(identity.id);
    seen.record(identity);
    // A deletion may arrive after the successor of the same name was created.
    const isOther = last?.uid != null && identity.uid !== null && last.uid !== identity.uid;
    if (identity.id === null || !last || isOther) return [];
    resourceVersion = identity.resourceVersion ?? resourceVersion;
    known?.delete(identity.id);
    return changed();
  }

  function changed(): 'changed'[] {
    areListsOutdated = true;
    return ['changed'];
  }
}

/** The kept state of an object. */
interface KnownObject<F> {
  readonly instance: string;
  readonly uid: string | null;
  readonly facts: F;
}

/** The newer state of an object, with the same facts as before if they are equal. Null if nothing is kept. */
function take<F>(
  last: KnownObject<F> | null,
  { identity: { instance, uid }, facts }: FactsObject<F>,
): KnownObject<F> | null {
  if (facts === null || typeof facts === 'string') return last;
  return { instance, uid, facts: last !== null && sameJson(last.facts, facts) ? last.facts : facts };
}

/** Lists the facts of each instance by name: the same list as before if its facts are the same. */
function listByInstance<F>(
  objects: ReadonlyMap<SessionId, KnownObject<F>>,
  before: ReadonlyMap<string, readonly F[]>,
): ReadonlyMap<string, readonly F[]> {
  const lists = new Map<string, F[]>();
  for (const [, { instance, facts }] of [...objects].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const list = lists.get(instance);
    if (list) list.push(facts);
    else lists.set(instance, [facts]);
  }
  return new Map([...lists].map(([instance, list]) => [instance, keepEqual(before.get(instance), list)]));
}

function keepEqual<F>(before: readonly F[] | undefined, after: readonly F[]): readonly F[] {
  const isSame = before?.length === after.length && before.every((facts, index) => facts === after[index]);
  return isSame ? before : after;
}

const NONE: readonly never[] = [];
