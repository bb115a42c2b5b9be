import { countItems, itemsOf, sizesOfEvent } from '../graphql/count-sizes.js';
import { combine } from '../graphql/sizes.js';
import type { Revision } from '../store/journal.js';
import { diffRecords, hasSessionChanged } from '../store/merge.js';
import type { RecordChange, SessionRecord } from '../store/record.js';
import type { ReadableStore } from '../store/scoped.js';
import { isMarkUncertain } from '../store/triggers.js';
import type { MergedUpdate, Position, Projection, SourceEvent } from './projection.js';
import { type ChangeSelectionOptions, createChangeSelection, type Difference } from './selected-changes.js';
import type { SessionBinding } from './session-binding.js';

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
