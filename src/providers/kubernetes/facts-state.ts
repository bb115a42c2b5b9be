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
   * The facts of all objects, sorted by name; null if not known. The list is the same one until they change.
   */
  readonly values: readonly F[] | null;
  /** Reads a line of a watch. */
  read(line: Buffer): WatchEvent<FactsObject<F>>;
  /** Discards everything: it is not known until the next list. Returns whether it was known. */
  forget(): boolean;
}

/**
 * Creates the state of a kind before its first list.
 *
 * @param source instance of the Sessions that the objects explain
 * @param decodeFacts returns what to keep of an object, null to ignore it, or throws a `DecodeError`
 */
export function createFactsState<F extends object>(
  source: string,
  decodeFacts: (object: unknown) => F | null,
): FactsState<F> {
  let resourceVersion = '';
  let known: Map<SessionId, KnownObject<F>> | null = null;
  let values: readonly F[] | null = null;
  const seen = createSeenVersions();

  return {
    get resourceVersion() {
      return resourceVersion;
    },
    get values() {
      values ??= known && sortByName(known);
      return values;
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
      values = null;
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
    values = null;
    return ['changed'];
  }
}

/** The kept state of an object. */
interface KnownObject<F> {
  readonly uid: string | null;
  readonly facts: F;
}

/** The newer state of an object, with the same facts as before if they are equal. Null if nothing is kept. */
function take<F>(
  last: KnownObject<F> | null,
  { identity: { uid }, facts }: FactsObject<F>,
): KnownObject<F> | null {
  if (facts === null || typeof facts === 'string') return last;
  return { uid, facts: last !== null && sameJson(last.facts, facts) ? last.facts : facts };
}

function sortByName<F>(objects: ReadonlyMap<SessionId, KnownObject<F>>): readonly F[] {
  return [...objects].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, { facts }]) => facts);
}
