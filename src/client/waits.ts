import { joinNames, oneLine, plainText, shortenError } from '../model/plain-text.js';
import { targetKey } from './changes.js';
import type { TargetFields, TargetPhase } from './generated.js';

// Why targets wait, from the fields that a client receives: blockers by name, and chains to the root cause.

/** Targets by key, as `foldTargets` returns them. A filter may have left out blockers. */
export type KnownTargets = ReadonlyMap<string, TargetFields>;

/** Finds a target by its key, like {@link KnownTargets}. */
type TargetLookup = Pick<KnownTargets, 'get'>;

/** Target in a chain. */
export interface ChainLink {
  readonly name: string;
  /** Null if a filter left it out. */
  readonly target: TargetFields | null;
}

/**
 * Finds the shortest chain from a waiting target to its root cause, both included. Without the targets in
 * between it has only these two. Empty if no root cause is known.
 */
export function findChain(target: TargetFields, targets: TargetLookup): ChainLink[] {
  const cause = target.rootCause?.name;
  if (cause === undefined) return [];
  const parents = new Map<string, string | null>([[target.name, null]]);
  for (const name of parents.keys()) {
    const blockers = (name === target.name ? target : targets.get(name))?.blockedBy ?? [];
    for (const blocker of blockers) if (!parents.has(blocker.name)) parents.set(blocker.name, name);
  }
  const names: string[] = [];
  for (let at: string | null = cause; at !== null; at = parents.get(at) ?? null) names.unshift(at);
  if (names[0] !== target.name) names.unshift(target.name);
  return names.map((name) => ({ name, target: name === target.name ? target : (targets.get(name) ?? null) }));
}

/**
 * Describes what a waiting target waits for, the root cause first: `waits for api (not ready), web`, or
 * `waits for broken (failed: exit status 4) through api, and for db`, if only `api` waits for it. One line of
 * plain text; null if it is not known.
 */
export function describeBlockers(
  { blockedBy, rootCause }: TargetFields,
  targets: KnownTargets,
): string | null {
  const names = [...new Set(blockedBy.map(({ name }) => resourceOf(name, targets)))];
  if (rootCause === null)
    return names.length === 0 ? null : toLine(`waits for ${joinNames(names, MAX_NAMES)}`);
  const cause = resourceOf(rootCause.name, targets);
  const text = `waits for ${describeCause(rootCause.name, targets)}`;
  if (names.includes(cause)) return toLine(text + joinWithout(names, [cause], ', '));
  const leading = blockedBy
    .filter(({ name }) => mayLeadTo(rootCause.name, targets.get(name)))
    .map(({ name }) => resourceOf(name, targets));
  const through = joinWithout([...new Set(leading)], [], ' through ');
  return toLine(text + through + joinWithout(names, leading, ', and for '));
}

/** Whether a blocker waits for a cause. One that a filter left out may. */
function mayLeadTo(cause: string, blocker: TargetFields | undefined): boolean {
  return blocker === undefined || blocker.rootCause?.name === cause;
}

/** Joins names without some of them, behind a prefix. Empty if none is left. */
function joinWithout(names: readonly string[], without: readonly string[], prefix: string): string {
  const left = names.filter((name) => !without.includes(name));
  return left.length === 0 ? '' : prefix + joinNames(left, MAX_NAMES);
}

/** Describes the target at the root of a wait: `broken (failed: exit status 4)`. One line of plain text. */
export function describeCause(name: string, targets: KnownTargets): string {
  const target = targets.get(name);
  return toLine(target ? `${resourceOf(name, targets)} (${describeState(target)})` : name);
}

/** Describes what a cause is doing: `failed: exit status 4`, `not ready`, `waits for a trigger`. */
export function describeState({ phase, type, state }: TargetFields): string {
  const isServer = type === 'SERVER';
  const error = state?.__typename === 'TargetStateTerminated' ? shortenError(state.error ?? '') : '';
  const texts: Readonly<Record<TargetPhase, string>> = {
    FAILED: error === '' ? 'failed' : `failed: ${error}`,
    RETRYING: error === '' ? 'retrying' : `retrying: ${error}`,
    RUNNING: isServer ? 'not ready' : 'running',
    WAITING: isServer ? 'not ready' : 'not started',
    UNTRIGGERED: 'waits for a trigger',
    INACTIVE: 'was never triggered',
    READY: 'ready',
    SUCCEEDED: 'succeeded',
    DISABLED: 'disabled',
  };
  return texts[phase];
}

/** Counts the targets that wait for each root cause, by its name. */
export function countWaits(targets: KnownTargets): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { rootCause } of targets.values()) {
    if (rootCause !== null) counts.set(rootCause.name, (counts.get(rootCause.name) ?? 0) + 1);
  }
  return counts;
}

/** Keys of the targets whose root cause is a target. */
export function findCaused(name: string, targets: KnownTargets): string[] {
  return [...targets.values()].filter(({ rootCause }) => rootCause?.name === name).map(targetKey);
}

/** Keys of the targets that wait for a target, directly or through others, in their order. */
export function findWaiting(name: string, targets: KnownTargets): string[] {
  const names = new Set([name]);
  // A pass misses targets that come before their blocker, so passes repeat until one finds nothing.
  for (let size = 0; size < names.size; ) {
    size = names.size;
    for (const { name: waiting, blockedBy, rootCause } of targets.values()) {
      // A filter may have left out the targets between one and its root cause.
      const blockers = rootCause === null ? blockedBy : [...blockedBy, rootCause];
      if (blockers.some((blocker) => names.has(blocker.name))) names.add(waiting);
    }
  }
  names.delete(name);
  return [...targets.values()].filter((target) => names.has(target.name)).map(targetKey);
}

function resourceOf(name: string, targets: KnownTargets): string {
  return targets.get(name)?.resources[0] ?? name;
}

/** Maximum number of names in a list. */
const MAX_NAMES = 3;

function toLine(text: string): string {
  return oneLine(plainText(text));
}
