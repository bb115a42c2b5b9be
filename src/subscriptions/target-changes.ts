import { compileTargetFilter } from '../graphql/filter.js';
import type { InputMaybe, TargetFilter } from '../graphql/generated.js';
import { NO_SIZES, sizesOf } from '../graphql/sizes.js';
import type { SessionId } from '../model/session.js';
import { computePhase } from '../model/verdict.js';
import { diffTargets } from '../store/diff.js';
import type { Revision } from '../store/journal.js';
import { hasSessionChanged } from '../store/merge.js';
import type { RecordChange, SessionRecord, TrackedTarget } from '../store/record.js';
import type { ReadableStore } from '../store/scoped.js';
import type { Fold, LiveEvent, Position, View } from './view.js';

/** A payload of `targetChanges`. */
export interface TargetChanges extends Omit<Position, 'sharedAs'> {
  /** Null while there is no such Session. */
  readonly session: SessionRecord | null;
  readonly changes: readonly RecordChange[];
}

/** What `targetChanges` is executed on. */
export interface TargetChangesEvent extends LiveEvent {
  readonly targetChanges: TargetChanges;
}

/** What is shown of the targets of one Session. */
export interface TargetChangesOptions {
  /** Null while none is known: it is then the first to come. */
  readonly session: SessionId | null;
  readonly where: InputMaybe<TargetFilter> | undefined;
  /** Whether changes inside a phase are left out. */
  readonly phaseChangesOnly: boolean;
}

/** The view behind the subscription `targetChanges`. */
export function viewTargetChanges(
  store: ReadableStore,
  { session, where, phaseChangesOnly }: TargetChangesOptions,
): View<TargetChangesEvent> {
  let id = session;
  const isMeant = compileTargetFilter(where);
  return {
    only: session ?? undefined,
    wants(revision) {
      id ??= revision.id;
      return revision.id === id && (revision.sessionChanged || filtered(revision).length > 0);
    },
    snapshot(position) {
      const record = id === null ? null : store.get(id);
      return event(position, record, select(allAdded(record), null, record));
    },
    changes([fold], position) {
      if (!fold) return null;
      const changes = fold.revision ? filtered(fold.revision) : refiltered(fold);
      const sessionChanged = fold.revision
        ? fold.revision.sessionChanged
        : hasSessionChanged(fold.before, fold.after);
      return changes.length > 0 || sessionChanged ? event(position, fold.after, changes) : null;
    },
  };

  function filtered({ changes, before, after }: Revision): readonly RecordChange[] {
    return select(changes, before, after);
  }

  function refiltered({ before, after }: Fold): readonly RecordChange[] {
    return select(diffTargets(before?.status.targets ?? [], after?.status.targets ?? []), before, after);
  }

  function select(
    changes: readonly RecordChange[],
    before: SessionRecord | null,
    after: SessionRecord | null,
  ): readonly RecordChange[] {
    const selected = matching(changes, before, after);
    return phaseChangesOnly ? selected.filter(changesPhase) : selected;
  }

  /** Changes as the filter sees them: what enters it is added, what leaves it is deleted. */
  function matching(
    changes: readonly RecordChange[],
    before: SessionRecord | null,
    after: SessionRecord | null,
  ): readonly RecordChange[] {
    if (where == null) return changes;
    const matches = (target: TrackedTarget | null, record: SessionRecord | null) =>
      target !== null && record !== null && isMeant(target, record);
    return changes.flatMap((change): RecordChange[] => {
      const was = matches(change.previous, before);
      const is = change.type !== 'deleted' && matches(change.target, after);
      if (!was && !is) return [];
      return [{ ...change, type: !was ? 'added' : is ? 'modified' : 'deleted' }];
    });
  }
}

/** Whether a target comes, goes, or enters another phase. */
function changesPhase({ type, target, previous }: RecordChange): boolean {
  return type !== 'modified' || previous === null || computePhase(previous) !== computePhase(target);
}

function event(
  position: Position,
  session: SessionRecord | null,
  changes: readonly RecordChange[],
): TargetChangesEvent {
  const { sharedAs, ...place } = position;
  return {
    cursor: position.cursor,
    onlyIfDifferent: false,
    sharedAs,
    isSnapshot: position.reset,
    items: 1 + changes.length + (session?.status.targets.length ?? 0),
    sizes: () => ({ ...(session ? sizesOf(session) : NO_SIZES), changes: changes.length }),
    targetChanges: { ...place, session, changes },
  };
}

function allAdded(record: SessionRecord | null): RecordChange[] {
  return (record?.status.targets ?? []).map((target) => ({ type: 'added', target, previous: null }));
}
