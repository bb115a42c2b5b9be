import { isDeepStrictEqual } from 'node:util';
import type { KubeContext } from './kube-context.js';

/** A Tilt that is followed. */
export interface FollowedTilt {
  /** Name of its source and instance of its Sessions. */
  readonly name: string;
  /** The entry of the kubeconfig by which it was found. */
  readonly context: KubeContext;
  /** `connecting` until its server has answered or failed for the first time. */
  readonly link: 'connecting' | 'up' | 'down';
}

/** What to do about Tilts. */
export type Step<T extends FollowedTilt> =
  /** A Tilt started. */
  | { readonly type: 'add'; readonly name: string; readonly context: KubeContext }
  /** A Tilt was restarted, or is reached in another way. */
  | { readonly type: 'replace'; readonly tilt: T; readonly context: KubeContext }
  /** A Tilt left. */
  | { readonly type: 'remove'; readonly tilt: T; readonly why: 'unlisted' | 'overwritten' };

/** What is known when steps are planned. */
export interface PlanInput<T extends FollowedTilt> {
  readonly known: readonly T[];
  /** The entries of the kubeconfig. */
  readonly listed: readonly KubeContext[];
  /** Whether a Tilt that is still connected may yet end, so that a new entry of its name is not a second Tilt for certain. */
  mayEnd(challenger: KubeContext): boolean;
}

/** Steps to take now, and the entries that are not decided yet. */
export interface Plan<T extends FollowedTilt> {
  readonly steps: readonly Step<T>[];
  readonly undecided: readonly KubeContext[];
}

/** Whether a context is one of Tilt's own, which live as long as their Tilt, rather than one that a user maintains. */
export function isTiltContext(name: string): boolean {
  return name.startsWith('tilt-');
}

/** Whether two entries lead to the same server in the same way. */
export function isSameEntry(a: KubeContext, b: KubeContext): boolean {
  return isDeepStrictEqual(a, b);
}

/**
 * Compares the Tilts that are followed with the entries of the kubeconfig. Pure.
 *
 * Every Tilt with `--port 0` uses the context `tilt-0`: two of them overwrite each other's entry, and the first that ends
 * removes the entry of both. So a Tilt whose entry is gone or overwritten is followed for as long as its connection works, and
 * a second live Tilt of a context is called `<context>.<port of its API server>`. Contexts that a user maintains follow the
 * file alone.
 */
export function planTilts<T extends FollowedTilt>({ known, listed, mayEnd }: PlanInput<T>): Plan<T> {
  const steps: Step<T>[] = [];
  const undecided: KubeContext[] = [];
  const replaced = new Set<T>();

  for (const context of listed.filter((entry) => !known.some((tilt) => isSameEntry(tilt.context, entry)))) {
    const successorOf = findPredecessor(context);
    if (successorOf) replace(successorOf, context);
    else if (!known.some(({ name }) => name === context.name)) add(context.name, context);
    // An entry that cannot be used says nothing against the Tilt that is connected.
    else if (context.is === 'usable' && mayEnd(context)) undecided.push(context);
    else if (context.is === 'usable') add(`${context.name}.${portOf(context.endpoint.server)}`, context);
  }
  for (const tilt of known) {
    const isListed = listed.some((entry) => isSameEntry(tilt.context, entry));
    if (!isListed && !replaced.has(tilt) && followsFile(tilt))
      steps.push({ type: 'remove', tilt, why: whyGone(tilt) });
  }
  return { steps, undecided };

  /** The Tilt in whose place the one of a new entry comes: it is the same server, or it is not there any more. */
  function findPredecessor(context: KubeContext): T | undefined {
    const rivals = known.filter((tilt) => tilt.context.name === context.name && !replaced.has(tilt));
    const same = rivals.find(
      (tilt) => serverOf(tilt.context) !== null && serverOf(tilt.context) === serverOf(context),
    );
    return same ?? rivals.find((tilt) => tilt.name === context.name && followsFile(tilt));
  }

  function whyGone(tilt: T): 'unlisted' | 'overwritten' {
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

/** Whether a Tilt is gone as soon as its entry is: its connection is broken, or a user maintains the entry. */
function followsFile({ link, context }: FollowedTilt): boolean {
  return link === 'down' || !isTiltContext(context.name);
}

function serverOf(context: KubeContext): string | null {
  return context.is === 'usable' ? context.endpoint.server : null;
}

function portOf(server: string): string {
  const { port, protocol } = new URL(server);
  return port || (protocol === 'http:' ? '80' : '443');
}
