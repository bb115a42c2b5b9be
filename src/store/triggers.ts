import { memoize } from '../lib/memoize.js';
import { isManual, type ResourceFacts, type SessionFacts } from '../model/facts.js';
import type { Target, TerminatedState, WaitingState } from '../model/session.js';
import { sameState } from './diff.js';

/** Targets of a Session, some of which may be marked as waiting for a trigger. */
export interface MarkedTargets {
  readonly targets: readonly Target[];
  /** Indices of the targets that may differ from those before; undefined if any may. */
  readonly changed: readonly number[] | undefined;
}

/** Reason that Tilt gives for a target that it has not put into its queue, or has only just put there. */
const NO_REASON = 'unknown';

/**
 * Marks the updates that wait for a person: their resource has a manual trigger mode and pending changes, is
 * not queued and waits for nothing, and Tilt has no update of it to run. Under `tilt up` Tilt reports them as
 * waiting, without a limit. If the last update failed, the target keeps that state instead: nothing has run
 * since, and Tilt still counts the resource as failed (its `updateStatus`), while an untriggered target would
 * let the Session pass.
 *
 * The facts can be up to a second older than the Session. So a target whose last update has ended, or that
 * never was to run, and now waits, is marked at once: a resource in a manual mode runs again only after a
 * person has triggered it, and once that has happened it is queued or runs. A mark stays until one of the two
 * is seen.
 *
 * @param before targets of the same run before, and the facts at that time; empty if this is a new run
 * @param changed indices of the targets that may differ from `before`, without the marks
 */
export function markUntriggered(
  before: { readonly targets: readonly Target[]; readonly facts: SessionFacts | undefined },
  targets: readonly Target[],
  facts: SessionFacts | undefined,
  changed: readonly number[] | undefined,
): MarkedTargets {
  const manual = manualResources(facts);
  const known = manualResources(before.facts);
  // Reading every target costs more than the rest of an update. Most Sessions have no such resource.
  if (manual.size === 0 && known.size === 0) return { targets, changed };
  if (changed && facts === before.facts && isSameList(before.targets, targets, changed)) {
    return { targets: markAt(before.targets, targets, changed, manual), changed };
  }
  const previous = new Map(before.targets.map((target) => [target.key, target]));
  const differing = new Set(changed);
  const marked = targets.map((target, index) => {
    const last = previous.get(target.key) ?? null;
    const marked = mark(target, last, manual, known);
    if (last === null || !sameState(last.state, marked.state)) differing.add(index);
    return marked;
  });
  return { targets: marked, changed: changed && [...differing].sort((a, b) => a - b) };
}

/** Resources that run only when a person triggers them, by name. */
function manualResources(facts: SessionFacts | undefined): ReadonlyMap<string, ResourceFacts> {
  return facts?.resources == null ? NONE : manualOf(facts.resources);
}

const NONE: ReadonlyMap<string, ResourceFacts> = new Map();

const manualOf = memoize(
  (resources: readonly ResourceFacts[]): ReadonlyMap<string, ResourceFacts> =>
    new Map(resources.filter(canWait).map((resource) => [resource.name, resource])),
);

/** Whether two lists can be merged by reading the changed targets only. */
function isSameList(
  before: readonly Target[],
  after: readonly Target[],
  changed: readonly number[],
): boolean {
  return before.length === after.length && changed.every((index) => before[index]?.key === after[index]?.key);
}

/** Marks changed targets under the same facts: no other target can gain or lose its mark. */
function markAt(
  before: readonly Target[],
  targets: readonly Target[],
  changed: readonly number[],
  manual: ReadonlyMap<string, ResourceFacts>,
): readonly Target[] {
  const marked = changed.flatMap((index): [number, Target][] => {
    const target = targets[index];
    const after = target && mark(target, before[index] ?? null, manual, manual);
    return after === undefined || after === target ? [] : [[index, after]];
  });
  if (marked.length === 0) return targets;
  const copy = targets.slice();
  for (const [index, target] of marked) copy[index] = target;
  return copy;
}

/**
 * Returns the target with the state of an update that waits for a trigger; itself if it does not.
 *
 * @param known the manual resources at the time of `last`
 */
function mark(
  target: Target,
  last: Target | null,
  manual: ReadonlyMap<string, ResourceFacts>,
  known: ReadonlyMap<string, ResourceFacts>,
): Target {
  for (const name of target.resources) {
    const resource = manual.get(name);
    if (resource === undefined || !mustWait(target, last, resource)) continue;
    const failure = findFailure(last, resource, known.get(name));
    return { ...target, state: failure ?? { ...target.state, needsTrigger: true } };
  }
  return target;
}

/** The failure of the last update, as the target or its resource reported it; null if that succeeded. */
function findFailure(
  last: Target | null,
  { lastFailure }: ResourceFacts,
  known: ResourceFacts | undefined,
): TerminatedState | null {
  if (last?.state.is === 'terminated') {
    // A later update may have succeeded before it was seen.
    const isOver = known?.lastFailure !== undefined && lastFailure === undefined;
    return last.state.error === null || isOver ? null : last.state;
  }
  return lastFailure === undefined ? null : { ...FAILED, ...lastFailure };
}

const FAILED = {
  is: 'terminated',
  graceStatus: 'not-applicable',
  graceStatusText: '',
} as const satisfies Partial<TerminatedState>;

/** Whether a resource runs only when a person triggers it, and nothing else holds it up now. */
function canWait({ triggerMode, queued, isUpdating, waitingOn, isDisabled }: ResourceFacts): boolean {
  return isManual(triggerMode) && !queued && !isUpdating && !isDisabled && waitingOn.length === 0;
}

function mustWait(
  target: Target,
  last: Target | null,
  resource: ResourceFacts,
): target is Target & { readonly state: WaitingState } {
  const { state } = target;
  if (state.is !== 'waiting' || state.waitReason !== NO_REASON || !isUpdate(target)) return false;
  // A resource that a person enables again may run by itself, and of an update that ran only the facts say
  // whether it failed.
  const hasRun = last !== null && (last.state.is === 'terminated' || last.state.is === 'inactive');
  return resource.hasPendingChanges || hasRun || (last !== null && isMarked(last));
}

/**
 * Whether the mark of a target depends on what was observed before, so that two gateways that have read the
 * same state may differ: one of them may have seen that the target has run.
 */
export function isMarkUncertain(target: Target, facts: SessionFacts | undefined): boolean {
  const { state } = target;
  if (state.is !== 'waiting' || state.waitReason !== NO_REASON || !isUpdate(target)) return false;
  const manual = manualResources(facts);
  const resources = target.resources.flatMap((name) => manual.get(name) ?? []);
  return resources.length > 0 && !resources.some(({ hasPendingChanges }) => hasPendingChanges);
}

/**
 * Whether a target is the update of a resource, which alone waits for a trigger. A server keeps running when
 * files change, and is inactive if it was never started: one that waits is down.
 */
function isUpdate({ name, type }: Target): boolean {
  return type === 'job' && name.endsWith(':update');
}

function isMarked({ state }: Target): boolean {
  return state.is === 'waiting' && state.needsTrigger === true;
}
