import { isDemo, type SessionId } from '../model/session.js';
import type { SessionRecord } from '../store/record.js';
import type { ReadableStore } from '../store/scoped.js';
import { badInput } from './errors.js';

/**
 * Which Session is meant. Without an id it is the only one whose Tilt has not left, otherwise the only one that is known;
 * null while none is. The demonstration is meant only where nothing else is known.
 * Throws `BAD_USER_INPUT`, listing the ids, those of running Tilts first, when several could be meant.
 */
export function meantSession(store: ReadableStore, id: SessionId | null | undefined): SessionId | null {
  if (id != null) return id;
  const candidates = candidatesOf(store);
  if (candidates.length > 1) throw whichSession(candidates.map((record) => record.id));
  return candidates[0]?.id ?? null;
}

/** The Session that is meant; null where it does not exist, or where several could be meant. */
export function findMeantSession(
  store: ReadableStore,
  id: SessionId | null | undefined,
): SessionRecord | null {
  if (id != null) return store.get(id);
  const candidates = candidatesOf(store);
  return candidates.length > 1 ? null : (candidates[0] ?? null);
}

/** The Sessions that could be meant where no id is given, those of running Tilts first. */
function candidatesOf(store: ReadableStore): readonly SessionRecord[] {
  const known = store.ids().flatMap((id) => store.get(id) ?? []);
  const real = known.filter((record) => !isDemo(record));
  const candidates = real.length > 0 ? real : known;
  const present = candidates.filter(({ connection }) => connection.state !== 'gone');
  return present.length === 1 ? present : [...new Set([...present, ...candidates])];
}

/** How many ids an error lists. */
const MAX_LISTED = 20;

function whichSession(ids: readonly SessionId[]): Error {
  const listed = ids.slice(0, MAX_LISTED).join(', ');
  const more = ids.length > MAX_LISTED ? ` and ${ids.length - MAX_LISTED} more` : '';
  return badInput(`Which Session? ${ids.length} are known, so give an id: ${listed}${more}.`);
}

/** Something with an id that is unique in the gateway. */
type NodeRecord = SessionRecord | SessionRecord['status']['targets'][number];

/** What a node is called in the schema. */
export function typeOfNode(node: NodeRecord): 'Session' | 'Target' {
  return 'metadata' in node ? 'Session' : 'Target';
}

/** How many `#` of an id are tried as the place between a Session's id and a target's name. */
const MAX_PLACES = 16;

/** The object with this id: a Session's, or `<session id>#<target name>`; null when there is none. */
export function nodeOf(store: ReadableStore, id: string): NodeRecord | null {
  const session = store.get(id);
  if (session) return session;
  // A target's name may have a # in it, and so may an instance: try each place. Not any number of them: each costs a look-up.
  let hash = id.indexOf('#');
  for (let tried = 0; hash >= 0 && tried < MAX_PLACES; tried += 1, hash = id.indexOf('#', hash + 1)) {
    const target = store.get(id.slice(0, hash))?.status.targets.find((candidate) => candidate.id === id);
    if (target) return target;
  }
  return null;
}
