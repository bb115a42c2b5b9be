import type { MicroTime } from '../../model/micro-time.js';
import { DEMO_ANNOTATION } from '../../model/session.js';
import { between, type Random, uuid } from './random.js';
import type { Frame, Move } from './script.js';
import { SHOP, type ShopTarget, TILTFILE } from './shop.js';

/** How far one `tilt ci` of the shop is. Immutable. */
export interface Run {
  readonly uid: string;
  readonly pid: number;
  /** Of its first frame; empty before that. */
  readonly startTime: MicroTime;
  readonly resourceVersion: number;
  /** The last move of each target that has made one. */
  readonly played: ReadonlyMap<string, Played>;
  /** Whether the Tiltfile was loaded by the last frame. */
  readonly isJustLoaded: boolean;
}

interface Played {
  readonly move: Move;
  readonly at: MicroTime;
  /** When it started to run, if it has. */
  readonly startTime: MicroTime | null;
}

/** A Tilt that has not begun: a new process, so a new uid and pid, and versions from near 1. */
export function newRun(random: Random): Run {
  return {
    uid: uuid(random),
    pid: between(random, 10_000, 60_000),
    startTime: '',
    resourceVersion: between(random, 3, 9),
    played: new Map(),
    isJustLoaded: false,
  };
}

/** The run after a frame that is played at a moment, in milliseconds since 1970. Pure. */
export function play(run: Run, { moves, micros }: Frame, nowMs: number): Run {
  const at = microTime(nowMs, micros);
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

/** The Session as Tilt's API would give it. Pure. */
export function sessionOf(run: Run): unknown {
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
      targets: run.played.size === 0 ? null : targetsOf(run),
      ...exitOf(run),
    },
  };
}

function targetsOf(run: Run): unknown[] {
  const targets = isDone(run, TILTFILE.name) ? SHOP : [TILTFILE];
  return targets.map((target) => ({
    name: target.name,
    type: target.type,
    resources: [target.resource],
    state: stateOf(target, run),
  }));
}

function stateOf(target: ShopTarget, run: Run): unknown {
  const played = run.played.get(target.name);
  if (!played && target.begins === 'inactive') return {};
  if (!played && target.begins === 'disabled') return { disabled: {} };
  if (!played || played.move.to === 'waiting') return { waiting: { waitReason: waitReasonOf(target, run) } };
  const { move, at, startTime } = played;
  if (move.to === 'running') return { active: { startTime, ready: false, lastReadyTime: null } };
  if (move.to === 'ready') return { active: { startTime, ready: true, lastReadyTime: at } };
  const ended = { startTime, finishTime: target.isPod ? null : at };
  return {
    terminated: move.to === 'failed' ? { ...ended, error: move.error, graceStatus: move.grace ?? '' } : ended,
  };
}

/** Tilt's words for it (`internal/store/hold.go`, and `waiting-for-pod` of `internal/controllers/core/session`). */
function waitReasonOf({ name, isPod, needs }: ShopTarget, run: Run): string {
  if (name === TILTFILE.name) return 'initial-build';
  if (isPod) return 'waiting-for-pod';
  if (run.isJustLoaded) return 'tiltfile-reload';
  // It is a local job that nothing may run beside.
  if (run.played.get('migrate:update')?.move.to === 'running') return 'waiting-for-local';
  return needs.every((need) => isDone(run, need)) ? 'unknown' : 'waiting-for-dep';
}

function isDone(run: Run, name: string): boolean {
  const to = run.played.get(name)?.move.to;
  return to === 'succeeded' || to === 'ready';
}

/** Whether `tilt ci` is at its end, by its own rules (`processExitCondition`). */
function exitOf(run: Run): { done: boolean; error?: string } {
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

function microTime(ms: number, micros: number): MicroTime {
  return new Date(ms).toISOString().replace('Z', `${String(micros).padStart(3, '0')}Z`);
}
