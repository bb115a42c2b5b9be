import type { MicroTime } from '../../model/micro-time.js';
import { DEMO_ANNOTATION } from '../../model/session.js';
import type { Frame, Move } from './script.js';
import { between, type Random, uuid } from './script.js';

/** State of one `tilt ci` of the shop. Immutable. */
export interface DemoRun {
  readonly uid: string;
  readonly pid: number;
  /** Time of its first frame; empty before that. */
  readonly startTime: MicroTime;
  readonly resourceVersion: number;
  /** Last move of each target that has made one. */
  readonly played: ReadonlyMap<string, Played>;
  /** Whether the last frame loaded the Tiltfile. */
  readonly isJustLoaded: boolean;
}

interface Played {
  readonly move: Move;
  readonly at: MicroTime;
  /** When it started to run; null before that. */
  readonly startTime: MicroTime | null;
}

/** Creates the run of a new process: a new uid and pid, and versions from near 1. */
export function createRun(random: Random): DemoRun {
  return {
    uid: uuid(random),
    pid: between(random, 10_000, 60_000),
    startTime: '',
    resourceVersion: between(random, 3, 9),
    played: new Map(),
    isJustLoaded: false,
  };
}

/** Applies a frame to a run. Pure. @param nowMs time of the frame, in milliseconds since 1970 */
export function playFrame(run: DemoRun, { moves, micros }: Frame, nowMs: number): DemoRun {
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
    isJustLoaded: moves[TILTFILE.name]?.to === 'succeeded',
  };
}

/** Session of a run, as Tilt's API would return it. Pure. */
export function toSessionJson(run: DemoRun): unknown {
  return {
    apiVersion: 'tilt.dev/v1alpha1',
    kind: 'Session',
    metadata: {
      name: 'Tiltfile',
      uid: run.uid,
      resourceVersion: String(run.resourceVersion),
      creationTimestamp: `${run.startTime.slice(0, 'yyyy-mm-ddThh:mm:ss'.length)}Z`,
      annotations: { 'tilt.dev/resource': '(Tiltfile)', [DEMO_ANNOTATION]: 'true' },
    },
    spec: {
      tiltfilePath: '/home/dev/shop/Tiltfile',
      exitCondition: 'ci',
      ci: { k8sGracePeriod: '1m0s', timeout: '30m0s', readinessTimeout: '5m0s' },
    },
    status: {
      pid: run.pid,
      startTime: run.startTime,
      targets: run.played.size === 0 ? null : toTargets(run),
      ...exitStatus(run),
    },
  };
}

function toTargets(run: DemoRun): unknown[] {
  const targets = isDone(run, TILTFILE.name) ? SHOP : [TILTFILE];
  return targets.map((target) => ({
    name: target.name,
    type: target.type,
    resources: [target.resource],
    state: toState(target, run),
  }));
}

function toState(target: ShopTarget, run: DemoRun): unknown {
  const played = run.played.get(target.name);
  if (!played && target.begins === 'inactive') return {};
  if (!played && target.begins === 'disabled') return { disabled: {} };
  if (!played || played.move.to === 'waiting')
    return { waiting: { waitReason: findWaitReason(target, run) } };
  const { move, at, startTime } = played;
  if (move.to === 'running') return { active: { startTime, ready: false, lastReadyTime: null } };
  if (move.to === 'ready') return { active: { startTime, ready: true, lastReadyTime: at } };
  const ended = { startTime, finishTime: target.isPod ? null : at };
  return {
    terminated: move.to === 'failed' ? { ...ended, error: move.error, graceStatus: move.grace ?? '' } : ended,
  };
}

/** Wait reasons of `internal/store/hold.go` and `internal/controllers/core/session` in Tilt. */
function findWaitReason({ name, isPod, needs }: ShopTarget, run: DemoRun): string {
  if (name === TILTFILE.name) return 'initial-build';
  if (isPod) return 'waiting-for-pod';
  if (run.isJustLoaded) return 'tiltfile-reload';
  // A local job that blocks all others.
  if (run.played.get('migrate:update')?.move.to === 'running') return 'waiting-for-local';
  return needs.every((need) => isDone(run, need)) ? 'unknown' : 'waiting-for-dep';
}

function isDone(run: DemoRun, name: string): boolean {
  const to = run.played.get(name)?.move.to;
  return to === 'succeeded' || to === 'ready';
}

/** Whether `tilt ci` is done, by its own rules (`processExitCondition`). */
function exitStatus(run: DemoRun): { done: boolean; error?: string } {
  for (const { move } of run.played.values()) {
    if (move.to !== 'failed' || move.grace === 'Tolerated') continue;
    return {
      done: true,
      error: `${move.grace === 'Exceeded' ? 'exceeded grace period: ' : ''}${move.error}`,
    };
  }
  const awaited = SHOP.filter(({ begins }) => begins === 'waiting');
  return { done: awaited.every(({ name }) => isDone(run, name)) };
}

function toMicroTime(ms: number, micros: number): MicroTime {
  return new Date(ms).toISOString().replace('Z', `${String(micros).padStart(3, '0')}Z`);
}

/** A target of the shop, as its Tiltfile declares it. */
interface ShopTarget {
  readonly name: string;
  readonly type: 'job' | 'server';
  readonly resource: string;
  /** Its state after the Tiltfile was loaded. */
  readonly begins: 'waiting' | 'inactive' | 'disabled';
  /** Whether it runs in Kubernetes: it has no finish time and waits for its pod. */
  readonly isPod: boolean;
  /** Targets that must be ready or have succeeded before it starts. */
  readonly needs: readonly string[];
}

/** The Tiltfile itself, the first target of every Tilt. */
const TILTFILE: ShopTarget = shopTarget('tiltfile:update', 'job', { resource: '(Tiltfile)' });

/**
 * A small shop. Its database is migrated and its assets are built (a flaky build). The API is served locally;
 * web and worker run in Kubernetes. End-to-end tests come last. The docs are disabled, and loading sample
 * data is started manually.
 */
const SHOP: readonly ShopTarget[] = [
  shopTarget('api:serve', 'server', { needs: ['migrate:update'] }),
  shopTarget('api:update', 'job', { needs: ['migrate:update'] }),
  shopTarget('assets:update', 'job', { needs: ['migrate:update'] }),
  shopTarget('docs:serve', 'server', { begins: 'disabled' }),
  shopTarget('e2e:update', 'job', { needs: ['web:runtime', 'worker:runtime'] }),
  shopTarget('migrate:update', 'job'),
  shopTarget('sample-data:update', 'job', { begins: 'inactive' }),
  TILTFILE,
  shopTarget('web:runtime', 'server', { isPod: true, needs: ['api:serve', 'assets:update'] }),
  shopTarget('web:update', 'job', { needs: ['api:serve', 'assets:update'] }),
  shopTarget('worker:runtime', 'server', { isPod: true, needs: ['migrate:update'] }),
  shopTarget('worker:update', 'job', { needs: ['migrate:update'] }),
];

function shopTarget(name: string, type: ShopTarget['type'], given: Partial<ShopTarget> = {}): ShopTarget {
  const [resource = name] = name.split(':');
  return { name, type, resource, begins: 'waiting', isPod: false, needs: [], ...given };
}
