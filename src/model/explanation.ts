import type { SessionFacts } from './facts.js';
import { computePhase, type Phase } from './phase.js';
import { oneLine, plainText, shortenError } from './plain-text.js';
import type { Target } from './session.js';

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
}

interface ExplainedSession<T extends Target> {
  readonly status: { readonly targets: readonly T[] };
  readonly facts?: SessionFacts;
}

/** Explains the targets of a Session. Each explanation is computed on request. */
export function explain<T extends Target>({ status, facts }: ExplainedSession<T>): Explanation<T> {
  const waitingOn = new Map(
    facts?.resources?.flatMap(({ name, waitingOn: on }) => (on.length > 0 ? [[name, on]] : [])),
  );
  const members = waitingOn.size === 0 ? new Map<string, T[]>() : groupTargets(status.targets);
  const open = new Map<string, readonly T[]>();
  const blockers = new Map<T, readonly T[]>();
  let causes: ReadonlyMap<T, Cause<T>> | undefined;
  return {
    blockedBy,
    rootCause: (target) => causeOf(target)?.root ?? null,
    nextToCause: (target) => causeOf(target)?.next ?? null,
    otherObjects: (target) =>
      references(target).flatMap(({ kind, name }) => (kind === RESOURCE_KIND ? [] : [`${kind}/${name}`])),
  };

  function references(target: T) {
    if (waitingOn.size === 0 || computePhase(target) !== 'waiting') return NONE;
    return target.resources.flatMap((name) => waitingOn.get(name) ?? NONE);
  }

  function blockedBy(target: T): readonly T[] {
    const known = blockers.get(target);
    if (known) return known;
    const found = new Set<T>();
    for (const { kind, name } of references(target)) {
      // Tilt also lists the resource itself, while it waits for a reload of the Tiltfile.
      if (kind !== RESOURCE_KIND || target.resources.includes(name)) continue;
      for (const member of openTargets(name)) if (member !== target) found.add(member);
    }
    const list = found.size === 0 ? NONE : [...found];
    blockers.set(target, list);
    return list;
  }

  /** Targets of a resource that have not finished; all if there are none. */
  function openTargets(resource: string): readonly T[] {
    const known = open.get(resource);
    if (known) return known;
    const all = members.get(resource) ?? NONE;
    const unfinished = all.filter((member) => !isFinished(computePhase(member)));
    const list = unfinished.length > 0 ? unfinished : all;
    open.set(resource, list);
    return list;
  }

  function causeOf(target: T): Cause<T> | undefined {
    if (waitingOn.size === 0) return undefined;
    causes ??= findCauses();
    return causes.get(target);
  }

  /**
   * Finds the causes of all targets. One breadth-first search from the causes of each rank, against the
   * direction of waiting: its time grows with the number of targets and blockers, not with that of the paths
   * between them.
   */
  function findCauses(): ReadonlyMap<T, Cause<T>> {
    const blocked = new Map<T, T[]>();
    for (const target of status.targets) {
      for (const blocker of blockedBy(target)) {
        const list = blocked.get(blocker);
        if (list) list.push(target);
        else blocked.set(blocker, [target]);
      }
    }
    const roots = [...blocked.keys()].filter((target) => blockedBy(target).length === 0);
    const found = new Map<T, Cause<T>>();
    for (const phase of RANKS) {
      const reached = roots.filter((root) => computePhase(root) === phase);
      for (const at of reached) {
        const root = found.get(at)?.root ?? at;
        for (const target of blocked.get(at) ?? NONE) {
          if (found.has(target)) continue;
          found.set(target, { next: at, root });
          reached.push(target);
        }
      }
    }
    return found;
  }
}

/** The first step from a target to the root of its wait, and the root. */
interface Cause<T> {
  readonly next: T;
  readonly root: T;
}

const NONE: readonly never[] = [];

/** Kind of the objects that stand for resources of the Tiltfile. */
export const RESOURCE_KIND = 'UIResource';

function groupTargets<T extends Target>(targets: readonly T[]): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const target of targets) {
    for (const name of target.resources) {
      const group = groups.get(name);
      if (group) group.push(target);
      else groups.set(name, [target]);
    }
  }
  return groups;
}

function isFinished(phase: Phase): boolean {
  return phase === 'ready' || phase === 'succeeded';
}

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

/**
 * Describes on one line why a target waits: `e2e waits for api (not ready)`. Names the resources, and of
 * several causes the one that matters most. Null if it is not known.
 */
export function describeWait<T extends Target>(explanation: Explanation<T>, target: T): string | null {
  const cause = explanation.rootCause(target);
  const [other] = explanation.otherObjects(target);
  if (cause) return oneLine(plainText(`${resourceOf(target)} waits for ${describeCause(cause)}`));
  return other === undefined ? null : oneLine(plainText(`${resourceOf(target)} waits for ${other}`));
}

/** Describes a cause: `broken (failed: exit status 4)`. */
export function describeCause(target: Target): string {
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
