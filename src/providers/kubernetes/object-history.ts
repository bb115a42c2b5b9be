import type { Session, SessionId } from '../../model/session.js';

/**
 * Notices objects of one id that exist at the same time. A new uid alone is no sign of it: a Tilt that starts again has one. A uid
 * that comes back after another took its place is.
 */
export interface Rivals {
  /** A newer state of an object, and the last state of its id. Returns an error while it is not known which one is meant. */
  add(session: Session, last: Session | undefined): string | null;
  /** An object of this id was deleted: one that is left is meant. */
  remove(id: SessionId | null): void;
  /** Forgets everything: a list tells what exists. */
  clear(): void;
}

/** Creates the registry: one uid and one error for each id. */
export function createRivals(): Rivals {
  const replaced = new Map<SessionId, string>();
  const errors = new Map<SessionId, string>();
  return {
    add({ id, metadata: { uid } }, last) {
      const before = last?.metadata.uid ?? null;
      if (uid !== null && before !== null && uid !== before) {
        if (replaced.get(id) === uid) errors.set(id, rivalry(id, uid, before));
        else replaced.set(id, before);
      }
      return errors.get(id) ?? null;
    },
    remove(id) {
      if (id === null) return;
      replaced.delete(id);
      errors.delete(id);
    },
    clear() {
      replaced.clear();
      errors.clear();
    },
  };
}

function rivalry(id: SessionId, uid: string, other: string): string {
  return `${id}: two objects have this name (uids ${other} and ${uid}); give each a name or namespace of its own`;
}
