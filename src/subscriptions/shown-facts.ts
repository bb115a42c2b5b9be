import { excerptOf } from '../graphql/log-lines.js';
import type { ResourceFacts } from '../model/facts.js';
import { sameJson } from '../model/same-json.js';
import type { Revision } from '../store/journal.js';
import { type SessionRecord, type TrackedTarget, verdictOfRecord } from '../store/record.js';
import type { FactSelection } from './fact-selection.js';

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
export function hasShownVerdictChanged(
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
