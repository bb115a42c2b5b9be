import { DEMO_ANNOTATION } from '../../model/session.js';
import { activityOf, type DemoRun, findHold, isDone, resourcesOf } from './run.js';
import { SHOP, SHOP_TARGETS, type ShopTarget, TILTFILE } from './shop.js';

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
      annotations: { 'tilt.dev/resource': TILTFILE.name, [DEMO_ANNOTATION]: 'true' },
    },
    spec: {
      tiltfilePath: '/home/dev/shop/Tiltfile',
      exitCondition: run.exitCondition,
      ci: { k8sGracePeriod: '1m0s', timeout: '30m0s', readinessTimeout: '5m0s' },
    },
    status: {
      pid: run.pid,
      startTime: run.startTime,
      targets: run.played.size === 0 ? null : toTargets(run),
      ...(run.exitCondition === 'ci' ? exitStatus(run) : { done: false }),
    },
  };
}

function toTargets(run: DemoRun): unknown[] {
  const resources = resourcesOf(run);
  return SHOP_TARGETS.filter(({ resource }) => resources.includes(resource)).map((target) => ({
    name: target.name,
    type: target.type,
    resources: [target.resource.name],
    state: toState(target, run),
  }));
}

function toState(target: ShopTarget, run: DemoRun): unknown {
  const activity = activityOf(run, target);
  const { startTime = null, at = null } = run.played.get(target.name) ?? {};
  switch (activity.to) {
    case 'inactive':
      return {};
    case 'disabled':
      return { disabled: {} };
    case 'running':
      return { active: { startTime, ready: false, lastReadyTime: null } };
    case 'ready':
      return { active: { startTime, ready: true, lastReadyTime: at } };
    case 'failed':
    case 'succeeded':
      return { terminated: { startTime, finishTime: isPod(target) ? null : at, ...errorOf(activity) } };
    default:
      return { waiting: { waitReason: findWaitReason(target, run) } };
  }
}

function errorOf(activity: ReturnType<typeof activityOf>): object {
  return activity.to === 'failed' ? { error: activity.error, graceStatus: activity.grace ?? '' } : {};
}

/** Whether a target is the server of a Kubernetes resource: it has no finish time and waits for its pod. */
function isPod({ resource, type }: ShopTarget): boolean {
  return resource.info === 'k8sResourceInfo' && type === 'server';
}

/** Wait reasons of `internal/store/hold.go` and `internal/controllers/core/session` in Tilt. */
function findWaitReason(target: ShopTarget, run: DemoRun): string {
  if (target.resource === TILTFILE) return 'initial-build';
  if (isPod(target)) return 'waiting-for-pod';
  return findHold(run, target.resource)?.reason ?? 'unknown';
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
  return { done: awaited.every((resource) => isDone(run, resource)) };
}
