import type { SessionId } from '../model/session.js';
import type { SessionRecord } from '../store/record.js';
import type { ReadableStore } from '../store/scoped.js';
import { badInput } from './errors.js';

/**
 * Which Session is meant. Without an id it is the only one that is known; null while none is.
 * Throws `BAD_USER_INPUT`, listing the ids, when several are.
 */
export function meantSession(store: ReadableStore, id: SessionId | null | undefined): SessionId | null {
  if (id != null) return id;
  const ids = store.ids();
  if (ids.length <= 1) return ids[0] ?? null;
  const listed = ids.slice(0, 20).join(', ');
  const more = ids.length > 20 ? ` and ${ids.length - 20} more` : '';
  throw badInput(`Which Session? ${ids.length} are known, so give an id: ${listed}${more}.`);
}

/** Something with an id that is unique in the gateway. */
type NodeRecord = SessionRecord | SessionRecord['status']['targets'][number];

/** What a node is called in the schema. */
export function typeOfNode(node: NodeRecord): 'Session' | 'Target' {
  return 'metadata' in node ? 'Session' : 'Target';
}

/** The object with this id: a Session's, or `<session id>#<target name>`; null when there is none. */
export function nodeOf(store: ReadableStore, id: string): NodeRecord | null {
  const session = store.get(id);
  if (session) return session;
  // A target's name may have a # in it, and so may an instance: try each place.
  for (let hash = id.indexOf('#'); hash >= 0; hash = id.indexOf('#', hash + 1)) {
    const target = store.get(id.slice(0, hash))?.status.targets.find((candidate) => candidate.id === id);
    if (target) return target;
  }
  return null;
}
