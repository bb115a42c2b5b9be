import { countItems, itemsOf, sizesOfEvent } from '../graphql/count-sizes.js';
import type { InputMaybe, TargetFilter } from '../graphql/generated.js';
import { compileTargetFilter } from '../graphql/selection.js';
import { combine } from '../graphql/sizes.js';
import type { Revision } from '../store/journal.js';
import { diffRecords, hasSessionChanged } from '../store/merge.js';
import type { RecordChange, SessionRecord } from '../store/record.js';
import type { ReadableStore } from '../store/scoped.js';
import { isMarkUncertain } from '../store/triggers.js';
import { compareBlockers } from './blocker-changes.js';
import type { FactSelection } from './fact-selection.js';
import type { MergedUpdate, Position, Projection, SourceEvent } from './projection.js';
import type { SessionBinding } from './session-binding.js';
import {
  changesPhase,
  hasShownExcerptChanged,
  haveShownFactsChanged,
  haveShownTargetsChanged,
  mayExcerptsDiffer,
} from './shown-session.js';

/** Payload of `targetChanges`. */
export interface TargetChanges extends Omit<Position, 'cacheKey'> {
  /** Null if the Session does not exist. */
  readonly session: SessionRecord | null;
  readonly changes: readonly RecordChange[];
}

/** Root value of `targetChanges`. */
export interface TargetChangesEvent extends SourceEvent {
  readonly targetChanges: TargetChanges;
}

/** Arguments of `targetChanges`. */
export interface TargetChangesOptions extends ChangeSelectionOptions {
  readonly binding: SessionBinding;
}

/** Projection of the subscription `targetChanges`. */
export function projectTargetChanges(
  store: ReadableStore,
  { binding, ...options }: TargetChangesOptions,
): Projection<TargetChangesEvent> {
  const selection = createChangeSelection(options);
  return {
    sessionId: binding.named,
    showsSet: false,
    hasSwitchedSince: binding.hasSwitchedSince,
    matches(revision) {
      if (!binding.follow(revision)) return false;
      return binding.switchedAt(revision) !== null || selection.shown(revision) !== null;
    },
    isComplete: (missed) =>
      !missed.some(({ isResync }) => isResync) ||
      !missed.some((revision) => revision.id === binding.id && mayDifferElsewhere(revision)),
    snapshot(position) {
      const record = binding.id === null ? null : store.get(binding.id);
      const place = { ...position, cursor: binding.cursor() };
      return event(place, { before: null, after: record }, selection.all(record));
    },
    changes([update], position) {
      if (!update) return null;
      const other = binding.switchedAt(update.revision);
      if (other !== null) {
        return event(position, { before: null, after: other }, selection.all(other), true);
      }
      const changes = selection.shown(update.revision ?? toDifference(update));
      return changes === null ? null : event(position, update, changes);
    },
  };

  function event(
    position: Position,
    { before, after, revision = null }: Pick<MergedUpdate, 'before' | 'after'> & Partial<MergedUpdate>,
    changes: readonly RecordChange[],
    reset = position.reset,
  ): TargetChangesEvent {
    const { cacheKey, ...place } = position;
    return {
      cursor: position.cursor,
      onlyIfDifferent: false,
      cacheKey,
      isSnapshot: position.reset,
      items: 1 + countItems(changes.map(({ target }) => target)) + (after ? itemsOf(after, revision) : 0),
      sizes() {
        const sizes = sizesOfEvent(store, [after]);
        const hasDeleted = changes.some(({ type }) => type === 'deleted');
        // Deleted targets are those of the state before.
        const all = hasDeleted ? combine(sizesOfEvent(store, [before]), sizes, Math.max) : sizes;
        return { ...all, changes: changes.length };
      },
      targetChanges: { ...place, reset, session: after, changes },
    };
  }
}

/**
 * Whether a reader from another gateway may hold a target in another phase than the one that it had here: in
 * a missed revision, before it; in a resync, now.
 */
function mayDifferElsewhere({ before, after, changes, isResync }: Revision): boolean {
  if (isResync) return after?.status.targets.some((target) => isMarkUncertain(target, after.facts)) ?? false;
  return changes.some(({ previous }) => previous !== null && isMarkUncertain(previous, before?.facts));
}

function toDifference({ before, after, isResync }: MergedUpdate): Difference {
  const sessionChanged = isResync || hasSessionChanged(before, after);
  return { changes: diffRecords(before, after), before, after, sessionChanged };
}

/** Difference between two records of a Session. */
type Difference = Pick<Revision, 'changes' | 'before' | 'after' | 'sessionChanged'>;

/** Arguments and selections of an operation that decide which changes it shows. */
interface ChangeSelectionOptions {
  readonly where: InputMaybe<TargetFilter> | undefined;
  /** Whether changes within a phase are left out. */
  readonly phaseChangesOnly: boolean;
  /** Facts that the operation shows. */
  readonly facts: FactSelection;
}

/** The changes of targets that an operation selects. */
interface ChangeSelection {
  /** Returns the selected changes of an update; null if nothing that the operation shows has changed (S6). */
  shown(difference: Difference): readonly RecordChange[] | null;
  /** Returns every target of a Session that matches the filter, as added. */
  all(record: SessionRecord | null): readonly RecordChange[];
}

/** Creates the selection of an operation. */
function createChangeSelection({ where, phaseChangesOnly, facts }: ChangeSelectionOptions): ChangeSelection {
  const matchesFilter = compileTargetFilter(where);

  return {
    shown({ changes, before, after, sessionChanged }) {
      const affected = withAffected(changes, before, after);
      const selected = select(affected, before, after);
      const isShown = selected.length > 0 || sessionChanged || showsSession(affected, before, after);
      return isShown ? selected : null;
    },
    all: (record) => select(allAdded(record), null, record),
  };

  function select(
    changes: readonly RecordChange[],
    before: SessionRecord | null,
    after: SessionRecord | null,
  ): readonly RecordChange[] {
    const selected = matching(changes, before, after);
    return phaseChangesOnly ? selected.filter(changesPhase) : selected;
  }

  /** Whether what is shown of the Session has changed, although no selected target has. */
  function showsSession(
    changes: readonly RecordChange[],
    before: SessionRecord | null,
    after: SessionRecord | null,
  ): boolean {
    if (before === null || after === null) return false;
    return (
      haveShownFactsChanged(facts, before, after) || haveShownTargetsChanged(facts, before, after, changes)
    );
  }

  /**
   * Adds the targets that did not change themselves, but whose blockers, labels or excerpts did: clients that
   * apply the changes would hold outdated ones (S3). Most updates have none.
   */
  function withAffected(
    changes: readonly RecordChange[],
    before: SessionRecord | null,
    after: SessionRecord | null,
  ): readonly RecordChange[] {
    if (before === null || after === null || !mayAffectOthers(before, after)) return changes;
    const haveBlockersChanged = compareBlockers(facts, before, after);
    const matched = matchesFilter(before);
    const matches = matchesFilter(after);
    const changed = new Map(changes.map((change) => [change.target.key, change]));
    const others = after.status.targets.flatMap((target): RecordChange[] => {
      const change = changed.get(target.key);
      if (change) return [change];
      const isAffected =
        haveBlockersChanged(target) ||
        hasShownExcerptChanged(facts, target, before, after) ||
        (where?.label != null && matched(target) !== matches(target));
      return isAffected ? [{ type: 'modified', target, previous: target }] : [];
    });
    return [...changes.filter(({ type }) => type === 'deleted'), ...others];
  }

  function mayAffectOthers(before: SessionRecord, after: SessionRecord): boolean {
    if (mayExcerptsDiffer(facts, before, after)) return true;
    const hasResources = (before.facts?.resources ?? after.facts?.resources ?? null) !== null;
    return (
      hasResources && (facts.blockers !== 'none' || (where?.label != null && before.facts !== after.facts))
    );
  }

  /**
   * Applies the filter to changes: a target that enters the filter is added, one that leaves it is deleted.
   */
  function matching(
    changes: readonly RecordChange[],
    before: SessionRecord | null,
    after: SessionRecord | null,
  ): readonly RecordChange[] {
    if (where == null) return changes;
    const matched = before === null ? matchesNone : matchesFilter(before);
    const matches = after === null ? matchesNone : matchesFilter(after);
    return changes.flatMap((change): RecordChange[] => {
      const was = change.previous !== null && matched(change.previous);
      const is = change.type !== 'deleted' && matches(change.target);
      if (!was && !is) return [];
      return [{ ...change, type: !was ? 'added' : is ? 'modified' : 'deleted' }];
    });
  }
}

function matchesNone(): boolean {
  return false;
}

function allAdded(record: SessionRecord | null): RecordChange[] {
  return (record?.status.targets ?? []).map((target) => ({ type: 'added', target, previous: null }));
}
