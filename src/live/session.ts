import { NO_SIZES, sizesOf } from '../graphql/sizes.js';
import type { SessionId } from '../model/session.js';
import type { SessionRecord } from '../store/record.js';
import type { ReadableStore } from '../store/scoped.js';
import type { LiveEvent, Position, View } from './view.js';

/** What `session` is executed on. */
export interface SessionEvent extends LiveEvent {
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
    snapshot: (position) => event(position, id === null ? null : store.get(id)),
    changes: ([fold], position) => (fold ? event(position, fold.after) : null),
  };
}

function event({ cursor, sharedAs, reset }: Position, session: SessionRecord | null): SessionEvent {
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
