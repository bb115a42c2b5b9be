import type { MicroTime } from '../../model/micro-time.js';
import type { Move } from './plot.js';
import { between, type Random, uuid } from './random.js';
import type { Frame } from './script.js';
import { SHOP, type ShopResource, type ShopTarget, TILTFILE } from './shop.js';

/** State of one `tilt up` or `tilt ci` of the shop. Immutable. */
export interface DemoRun {
  /** How Tilt was started: `manual` for `tilt up`, `ci` for `tilt ci`. */
  readonly exitCondition: 'manual' | 'ci';
  readonly uid: string;
  readonly pid: number;
  /** Time of its first frame; empty before that. */
  readonly startTime: MicroTime;
  readonly resourceVersion: number;
  /** Last move of each target that has made one. */
  readonly played: ReadonlyMap<string, Played>;
  /** Whether the last frame loaded the Tiltfile. */
  readonly isJustLoaded: boolean;
  /** Whether the Kubernetes cluster cannot be reached. */
  readonly isClusterLost: boolean;
}

interface Played {
  readonly move: Move;
  readonly at: MicroTime;
  /** When it started to run; null before that. */
  readonly startTime: MicroTime | null;
}

/** Creates the run of a new process: a new uid and pid, and versions from near 1. */
export function createRun(exitCondition: DemoRun['exitCondition'], random: Random): DemoRun {
  return {
    exitCondition,
    uid: uuid(random),
    pid: between(random, 10_000, 60_000),
    startTime: '',
    resourceVersion: between(random, 3, 9),
    played: new Map(),
    isJustLoaded: false,
    isClusterLost: false,
  };
}

/** Applies a frame to a run. Pure. @param nowMs time of the frame, in milliseconds since 1970 */
export function playFrame(run: DemoRun, { moves, cluster, micros }: Frame, nowMs: number): DemoRun {
  const at = toMicroTime(nowMs, micros);
  const played = new Map(run.played);
  for (const [name, move] of Object.entries(moves)) {
    const started = played.get(name)?.startTime ?? null;
    played.set(name, { move, at, startTime: move.to === 'running' ? (started ?? at) : started });
  }
  return {
    ...run,
    startTime: run.startTime || at,
    resourceVersion: run.resourceVersion + 1 + (micros % 5),
    played,
    isJustLoaded: TILTFILE.targets.some(({ name }) => moves[name]?.to === 'succeeded'),
    isClusterLost: cluster === undefined ? run.isClusterLost : cluster === 'lost',
  };
}

/** Resources that exist at this time: until the Tiltfile is loaded, only the Tiltfile. */
export function resourcesOf(run: DemoRun): readonly ShopResource[] {
  return isDone(run, TILTFILE) ? SHOP : [TILTFILE];
}

/** What a target does at this time. */
export type Activity = Move | { readonly to: ShopResource['begins'] };

/** What a target does: its last move, or what it does after the Tiltfile was loaded. */
export function activityOf(run: DemoRun, { name, resource }: ShopTarget): Activity {
  return run.played.get(name)?.move ?? { to: resource.begins };
}

/** Whether a target waits for something: to be started, for its turn, or for a person. */
export function isWaiting({ to }: Activity): boolean {
  return to === 'waiting' || to === 'edited' || to === 'queued';
}

/** Whether all targets of a resource are ready or have succeeded. */
export function isDone(run: DemoRun, { targets }: ShopResource): boolean {
  return targets.every(({ name }) => {
    const to = run.played.get(name)?.move.to;
    return to === 'succeeded' || to === 'ready';
  });
}

/** What holds up the update of a resource. */
export interface Hold {
  /** A reason of `internal/store/hold.go` in Tilt. */
  readonly reason: string;
  /** The objects that it waits for, by kind. */
  readonly on: readonly { readonly kind: 'UIResource' | 'Cluster'; readonly name: string }[];
}

/** Finds out what a resource waits for before it is updated. Null if nothing holds it up. */
export function findHold(run: DemoRun, resource: ShopResource): Hold | null {
  const [first] = resource.targets;
  if (resource === TILTFILE || !first || !isWaiting(activityOf(run, first))) return null;
  // Tilt lists every resource that waits, the resource itself too.
  if (run.isJustLoaded) {
    const waiting = SHOP.filter((one) => one !== TILTFILE && one.begins === 'waiting');
    return { reason: 'tiltfile-reload', on: toReferences(waiting) };
  }
  const missing = SHOP.filter((one) => resource.needs.includes(one.name) && !isDone(run, one));
  if (missing.length > 0) return { reason: 'waiting-for-dep', on: toReferences(missing) };
  if (resource.info === 'k8sResourceInfo' && run.isClusterLost)
    return { reason: 'waiting-for-cluster', on: [{ kind: 'Cluster', name: 'default' }] };
  return null;
}

function toReferences(resources: readonly ShopResource[]): Hold['on'] {
  return resources.map(({ name }) => ({ kind: 'UIResource', name }));
}

/** Formats a time as Tilt does, with microseconds. @param ms in milliseconds since 1970 */
export function toMicroTime(ms: number, micros: number): MicroTime {
  return new Date(ms).toISOString().replace('Z', `${String(micros).padStart(3, '0')}Z`);
}
