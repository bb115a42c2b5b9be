import { computePhase, type Phase } from './phase.js';
import { oneLine, plainText, shortenError } from './plain-text.js';
import type { Target } from './session.js';
import {
  createWaiterSearch,
  createWaitGraph,
  type ExplainedSession,
  RESOURCE_KIND,
  type WaitGraph,
} from './wait-graph.js';

export { RESOURCE_KIND };

/** Why targets of a Session wait: by which other targets they are blocked, and what is at the root of it. */
export interface Explanation<T extends Target = Target> {
  /**
   * The targets by which a waiting target is blocked: of each resource that its own resources wait for, those
   * that have not finished and are not ready, or all if none is left. Empty for a target that does not wait,
   * or if nothing is known.
   */
  blockedBy(target: T): readonly T[];
  /**
   * The cause of a waiting target's wait: a blocker, or a blocker of it, and so on, that is not blocked
   * itself. Of several causes the most important one counts ({@link RANKS}), then the nearest. Null if
   * nothing blocks the target, or if all its blockers wait for each other.
   */
  rootCause(target: T): T | null;
  /** The blocker that is next on the way to the root cause; null without a root cause. */
  nextToCause(target: T): T | null;
  /** Other objects that the resources of a waiting target wait for: `Cluster/default`. */
  otherObjects(target: T): readonly string[];
  /** Which targets wait for which resources: the same in less space than lists of blockers. */
  readonly graph: WaitGraph<T>;
}

/** Explains the targets of a Session. Each explanation is computed on request. */
export function explain<T extends Target>(session: ExplainedSession<T>): Explanation<T> {
  const graph = createWaitGraph(session);
  const blockers = new Map<readonly string[], readonly T[]>();
  let causes: ReadonlyMap<T, Cause<T>> | undefined;
  return {
    blockedBy,
    rootCause: (target) => causeOf(target)?.root ?? null,
    nextToCause: (target) => causeOf(target)?.next ?? null,
    otherObjects: (target) =>
      graph
        .references(target)
        .flatMap(({ kind, name }) => (kind === RESOURCE_KIND ? [] : [`${kind}/${name}`])),
    graph,
  };

  function blockedBy(target: T): readonly T[] {
    const names = graph.blockingResources(target);
    const [first, ...others] = names;
    if (first === undefined) return NONE;
    if (others.length === 0) return graph.openTargets(first);
    const known = blockers.get(names);
    if (known) return known;
    const list = [...new Set(names.flatMap(graph.openTargets))];
    blockers.set(names, list);
    return list;
  }

  function causeOf(target: T): Cause<T> | undefined {
    if (graph.isEmpty) return undefined;
    causes ??= findCauses(graph, session.status.targets);
    return causes.get(target);
  }
}

/**
 * Finds the causes of all targets. One breadth-first search from the causes of each rank, against the
 * direction of waiting: its time grows with the number of targets and references, not with that of the paths
 * between them.
 */
function findCauses<T extends Target>(graph: WaitGraph<T>, targets: readonly T[]): ReadonlyMap<T, Cause<T>> {
  const blockingResources = new Set(graph.groups().flatMap((group) => group.blockingResources));
  const blocking = new Set([...blockingResources].flatMap(graph.openTargets));
  const roots = [...blocking].filter((target) => graph.blockingResources(target).length === 0);
  const takeWaiting = createWaiterSearch(graph, targets);
  const found = new Map<T, Cause<T>>();
  for (const phase of RANKS) {
    const reached = roots.filter((root) => computePhase(root) === phase);
    for (const at of reached) {
      const root = found.get(at)?.root ?? at;
      for (const target of takeWaiting(at)) {
        found.set(target, { next: at, root });
        reached.push(target);
      }
    }
  }
  return found;
}

/** The first step from a target to the root of its wait, and the root. */
interface Cause<T> {
  readonly next: T;
  readonly root: T;
}

const NONE: readonly never[] = [];

/**
 * Phases by how much they explain: what failed comes before what needs a person, and that before what runs.
 */
const RANKS: readonly Phase[] = [
  'failed',
  'untriggered',
  'inactive',
  'disabled',
  'retrying',
  'running',
  'waiting',
  'ready',
  'succeeded',
];

/** Texts about waiting targets. */
export interface WaitDescriptions<T extends Target> {
  /** The first texts, each different. */
  readonly texts: readonly string[];
  /** Number of the others. */
  readonly more: number;
  /** Targets of which it is not known. */
  readonly unexplained: readonly T[];
}

/**
 * Describes on one line each why targets wait: `e2e waits for api (not ready)`. Names the resources, and of
 * several causes the one that matters most. Targets of one resource with one cause have one text. No more
 * texts than asked for are made, and one of each cause: reading a cause's error of 1 MB takes 10 ms.
 */
export function describeWaits<T extends Target>(
  explanation: Explanation<T>,
  targets: readonly T[],
  maxTexts: number,
): WaitDescriptions<T> {
  const unexplained: T[] = [];
  const explained: (readonly [target: T, cause: T | string])[] = [];
  const causes = new Map<T | string, Set<string>>();
  for (const target of targets) {
    const cause = causeOfWait(explanation, target);
    if (cause === null) unexplained.push(target);
    else if (isNew(cause, resourceOf(target))) explained.push([target, cause]);
  }
  const described = new Map<T, string>();
  const texts = new Set<string>();
  let count = 0;
  for (const [target, cause] of explained) {
    if (texts.size === maxTexts) break;
    count += 1;
    texts.add(toText(target, typeof cause === 'string' ? cause : describeOnce(cause)));
  }
  return { texts: [...texts], more: explained.length - count, unexplained };

  function isNew(cause: T | string, resource: string): boolean {
    const resources = causes.get(cause) ?? new Set();
    const { size } = resources;
    causes.set(cause, resources.add(resource));
    return resources.size > size;
  }

  function describeOnce(cause: T): string {
    const text = described.get(cause) ?? describeCause(cause);
    described.set(cause, text);
    return text;
  }
}

/** The target at the root of a wait, or the name of another object. */
function causeOfWait<T extends Target>(explanation: Explanation<T>, target: T): T | string | null {
  return explanation.rootCause(target) ?? explanation.otherObjects(target)[0] ?? null;
}

function toText(target: Target, cause: string): string {
  return oneLine(plainText(`${resourceOf(target)} waits for ${cause}`));
}

/** Describes a cause: `broken (failed: exit status 4)`. */
function describeCause(target: Target): string {
  return oneLine(plainText(`${resourceOf(target)} (${describeState(target)})`));
}

function resourceOf({ resources, name }: Target): string {
  return resources[0] ?? name;
}

function describeState(target: Target): string {
  const { state, type } = target;
  const phase = computePhase(target);
  switch (phase) {
    case 'failed':
    case 'retrying': {
      const error = state.is === 'terminated' ? shortenError(state.error ?? '') : '';
      return error === '' ? phase : `${phase}: ${error}`;
    }
    case 'running':
    case 'waiting':
      if (type === 'server') return 'not ready';
      return phase === 'running' ? 'running' : 'not started';
    case 'untriggered':
      return 'waits for a trigger';
    case 'inactive':
      return 'was never triggered';
    default:
      return phase;
  }
}
