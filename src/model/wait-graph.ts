import type { ObjectReference, SessionFacts } from './facts.js';
import { computePhase, type Phase } from './phase.js';
import type { Target } from './session.js';

/** The parts of a Session on which its explanation depends. */
export interface ExplainedSession<T extends Target> {
  readonly status: { readonly targets: readonly T[] };
  readonly facts?: SessionFacts;
}

/**
 * Which targets of a Session wait for which resources. Its size grows with the numbers of targets and of
 * references between resources. Edges from target to target grow with their product: 2,000 waiting targets of
 * one resource and 2,000 targets of the resource that it waits for took a second.
 */
export interface WaitGraph<T extends Target> {
  /** Whether no resource waits for anything. */
  readonly isEmpty: boolean;
  /** Objects that the resources of a waiting target wait for, as Tilt names them. */
  references(target: T): readonly ObjectReference[];
  /**
   * Names of the resources that block a waiting target, without those that have no targets. The same list for
   * targets of the same resources. Empty for a target that does not wait.
   */
  blockingResources(target: T): readonly string[];
  /** Targets of a resource that have not finished and are not ready; all if none is left. */
  openTargets(resource: string): readonly T[];
  /** Whether a target of a resource is one of its open targets. */
  isOpen(target: T, resource: string): boolean;
  /** The blocked targets by what blocks them, in the order of the first target of each group. */
  groups(): readonly WaitGroup<T>[];
}

/** The blocked targets of the same resources. */
export interface WaitGroup<T extends Target> {
  readonly targets: readonly T[];
  /** Names of the resources that block them. */
  readonly blockingResources: readonly string[];
}

/** Creates the graph of a Session. Each part is computed on request. */
export function createWaitGraph<T extends Target>({ status, facts }: ExplainedSession<T>): WaitGraph<T> {
  const waitingOn = new Map(
    facts?.resources?.flatMap(({ name, waitingOn: on }) => (on.length > 0 ? [[name, on]] : [])),
  );
  const isEmpty = waitingOn.size === 0;
  const members = isEmpty ? new Map<string, T[]>() : groupByResource(status.targets);
  const open = new Map<string, readonly T[]>();
  const blocking = new Map<string, readonly string[]>();
  let groups: readonly WaitGroup<T>[] | undefined;
  return {
    isEmpty,
    references: (target) => (isWaiting(target) ? referencesOf(target.resources) : NONE),
    blockingResources,
    openTargets,
    isOpen(target, resource) {
      const [first] = openTargets(resource);
      return first !== undefined && (!isFinished(target) || isFinished(first));
    },
    groups() {
      groups ??= isEmpty ? NONE : findGroups();
      return groups;
    },
  };

  function isWaiting(target: T): boolean {
    return !isEmpty && computePhase(target) === 'waiting';
  }

  function referencesOf(resources: readonly string[]): readonly ObjectReference[] {
    return resources.flatMap((name) => waitingOn.get(name) ?? NONE);
  }

  function blockingResources(target: T): readonly string[] {
    if (!isWaiting(target)) return NONE;
    const key = keyOf(target.resources);
    const known = blocking.get(key);
    if (known) return known;
    const own = new Set(target.resources);
    const names = new Set<string>();
    for (const { kind, name } of referencesOf([...own])) {
      // Tilt also lists the resource itself, while it waits for a reload of the Tiltfile.
      if (kind === RESOURCE_KIND && !own.has(name) && members.has(name)) names.add(name);
    }
    const list = names.size === 0 ? NONE : [...names];
    blocking.set(key, list);
    return list;
  }

  function openTargets(resource: string): readonly T[] {
    const known = open.get(resource);
    if (known) return known;
    const all = members.get(resource) ?? NONE;
    const unfinished = all.filter((member) => !isFinished(member));
    const list = unfinished.length > 0 ? unfinished : all;
    open.set(resource, list);
    return list;
  }

  function findGroups(): readonly WaitGroup<T>[] {
    const found = new Map<readonly string[], T[]>();
    for (const target of status.targets) {
      const names = blockingResources(target);
      if (names.length > 0) addTo(found, names, target);
    }
    return [...found].map(([names, targets]) => ({ targets, blockingResources: names }));
  }
}

/**
 * Creates a search against the direction of waiting. It returns the targets that wait for a target, in their
 * order in the Session, without those that it has returned before.
 */
export function createWaiterSearch<T extends Target>(
  graph: WaitGraph<T>,
  targets: readonly T[],
): (blocker: T) => readonly T[] {
  const groups = new Map<string, WaitGroup<T>[]>();
  for (const group of graph.groups()) {
    for (const name of group.blockingResources) addTo(groups, name, group);
  }
  // Groups whose targets were returned.
  const reached = new Set<WaitGroup<T>>();
  let positions: ReadonlyMap<T, number> | undefined;

  return (blocker) => {
    const found = blocker.resources.flatMap((name) => takeGroups(blocker, name));
    if (found.length <= 1) return found[0]?.targets ?? NONE;
    positions ??= new Map(targets.map((target, index) => [target, index]));
    const place = (target: T) => positions?.get(target) ?? 0;
    return found.flatMap((group) => group.targets).sort((a, b) => place(a) - place(b));
  };

  /** Takes the groups that wait for a resource. Those of its other targets are the same ones. */
  function takeGroups(blocker: T, name: string): readonly WaitGroup<T>[] {
    const waiting = groups.get(name);
    if (waiting === undefined || !graph.isOpen(blocker, name)) return NONE;
    groups.delete(name);
    const fresh = waiting.filter((group) => !reached.has(group));
    for (const group of fresh) reached.add(group);
    return fresh;
  }
}

const NONE: readonly never[] = [];

/** Kind of the objects that stand for resources of the Tiltfile. */
export const RESOURCE_KIND = 'UIResource';

/** Nearly every target has one resource. */
function keyOf(resources: readonly string[]): string {
  const [first = ''] = resources;
  return resources.length === 1 ? `=${first}` : JSON.stringify(resources);
}

/** Groups targets by Tiltfile resource. A target of several resources is in each group. */
export function groupByResource<T extends Target>(targets: readonly T[]): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const target of targets) {
    for (const name of new Set(target.resources)) addTo(groups, name, target);
  }
  return groups;
}

function addTo<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key);
  if (list) list.push(value);
  else lists.set(key, [value]);
}

function isFinished(target: Target): boolean {
  const phase: Phase = computePhase(target);
  return phase === 'ready' || phase === 'succeeded';
}
