import { resolveSession } from '../graphql/selection.js';
import { isDemo, type SessionId } from '../model/session.js';
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
  /**
   * Returns the cursor of the complete state in this tick. If the subscription shows another Session than the
   * default one, it is that of the last revision of the shown Session. A client that returns with it and
   * without a name is reset, see {@link holdsDefaultSession}.
   */
  cursor(): string;
}

/** A Session, and whether the subscription names it. */
export interface BoundSession {
  readonly id: SessionId | null;
  readonly isNamed: boolean;
  /** Number of the revision at which the Session was the default one, if it is not named. */
  readonly revision: number;
}

/**
 * Creates the binding of one group. Without a name it stays with its Session until that is deleted, also
 * while others appear. Then it switches to the default Session, as soon as there is one that is not GONE: a
 * reader of the demo would otherwise never see the Tilt that replaces it.
 */
export function createSessionBinding(
  store: ReadableStore,
  { id: first, isNamed, revision: start }: BoundSession,
): SessionBinding {
  let id = first;
  /** Number of the revision of the last switch; 0 before it. */
  let lastSwitch = 0;
  // By revision, because several may wait for the same flush. Weak, so that no Session is kept for longer
  // than the journal keeps the revision.
  const switches = new WeakMap<Revision, SessionRecord>();
  /** Number of the last revision of the Session, or of the one that led to it. */
  let lastOwn = start;
  let shown = { revision: -1, isDefault: false };

  return {
    get id() {
      return id;
    },
    named: isNamed && first !== null ? first : undefined,
    follow(revision) {
      const isOwn = revision.id === id;
      if (isNamed) return isOwn;
      const isShown = (isOwn && revision.after !== null) || switchSession(revision) || isOwn;
      // Those that a reader has missed are earlier ones.
      if (isShown && revision.number > lastOwn) lastOwn = revision.number;
      return isShown;
    },
    switchedAt(revision) {
      // Two numbers are compared first: most updates come after the last switch.
      if (revision === null || revision.number > lastSwitch) return null;
      return switches.get(revision) ?? null;
    },
    hasSwitchedSince: (number) => lastSwitch >= number,
    cursor: () => (isNamed || showsDefault() ? store.cursor() : store.cursorOf(lastOwn)),
  };

  /** Found once per revision, because every reader that joins a group asks. */
  function showsDefault(): boolean {
    const { revision } = store;
    if (shown.revision !== revision) {
      const byDefault = resolveSession(store, null);
      shown = { revision, isDefault: id === (byDefault?.id ?? null) };
    }
    return shown.isDefault;
  }

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
 * changes since then complete it (S4). The cursor does not contain which Session the client held. It is that
 * of an update of the held Session, or of a complete state. The latter may be that of any revision, but only
 * if it shows the Session that was the default one then; see {@link SessionBinding.cursor}. So the client
 * holds the present default Session if the revision of the cursor is of that Session, or of none, and if no
 * later revision could have changed the default.
 */
export function holdsDefaultSession(store: ReadableStore, id: SessionId | null, cursor: string): boolean {
  const history = store.historySince(cursor);
  if (history === null || id === null) return false;
  const { at, after } = history;
  return (at === null || at.id === id) && !after.some(mayChangeDefault);
}

/** Whether a Session appears, disappears, enters or leaves GONE, or becomes the demo or follows it. */
function mayChangeDefault({ before, after }: Revision): boolean {
  if (before === null || after === null) return true;
  if ((before.connection.state === 'gone') !== (after.connection.state === 'gone')) return true;
  return before.metadata !== after.metadata && isDemo(before) !== isDemo(after);
}
