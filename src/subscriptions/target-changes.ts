import { sizesOf } from '../graphql/count-sizes.js';
import type { InputMaybe, TargetFilter } from '../graphql/generated.js';
import { compileTargetFilter } from '../graphql/selection.js';
import { NO_SIZES } from '../graphql/sizes.js';
import { computePhase } from '../model/phase.js';
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
  /** The facts that the operation shows. */
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
      if (binding.switchedAt(revision.number) !== null) return true;
      return revision.sessionChanged || showsFacts(revision) || filtered(revision).length > 0;
    },
    snapshot(position) {
      const record = binding.id === null ? null : store.get(binding.id);
      return event(position, record, select(allAdded(record), null, record));
    },
    changes([update], position) {
      if (!update) return null;
      const other = binding.switchedAt(update.number);
      if (other !== null) return event(position, other, select(allAdded(other), null, other), true);
      const changes = update.revision ? filtered(update.revision) : refiltered(update);
      const sessionChanged = update.revision
        ? update.revision.sessionChanged
        : hasSessionChanged(update.before, update.after);
      const isShown = sessionChanged || showsFacts(update);
      return changes.length > 0 || isShown ? event(position, update.after, changes) : null;
    },
  };

  function filtered({ changes, before, after }: Revision): readonly RecordChange[] {
    return select(changes, before, after);
  }

  function refiltered({ before, after }: MergedUpdate): readonly RecordChange[] {
    return select(diffRecords(before, after), before, after);
  }

  function select(
    changes: readonly RecordChange[],
    before: SessionRecord | null,
    after: SessionRecord | null,
  ): readonly RecordChange[] {
    const selected = matching(withAffected(changes, before, after), before, after);
    return phaseChangesOnly ? selected.filter(changesPhase) : selected;
  }

  function showsFacts({ before, after }: Pick<MergedUpdate, 'before' | 'after'>): boolean {
    return before !== null && after !== null && haveShownFactsChanged(facts, before, after);
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
}

/** Whether a target appears, disappears or enters another phase. */
function changesPhase({ type, target, previous }: RecordChange): boolean {
  return type !== 'modified' || previous === null || computePhase(previous) !== computePhase(target);
}

function event(
  position: Position,
  session: SessionRecord | null,
  changes: readonly RecordChange[],
  reset = position.reset,
): TargetChangesEvent {
  const { cacheKey, ...place } = position;
  return {
    cursor: position.cursor,
    onlyIfDifferent: false,
    cacheKey,
    isSnapshot: position.reset,
    items: 1 + changes.length + (session?.status.targets.length ?? 0),
    sizes: () => ({ ...(session ? sizesOf(session) : NO_SIZES), changes: changes.length }),
    targetChanges: { ...place, reset, session, changes },
  };
}

function allAdded(record: SessionRecord | null): RecordChange[] {
  return (record?.status.targets ?? []).map((target) => ({ type: 'added', target, previous: null }));
}
