import { memoize } from '../lib/memoize.js';
import { isManual, type ResourceFacts, type SessionFacts } from '../model/facts.js';
import { type MicroTime, secondsBetween } from '../model/micro-time.js';
import type { ActiveState, Target, TerminatedState, WaitingState } from '../model/session.js';
import { sameState } from './diff.js';
import type { TrackedTarget } from './record.js';

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
 * waiting, without a limit.
 *
 * If the last update failed, the target has that failed state instead: nothing has run since, and Tilt still
 * counts the resource as failed (its `updateStatus`), while an untriggered target would let the Session pass.
 * Of the last run that the target showed and the last one that the resource lists, the later decides. A
 * target that ran after both waits until Tilt says how the run ended.
 *
 * The facts can be up to a second older than the Session. So a target whose last update has ended, or that
 * never was to run, and now waits, is marked at once: a resource in a manual mode runs again only after a
 * person has triggered it, and once that has happened it is queued or runs. A mark stays until one of the two
 * is seen. The same states and facts again change nothing.
 *
 * @param before targets of the same run before, and the facts at that time; empty if this is a new run
 * @param changed indices of the targets that may differ from `before`, without the marks
 */
export function markUntriggered(
  before: { readonly targets: readonly TrackedTarget[]; readonly facts: SessionFacts | undefined },
  targets: readonly Target[],
  facts: SessionFacts | undefined,
  changed: readonly number[] | undefined,
): MarkedTargets {
  const manual = manualResources(facts);
  // Reading every target costs more than the rest of an update. Most Sessions have no such resource.
  if (manual.size === 0 && manualResources(before.facts).size === 0) return { targets, changed };
  if (changed && facts === before.facts && isSameList(before.targets, targets, changed)) {
    return { targets: markAt(before.targets, targets, changed, manual), changed };
  }
  const previous = new Map(before.targets.map((target) => [target.key, target]));
  const marked = targets.map((target) => mark(target, previous.get(target.key) ?? null, manual));
  if (changed === undefined) return { targets: marked, changed };
  const differs = (target: Target) => {
    const last = previous.get(target.key);
    return last === undefined || !sameState(last.state, target.state);
  };
  const differing = marked.flatMap((target, index) => (differs(target) ? [index] : []));
  return { targets: marked, changed: [...new Set([...changed, ...differing])].sort((a, b) => a - b) };
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
  before: readonly TrackedTarget[],
  targets: readonly Target[],
  changed: readonly number[],
  manual: ReadonlyMap<string, ResourceFacts>,
): readonly Target[] {
  const marked = changed.flatMap((index): [number, Target][] => {
    const target = targets[index];
    const after = target && mark(target, before[index] ?? null, manual);
    return after === undefined || after === target ? [] : [[index, after]];
  });
  if (marked.length === 0) return targets;
  const copy = targets.slice();
  for (const [index, target] of marked) copy[index] = target;
  return copy;
}

/** Returns the target with the state of an update that waits for a trigger; itself if it does not. */
function mark(
  target: Target,
  last: TrackedTarget | null,
  manual: ReadonlyMap<string, ResourceFacts>,
): Target {
  let waits = false;
  for (const name of target.resources) {
    const resource = manual.get(name);
    if (resource === undefined || !mustWait(target, last, resource)) continue;
    const outcome = findOutcome(last, resource);
    if (outcome === 'unknown') continue;
    if (outcome !== null) return { ...target, state: outcome };
    waits = true;
  }
  const { state } = target;
  return waits && state.is === 'waiting' ? { ...target, state: { ...state, needsTrigger: true } } : target;
}

/**
 * How the last update ended: the failed state; null if it succeeded, or none has run; `unknown` until Tilt
 * says so.
 */
function findOutcome(
  last: TrackedTarget | null,
  { lastUpdate }: ResourceFacts,
): TerminatedState | 'unknown' | null {
  const run = findLastRun(last);
  const listed = lastUpdate?.error == null ? null : { ...FAILED, ...lastUpdate, error: lastUpdate.error };
  if (run?.is === 'active') {
    if (lastUpdate === undefined) return null;
    const start = last?.readiness?.startTime ?? run.startTime;
    return lastUpdate === null || isEarlier(lastUpdate.startTime, start) ? 'unknown' : listed;
  }
  if (run === null || (lastUpdate != null && isEarlier(run.finishTime, lastUpdate.finishTime))) return listed;
  return run.error === null ? null : run;
}

/** The last state in which a target ran or had ended. */
function findLastRun(last: TrackedTarget | null): ActiveState | TerminatedState | null {
  const states = last === null ? [] : [...last.history.map(({ state }) => state), last.state];
  return states.findLast((state) => state.is === 'active' || state.is === 'terminated') ?? null;
}

function isEarlier(a: MicroTime | null, b: MicroTime | null): boolean {
  return (secondsBetween(a, b) ?? 0) > 0;
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
 * same state may differ: one of them may have seen that the target has run, or how it ended.
 */
export function isMarkUncertain(target: Target, facts: SessionFacts | undefined): boolean {
  const { state } = target;
  if (state.is !== 'waiting' || state.waitReason !== NO_REASON || !isUpdate(target)) return false;
  const manual = manualResources(facts);
  const resources = target.resources.flatMap((name) => manual.get(name) ?? []);
  const isCertain = ({ hasPendingChanges, lastUpdate }: ResourceFacts) =>
    hasPendingChanges && lastUpdate !== undefined;
  return resources.length > 0 && !resources.some(isCertain);
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
