import { memoize } from '../lib/memoize.js';
import type { ResourceFacts, SessionFacts } from '../model/facts.js';
import type { Target } from '../model/session.js';

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
 * The facts can be up to a second older than the Session. So a target that has run before, or never was to
 * run, and now waits, is marked at once: a resource in a manual mode runs again only after a person has
 * triggered it, and once that has happened it is queued or runs. A mark stays until one of the two is seen.
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
  // Reading every target costs more than the rest of an update. Most Sessions have no such resource.
  if (manual.size === 0 && manualResources(before.facts).size === 0) return { targets, changed };
  if (changed && facts === before.facts && isSameList(before.targets, targets, changed)) {
    return { targets: markAt(before.targets, targets, changed, manual), changed };
  }
  const previous = new Map(before.targets.map((target) => [target.key, target]));
  const differing = new Set(changed);
  const marked = targets.map((target, index) => {
    const last = previous.get(target.key) ?? null;
    const marks = target.resources.some((name) => mustWait(target, last, manual.get(name)));
    if (marks !== (last !== null && isMarked(last))) differing.add(index);
    return marks ? mark(target) : target;
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
    const last = before[index] ?? null;
    const marks = target?.resources.some((name) => mustWait(target, last, manual.get(name)));
    return target && marks ? [[index, mark(target)]] : [];
  });
  if (marked.length === 0) return targets;
  const copy = targets.slice();
  for (const [index, target] of marked) copy[index] = target;
  return copy;
}

function mark(target: Target): Target {
  const { state } = target;
  return state.is === 'waiting' ? { ...target, state: { ...state, needsTrigger: true } } : target;
}

/** Whether a resource runs only when a person triggers it, and nothing else holds it up now. */
function canWait({ triggerMode, queued, isUpdating, waitingOn, isDisabled }: ResourceFacts): boolean {
  const isManual = triggerMode === 'manual' || triggerMode === 'manual-with-auto-init';
  return isManual && !queued && !isUpdating && !isDisabled && waitingOn.length === 0;
}

function mustWait(target: Target, last: Target | null, resource: ResourceFacts | undefined): boolean {
  const { state } = target;
  if (resource === undefined || state.is !== 'waiting' || state.waitReason !== NO_REASON) return false;
  if (!isUpdate(target)) return false;
  // A resource that a person enables again may run by itself.
  const hasRun = last !== null && last.state.is !== 'waiting' && last.state.is !== 'disabled';
  return resource.hasPendingChanges || hasRun || (last !== null && isMarked(last));
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
