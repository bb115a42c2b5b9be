import { countItems, itemsOf, sizesOfEvent } from '../graphql/count-sizes.js';
import type { InputMaybe, TargetFilter } from '../graphql/generated.js';
import { compileTargetFilter } from '../graphql/selection.js';
import { combine } from '../graphql/sizes.js';
import type { Revision } from '../store/journal.js';
import { diffRecords, hasSessionChanged } from '../store/merge.js';
import type { RecordChange, SessionRecord, TrackedTarget } from '../store/record.js';
import type { ReadableStore } from '../store/scoped.js';
import type { FactSelection } from './fact-selection.js';
import type { MergedUpdate, Position, Projection, SourceEvent } from './projection.js';
import type { SessionBinding } from './session-binding.js';
import {
  hasShownExcerptChanged,
  haveShownBlockersChanged,
  haveShownFactsChanged,
  mayExcerptsDiffer,
} from './shown-facts.js';
import { changesPhase, haveShownTargetsChanged } from './shown-targets.js';

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
export interface TargetChangesOptions {
  readonly binding: SessionBinding;
  readonly where: InputMaybe<TargetFilter> | undefined;
  /** Whether changes within a phase are left out. */
  readonly phaseChangesOnly: boolean;
  /** What the operation shows of the Session. */
  readonly facts: FactSelection;
}

/** Projection of the subscription `targetChanges`. */
export function projectTargetChanges(
  store: ReadableStore,
  { binding, where, phaseChangesOnly, facts }: TargetChangesOptions,
): Projection<TargetChangesEvent> {
  const matchesFilter = compileTargetFilter(where);
  return {
    sessionId: binding.named,
    showsSet: false,
    matches(revision) {
      if (!binding.follow(revision)) return false;
      return binding.switchedAt(revision.number) !== null || shownChanges(revision) !== null;
    },
    snapshot(position) {
      const record = binding.id === null ? null : store.get(binding.id);
      return event(position, { before: null, after: record }, select(allAdded(record), null, record));
    },
    changes([update], position) {
      if (!update) return null;
      const other = binding.switchedAt(update.number);
      if (other !== null) {
        return event(position, { before: null, after: other }, select(allAdded(other), null, other), true);
      }
      const changes = shownChanges(update.revision ?? toDifference(update));
      return changes === null ? null : event(position, update, changes);
    },
  };

  /** Returns the selected changes of an update; null if nothing that the operation shows has changed (S6). */
  function shownChanges({ changes, before, after, sessionChanged }: Difference) {
    const all = withAffected(changes, before, after);
    const selected = select(all, before, after);
    const isShown = selected.length > 0 || sessionChanged || showsSession(all, before, after);
    return isShown ? selected : null;
  }

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
    const changed = new Map(changes.map((change) => [change.target.key, change]));
    const others = after.status.targets.flatMap((target): RecordChange[] => {
      const change = changed.get(target.key);
      if (change) return [change];
      const isAffected =
        haveShownBlockersChanged(facts, target, before, after) ||
        hasShownExcerptChanged(facts, target, before, after) ||
        (where?.label != null && matchesFilter(target, before) !== matchesFilter(target, after));
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
    const matches = (target: TrackedTarget | null, record: SessionRecord | null) =>
      target !== null && record !== null && matchesFilter(target, record);
    return changes.flatMap((change): RecordChange[] => {
      const was = matches(change.previous, before);
      const is = change.type !== 'deleted' && matches(change.target, after);
      if (!was && !is) return [];
      return [{ ...change, type: !was ? 'added' : is ? 'modified' : 'deleted' }];
    });
  }

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

/** Difference between two records of a Session. */
type Difference = Pick<Revision, 'changes' | 'before' | 'after' | 'sessionChanged'>;

function toDifference({ before, after }: MergedUpdate): Difference {
  const sessionChanged = hasSessionChanged(before, after);
  return { changes: diffRecords(before, after), before, after, sessionChanged };
}

function allAdded(record: SessionRecord | null): RecordChange[] {
  return (record?.status.targets ?? []).map((target) => ({ type: 'added', target, previous: null }));
}
