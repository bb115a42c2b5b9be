import { compareNaturally } from '../../lib/natural-order.js';
import { hasSameItems } from './places.js';
import type { Session } from './types.js';

/** Orders Sessions for the list: those that need attention first, then by name, `team-2` before `team-10`. */
export type SessionOrder = (
  sessions: ReadonlyMap<string, Session>,
  needsAttention: (session: Session) => boolean,
) => Session[];

/** Creates an order that compares names only when a Session was added or removed. */
export function createSessionOrder(): SessionOrder {
  let known: readonly string[] = [];
  let ordered: readonly string[] = [];
  return (sessions, needsAttention) => {
    const ids = [...sessions.keys()];
    if (!hasSameItems(known, ids)) {
      known = ids;
      ordered = ids.toSorted(compareNaturally);
    }
    const [first, others]: [Session[], Session[]] = [[], []];
    for (const id of ordered) {
      const session = sessions.get(id);
      if (session) (needsAttention(session) ? first : others).push(session);
    }
    return [...first, ...others];
  };
}
