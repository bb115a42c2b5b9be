import { countPhases } from '../graphql/count-phases.js';
import { excerptOf } from '../graphql/log-lines.js';
import { memoize } from '../lib/memoize.js';
import type { ResourceFacts } from '../model/facts.js';
import { computePhase } from '../model/phase.js';
import { sameJson } from '../model/same-json.js';
import type { Revision } from '../store/journal.js';
import {
  type RecordChange,
  type SessionRecord,
  type TrackedTarget,
  verdictOfRecord,
} from '../store/record.js';
import type { FactSelection, TargetDetail, TargetList } from './fact-selection.js';

/** Whether a change of facts alone changes what is shown of the Session itself. */
export function haveShownFactsChanged(
  selection: FactSelection,
  before: SessionRecord,
  after: SessionRecord,
): boolean {
  const { cluster, resources, excerpts } = selection;
  const [was, is] = [before.facts, after.facts];
  if (was === is) return false;
  return (
    (cluster && !sameJson(was?.cluster ?? null, is?.cluster ?? null)) ||
    hasShownVerdictChanged(selection, before, after) ||
    (excerpts.session && !sameJson(was?.excerpts ?? null, is?.excerpts ?? null)) ||
    (resources.has('tiltUrl') && (was?.webUrl ?? null) !== (is?.webUrl ?? null)) ||
    (resources.size > 0 && haveResourcesChanged(was?.resources ?? null, is?.resources ?? null, resources))
  );
}

/** Whether what is shown of the verdict differs, apart from its lists: these change only with targets. */
function hasShownVerdictChanged(
  { verdict: { state, reason } }: FactSelection,
  before: SessionRecord,
  after: SessionRecord,
): boolean {
  if (!state && !reason) return false;
  const [was, is] = [verdictOfRecord(before), verdictOfRecord(after)];
  return (state && was.state !== is.state) || (reason && was.reason !== is.reason);
}

type Resources = readonly ResourceFacts[] | null;

function haveResourcesChanged(before: Resources, after: Resources, fields: ReadonlySet<string>): boolean {
  if (before === after) return false;
  if (before === null || after === null || before.length !== after.length) return true;
  return after.some((resource, index) => {
    const last = before[index];
    return last !== resource && (last?.name !== resource.name || haveFieldsChanged(last, resource, fields));
  });
}

function haveFieldsChanged(
  before: ResourceFacts,
  after: ResourceFacts,
  fields: ReadonlySet<string>,
): boolean {
  const shown: Readonly<Record<string, readonly [unknown, unknown]>> = {
    labels: [before.labels, after.labels],
    links: [before.links, after.links],
    kind: [before.kind, after.kind],
    triggerMode: [before.triggerMode, after.triggerMode],
    hasPendingChanges: [before.hasPendingChanges, after.hasPendingChanges],
    queued: [before.queued, after.queued],
    conditions: [before.conditions, after.conditions],
    waitingOn: [before.waitingOn, after.waitingOn],
    order: [before.order, after.order],
  };
  return [...fields].some((field) => {
    const pair = shown[field];
    return pair !== undefined && !sameJson(...pair);
  });
}

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

/** Whether excerpts that are shown with changed targets may differ between two states of a Session. */
export function mayExcerptsDiffer(
  { excerpts: { changes, blockers } }: FactSelection,
  before: SessionRecord,
  after: SessionRecord,
): boolean {
  return (changes || blockers) && before.facts?.excerpts !== after.facts?.excerpts;
}

/** Whether the shown excerpt of an unchanged target differs between two states of its Session. */
export function hasShownExcerptChanged(
  { excerpts }: FactSelection,
  target: TrackedTarget,
  before: SessionRecord,
  after: SessionRecord,
): boolean {
  return excerpts.changes && !hasSameExcerpt(target, before, after);
}

/** Whether the excerpt of a target is the same in two states of its Session. */
export function hasSameExcerpt(target: TrackedTarget, before: SessionRecord, after: SessionRecord): boolean {
  return sameJson(excerptOf(before, target), excerptOf(after, target));
}

/** Whether two states of a Session differ in the excerpts of targets and in nothing else. */
export function haveOnlyExcerptsChanged({
  before,
  after,
  changes,
  sessionChanged,
  factsChanged,
}: Revision): boolean {
  if (!factsChanged || sessionChanged || changes.length > 0) return false;
  if (before?.metadata !== after?.metadata) return false;
  const [was, is] = [before?.facts, after?.facts];
  return (
    was !== undefined &&
    is !== undefined &&
    was.resources === is.resources &&
    was.cluster === is.cluster &&
    was.webUrl === is.webUrl
  );
}
