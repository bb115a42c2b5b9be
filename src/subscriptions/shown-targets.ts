import { countPhases } from '../graphql/target-groups.js';
import { memoize } from '../lib/memoize.js';
import { computePhase } from '../model/phase.js';
import { sameJson } from '../model/same-json.js';
import {
  type RecordChange,
  type SessionRecord,
  type TrackedTarget,
  verdictOfRecord,
} from '../store/record.js';
import type { FactSelection, TargetDetail, TargetList } from './fact-selection.js';
import { hasShownVerdictChanged } from './shown-facts.js';

/**
 * Whether changes of targets, or of their order, change what is shown of the Session itself: its verdict,
 * numbers and lists of targets.
 *
 * @param changes of the Session's targets, including those of which only blockers, labels or excerpts changed
 */
export function haveShownTargetsChanged(
  selection: FactSelection,
  before: SessionRecord,
  after: SessionRecord,
  changes: readonly RecordChange[],
): boolean {
  // A list in another order is another list of the same targets: it has no changes.
  if (changes.length === 0 && before.status.targets === after.status.targets) return false;
  return (
    (selection.counts && changes.some(changesPhase) && !sameJson(countsOf(before), countsOf(after))) ||
    hasShownVerdictChanged(selection, before, after) ||
    [...selection.targets].some(([list, detail]) => hasListChanged(list, detail, before, after, changes)) ||
    (selection.targetOrder && !haveSameOrder(before.status.targets, after.status.targets))
  );
}

/**
 * Whether two lists have the same targets at the same places. Only for operations that show the list, after
 * everything else was equal. An unchanged target is the same object, so that its key is not read.
 */
function haveSameOrder(before: readonly TrackedTarget[], after: readonly TrackedTarget[]): boolean {
  if (before === after) return true;
  return (
    before.length === after.length &&
    before.every((target, index) => target === after[index] || target.key === after[index]?.key)
  );
}

/** Whether a target appears, disappears or enters another phase. */
export function changesPhase({ type, target, previous }: RecordChange): boolean {
  return type !== 'modified' || previous === null || computePhase(previous) !== computePhase(target);
}

const countsOf = memoize(({ status }: SessionRecord) => countPhases(status.targets));

function hasListChanged(
  list: TargetList,
  detail: TargetDetail,
  before: SessionRecord,
  after: SessionRecord,
  changes: readonly RecordChange[],
): boolean {
  if (list === 'all') return changes.some((change) => isShown(change, detail));
  const [was, is] = [verdictOfRecord(before)[list], verdictOfRecord(after)[list]];
  if (!haveSameOrder(was, is)) return true;
  const keys = new Set(is.map(({ key }) => key));
  return changes.some((change) => keys.has(change.target.key) && isShown(change, detail));
}

/** Whether a change of a target is visible in a list that the target stays in. */
function isShown(change: RecordChange, detail: TargetDetail): boolean {
  if (detail === 'states') return true;
  const { type, target, previous } = change;
  if (type !== 'modified' || previous === null || !hasSameName(previous, target)) return true;
  return detail === 'phases' && changesPhase(change);
}

/** Compares what is shown of a target by name only. */
function hasSameName(a: TrackedTarget, b: TrackedTarget): boolean {
  return a.key === b.key && a.typeText === b.typeText && a.resources === b.resources;
}
