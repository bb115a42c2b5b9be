import type { Revision } from '../store/journal.js';
import type { ReadableStore } from '../store/scoped.js';
import type { Due } from './backlog.js';
import type { LiveEvent, View } from './view.js';

/** The event that tells everything as it is in this tick; `conflated` updates went before it untold. */
export function snapshotEvent<E extends LiveEvent>(view: View<E>, store: ReadableStore, conflated = 0): E {
  const cursor = store.cursor();
  // Not by the cursor: revisions in which only a link changed may have that of the one before.
  const sharedAs = conflated === 0 ? `snapshot ${store.revision}` : null;
  return view.snapshot({ cursor, reset: true, conflated, sharedAs });
}

/** The event that tells one update; null when it comes to nothing. */
export function updateEvent<E extends LiveEvent>(
  view: View<E>,
  store: ReadableStore,
  revision: Revision,
): E | null {
  const cursor = store.cursorOf(revision.number);
  const fold = { before: revision.before, after: revision.after, revision };
  const sharedAs = revision.isResync ? null : String(revision.number);
  return view.changes([fold], { cursor, reset: false, conflated: 0, sharedAs });
}

/** The event that tells what a reader has missed; null when that comes to nothing. */
export function dueEvent<E extends LiveEvent>(view: View<E>, store: ReadableStore, due: Due): E | null {
  if (due.type === 'reset') return snapshotEvent(view, store, due.updates);
  const [fold] = due.folds;
  if (due.updates === 1 && fold?.revision) return updateEvent(view, store, fold.revision);
  const cursor = store.cursorOf(due.number);
  return view.changes(due.folds, { cursor, reset: false, conflated: due.updates, sharedAs: null });
}
