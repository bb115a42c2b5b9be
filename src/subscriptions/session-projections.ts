import type { SessionChange } from '../graphql/context.js';
import { itemsOf, sizesOfEvent } from '../graphql/count-sizes.js';
import type { InputMaybe, SessionFilter } from '../graphql/generated.js';
import { compileIdFilter, compileSessionFilter, dependsOnGateway } from '../graphql/selection.js';
import type { Revision } from '../store/journal.js';
import { hasSessionChanged } from '../store/merge.js';
import type { SessionRecord } from '../store/record.js';
import type { ReadableStore } from '../store/scoped.js';
import type { FactSelection } from './fact-selection.js';
import type { MergedUpdate, Position, Projection, SourceEvent } from './projection.js';
import type { SessionBinding } from './session-binding.js';
import { haveOnlyExcerptsChanged, haveShownFactsChanged } from './shown-session.js';

/** Payload of `sessionChanges`. */
interface SessionChanges extends Omit<Position, 'cacheKey'> {
  readonly changes: readonly SessionChange[];
}

/** A single update, or several that were merged. */
type Update = Pick<MergedUpdate, 'before' | 'after'> & Partial<Pick<MergedUpdate, 'isResync'>>;

/** Root value of `sessionChanges`. */
interface SessionChangesEvent extends SourceEvent {
  readonly sessionChanges: SessionChanges;
}

/** Projection of the subscription `sessionChanges`. */
export function projectSessionChanges(
  store: ReadableStore,
  where: InputMaybe<SessionFilter> | undefined,
  facts: FactSelection,
): Projection<SessionChangesEvent> {
  const matches = compileSessionFilter(where);
  const concerns = compileIdFilter(where);
  const isEqualEverywhere = !dependsOnGateway(where);
  return {
    sessionId: undefined,
    showsSet: true,
    concerns,
    matches: (revision) => changeOf(revision) !== null,
    snapshot: (position) =>
      event(
        store,
        position,
        store.ids().flatMap((id) => changesOf({ before: null, after: store.get(id) })),
      ),
    changes(updates, position) {
      // Counted here because the changes of targets are known here.
      for (const { after, revision } of updates) if (after) itemsOf(after, revision);
      const changes = updates.flatMap(changesOf).sort((a, b) => (a.session.id < b.session.id ? -1 : 1));
      return changes.length === 0 ? null : event(store, position, changes);
    },
  };

  function changesOf(update: Update): SessionChange[] {
    const change = changeOf(update);
    return change === null ? [] : [change];
  }

  /**
   * Applies the filter to a change: a Session that enters the filter is added, one that leaves it is deleted.
   */
  function changeOf({ before, after, isResync = false }: Update): SessionChange | null {
    const was = before !== null && matches(before);
    const is = after !== null && matches(after);
    const session = after ?? before;
    if (session === null || before === after) return null;
    if (!was && !is && !(isResync && mayBeHeld(session))) return null;
    if (was && is && !isResync && isHidden(before, after)) return null;
    return { type: !is ? 'deleted' : was ? 'modified' : 'added', session, previous: before };
  }

  /**
   * Whether a reader from another gateway may hold a Session that did not match here. There it may have been
   * STALE, for example. The deletion of a Session that the reader does not hold has no effect.
   */
  function mayBeHeld({ id }: SessionRecord): boolean {
    return !isEqualEverywhere && (concerns === undefined || concerns(id));
  }

  /** Whether only facts and bookkeeping changed, and nothing that the operation shows. */
  function isHidden(before: SessionRecord, after: SessionRecord): boolean {
    return (
      before.facts !== after.facts &&
      before.status.targets === after.status.targets &&
      facts.blockers === 'none' &&
      !hasSessionChanged(before, after) &&
      !haveShownFactsChanged(facts, before, after)
    );
  }
}

function event(
  store: ReadableStore,
  position: Position,
  changes: readonly SessionChange[],
): SessionChangesEvent {
  const { cacheKey, ...place } = position;
  const sessions = changes.map(({ session }) => session);
  return {
    cursor: position.cursor,
    onlyIfDifferent: false,
    cacheKey,
    isSnapshot: position.reset,
    items: sessions.reduce((sum, session) => sum + 1 + itemsOf(session), 0),
    sizes: () => sizesOfEvent(store, sessions),
    sessionChanges: { ...place, changes },
  };
}

/** Root value of `session`. */
interface SessionEvent extends SourceEvent {
  readonly session: SessionRecord | null;
}

/** Projection of the subscription `session`: the newest state, or null. */
export function projectSession(
  store: ReadableStore,
  binding: SessionBinding,
  { isFactsOnly, excerpts }: FactSelection,
): Projection<SessionEvent> {
  return {
    sessionId: binding.named,
    showsSet: false,
    hasSwitchedSince: binding.hasSwitchedSince,
    matches(revision) {
      if (!binding.follow(revision)) return false;
      if (binding.switchedAt(revision) !== null) return true;
      if (isFactsOnly && !mayChangeFacts(revision)) return false;
      return excerpts.session || !haveOnlyExcerptsChanged(revision);
    },
    snapshot: (position) => sessionEvent(store, position, binding.id === null ? null : store.get(binding.id)),
    changes: ([update], position) =>
      update
        ? sessionEvent(store, position, binding.switchedAt(update.revision) ?? update.after, update.revision)
        : null,
  };
}

/** Whether the facts changed, the resources that the targets belong to, or whether it is the demo. */
function mayChangeFacts({ before, after, changes, factsChanged }: Revision): boolean {
  if (before === null || after === null || factsChanged) return true;
  if (before.metadata.annotations !== after.metadata.annotations) return true;
  return changes.some(
    ({ type, target, previous }) => type !== 'modified' || target.resources !== previous?.resources,
  );
}

function sessionEvent(
  store: ReadableStore,
  { cursor, cacheKey, reset }: Position,
  session: SessionRecord | null,
  revision: Revision | null = null,
): SessionEvent {
  return {
    cursor,
    onlyIfDifferent: true,
    cacheKey,
    isSnapshot: reset,
    items: 1 + (session ? itemsOf(session, revision) : 0),
    sizes: () => sizesOfEvent(store, [session]),
    session,
  };
}
