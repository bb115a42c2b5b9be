import { compileSessionFilter } from '../graphql/filter.js';
import type { InputMaybe, SessionFilter } from '../graphql/generated.js';
import type { SessionChange } from '../graphql/session-change.js';
import { NO_SIZES, sizesOf, sizesOfAll } from '../graphql/sizes.js';
import type { SessionId } from '../model/session.js';
import type { SessionRecord } from '../store/record.js';
import type { ReadableStore } from '../store/scoped.js';
import type { Fold, LiveEvent, Position, View } from './view.js';

/** A payload of `sessionChanges`. */
interface SessionChanges extends Omit<Position, 'sharedAs'> {
  readonly changes: readonly SessionChange[];
}

/** What `sessionChanges` is executed on. */
interface SessionChangesEvent extends LiveEvent {
  readonly sessionChanges: SessionChanges;
}

/** The view behind the subscription `sessionChanges`. */
export function viewSessionChanges(
  store: ReadableStore,
  where: InputMaybe<SessionFilter> | undefined,
): View<SessionChangesEvent> {
  const matches = compileSessionFilter(where);
  return {
    only: undefined,
    wants: (revision) => changeOf(revision) !== null,
    snapshot: (position) =>
      event(
        position,
        store.ids().flatMap((id) => changesOf(null, store.get(id))),
      ),
    changes(folds, position) {
      const changes = folds
        .flatMap(({ before, after }) => changesOf(before, after))
        .sort((a, b) => (a.session.id < b.session.id ? -1 : 1));
      return changes.length === 0 ? null : event(position, changes);
    },
  };

  function changesOf(before: SessionRecord | null, after: SessionRecord | null): SessionChange[] {
    const change = changeOf({ before, after });
    return change === null ? [] : [change];
  }

  /** The change as the filter sees it: what enters it is added, what leaves it is deleted. */
  function changeOf({ before, after }: Pick<Fold, 'before' | 'after'>): SessionChange | null {
    const was = before !== null && matches(before);
    const is = after !== null && matches(after);
    const session = after ?? before;
    if (session === null || before === after || (!was && !is)) return null;
    return { type: !was ? 'added' : is ? 'modified' : 'deleted', session, previous: before };
  }
}

function event(position: Position, changes: readonly SessionChange[]): SessionChangesEvent {
  const { sharedAs, ...place } = position;
  return {
    cursor: position.cursor,
    onlyIfDifferent: false,
    sharedAs,
    isSnapshot: position.reset,
    items: changes.reduce((sum, { session }) => sum + 1 + session.status.targets.length, 0),
    sizes: () => sizesOfAll(changes.map(({ session }) => session)).total,
    sessionChanges: { ...place, changes },
  };
}

/** What `session` is executed on. */
interface SessionEvent extends LiveEvent {
  readonly session: SessionRecord | null;
}

/**
 * The view behind the subscription `session`: its newest state, null while there is none.
 *
 * @param session null while none is known: it is then the first to come
 */
export function viewSession(store: ReadableStore, session: SessionId | null): View<SessionEvent> {
  let id = session;
  return {
    only: session ?? undefined,
    wants(revision) {
      id ??= revision.id;
      return revision.id === id;
    },
    snapshot: (position) => sessionEvent(position, id === null ? null : store.get(id)),
    changes: ([fold], position) => (fold ? sessionEvent(position, fold.after) : null),
  };
}

function sessionEvent({ cursor, sharedAs, reset }: Position, session: SessionRecord | null): SessionEvent {
  return {
    cursor,
    onlyIfDifferent: true,
    sharedAs,
    isSnapshot: reset,
    items: 1 + (session?.status.targets.length ?? 0),
    sizes: () => (session ? sizesOf(session) : NO_SIZES),
    session,
  };
}
