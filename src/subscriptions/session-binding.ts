import { resolveSession } from '../graphql/selection.js';
import type { SessionId } from '../model/session.js';
import type { Revision } from '../store/journal.js';
import type { SessionRecord } from '../store/record.js';
import type { ReadableStore } from '../store/scoped.js';

/** The Session that a subscription shows: the one that it names, otherwise the default Session. */
export interface SessionBinding {
  /** Null while the subscription names none and none was known. */
  readonly id: SessionId | null;
  /** The Session if the subscription names it; undefined if it may become another one. */
  readonly named: SessionId | undefined;
  /** Whether a new revision concerns the subscription. It may bind it to another Session. */
  follow(revision: Revision): boolean;
  /**
   * Returns the record of the Session that a revision switched to, as of that revision. Null if it did not
   * switch, and for merged updates, which have no revision.
   */
  switchedAt(revision: Revision | null): SessionRecord | null;
  /** Whether it has switched to another Session at a revision of this number or a later one. */
  hasSwitchedSince(number: number): boolean;
}

/** A Session, and whether the subscription names it. */
export interface BoundSession {
  readonly id: SessionId | null;
  readonly isNamed: boolean;
}

/**
 * Creates the binding of one group. Without a name it stays with its Session until that is deleted, also
 * while others appear. Then it switches to the default Session, as soon as there is one that is not GONE: a
 * reader of the demo would otherwise never see the Tilt that replaces it.
 */
export function createSessionBinding(
  store: ReadableStore,
  { id: first, isNamed }: BoundSession,
): SessionBinding {
  let id = first;
  /** Number of the revision of the last switch; 0 before it. */
  let lastSwitch = 0;
  // By revision, because several may wait for the same flush. Weak, so that no Session is kept for longer
  // than the journal keeps the revision.
  const switches = new WeakMap<Revision, SessionRecord>();

  return {
    get id() {
      return id;
    },
    named: isNamed && first !== null ? first : undefined,
    follow(revision) {
      const isOwn = revision.id === id;
      if (isNamed || (isOwn && revision.after !== null)) return isOwn;
      return switchSession(revision) || isOwn;
    },
    switchedAt(revision) {
      // Two numbers are compared first: most updates come after the last switch.
      if (revision === null || revision.number > lastSwitch) return null;
      return switches.get(revision) ?? null;
    },
    hasSwitchedSince: (number) => lastSwitch >= number,
  };

  function switchSession(revision: Revision): boolean {
    if ((id !== null && store.get(id) !== null) || !mayChangeDefault(revision)) return false;
    const next = resolveSession(store, null);
    if (next === null || (id !== null && next.connection.state === 'gone')) return false;
    // The first Session replaces none: it is an ordinary update.
    if (id !== null || next.id !== revision.id) {
      lastSwitch = revision.number;
      switches.set(revision, next);
    }
    id = next.id;
    return true;
  }
}

/**
 * Whether a client that names no Session, and saw a cursor, holds a state of the default Session, so that the
 * changes since then complete it (S4). The cursor does not tell which Session the client held. It was the
 * present one if the revision of the cursor is of that Session, or of none, and if no later revision could
 * have changed the default.
 */
export function holdsDefaultSession(store: ReadableStore, id: SessionId | null, cursor: string): boolean {
  const history = store.historySince(cursor);
  if (history === null || id === null) return false;
  const { at, after } = history;
  return (at === null || at.id === id) && !after.some(mayChangeDefault);
}

/** Whether a Session appears, disappears, or enters or leaves GONE. */
function mayChangeDefault({ before, after }: Revision): boolean {
  if (before === null || after === null) return true;
  return (before.connection.state === 'gone') !== (after.connection.state === 'gone');
}
