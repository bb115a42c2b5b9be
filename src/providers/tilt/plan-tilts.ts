import { isDeepStrictEqual } from 'node:util';
import type { KubeContext } from './kube-context.js';

/** A Tilt that the gateway follows. */
export interface FollowedTilt {
  /** Name of its source and instance of its Sessions. */
  readonly name: string;
  /** Its entry in the kubeconfig. */
  readonly context: KubeContext;
  /** `connecting` until the first response or failure of its server. */
  readonly connection: 'connecting' | 'up' | 'down';
}

/** A step that adapts the followed Tilts to the kubeconfig. */
export type Step<T extends FollowedTilt> =
  /** A Tilt started. */
  | { readonly type: 'add'; readonly name: string; readonly context: KubeContext }
  /** A Tilt was restarted, or has another address or other credentials. */
  | { readonly type: 'replace'; readonly tilt: T; readonly context: KubeContext }
  /** A Tilt ended. */
  | { readonly type: 'remove'; readonly tilt: T; readonly why: 'unlisted' | 'overwritten' };

/** Input of {@link planTilts}. */
export interface PlanInput<T extends FollowedTilt> {
  readonly known: readonly T[];
  /** Entries of the kubeconfig. */
  readonly listed: readonly KubeContext[];
  /** Whether the connected Tilt of this name may be about to end; its entry may then be a restart. */
  mayEnd(challenger: KubeContext): boolean;
}

/** Steps to take now, and the entries that need to be planned again later. */
export interface Plan<T extends FollowedTilt> {
  readonly steps: readonly Step<T>[];
  readonly undecided: readonly KubeContext[];
}

/** Whether Tilt itself maintains a context, which then exists as long as its Tilt. */
export function isTiltContext(name: string): boolean {
  return name.startsWith('tilt-');
}

/** Whether two entries have the same address and credentials. */
export function isSameEntry(a: KubeContext, b: KubeContext): boolean {
  return isDeepStrictEqual(a, b);
}

/**
 * Compares the followed Tilts with the entries of the kubeconfig. Pure.
 *
 * Every Tilt with `--port 0` uses the context `tilt-0`. Two of them overwrite each other's entry, and the
 * first that ends removes the entry of both. So a Tilt whose entry was removed or overwritten is followed as
 * long as its connection works, and a second live Tilt of a context is named
 * `<context>.<port of its API server>`. Contexts that a user maintains follow the file alone.
 */
export function planTilts<T extends FollowedTilt>({ known, listed, mayEnd }: PlanInput<T>): Plan<T> {
  const steps: Step<T>[] = [];
  const undecided: KubeContext[] = [];
  const replaced = new Set<T>();

  for (const context of listed.filter((entry) => !known.some((tilt) => isSameEntry(tilt.context, entry)))) {
    const predecessor = findPredecessor(context);
    if (predecessor) replace(predecessor, context);
    else if (!known.some(({ name }) => name === context.name)) add(context.name, context);
    // An unusable entry does not affect the connected Tilt.
    else if (context.is === 'usable' && mayEnd(context)) undecided.push(context);
    else if (context.is === 'usable') add(`${context.name}.${portOf(context.endpoint.server)}`, context);
  }
  for (const tilt of known) {
    const isListed = listed.some((entry) => isSameEntry(tilt.context, entry));
    if (!isListed && !replaced.has(tilt) && followsFile(tilt))
      steps.push({ type: 'remove', tilt, why: findReason(tilt) });
  }
  return { steps, undecided };

  /** The Tilt that a new entry replaces: it has the same server, or it has ended. */
  function findPredecessor(context: KubeContext): T | undefined {
    const candidates = known.filter((tilt) => tilt.context.name === context.name && !replaced.has(tilt));
    const same = candidates.find(
      (tilt) => serverOf(tilt.context) !== null && serverOf(tilt.context) === serverOf(context),
    );
    return same ?? candidates.find((tilt) => tilt.name === context.name && followsFile(tilt));
  }

  function findReason(tilt: T): 'unlisted' | 'overwritten' {
    return listed.some(({ name }) => name === tilt.context.name) ? 'overwritten' : 'unlisted';
  }

  function replace(tilt: T, context: KubeContext): void {
    replaced.add(tilt);
    steps.push({ type: 'replace', tilt, context });
  }

  function add(name: string, context: KubeContext): void {
    steps.push({ type: 'add', name, context });
  }
}

/** Whether a Tilt ends when its entry is removed: its connection is broken, or a user maintains the entry. */
function followsFile({ connection, context }: FollowedTilt): boolean {
  return connection === 'down' || !isTiltContext(context.name);
}

function serverOf(context: KubeContext): string | null {
  return context.is === 'usable' ? context.endpoint.server : null;
}

function portOf(server: string): string {
  const { port, protocol } = new URL(server);
  return port || (protocol === 'http:' ? '80' : '443');
}
