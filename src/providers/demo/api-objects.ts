import { decodeCluster, decodeResource } from '../../model/decode-facts.js';
import type { SessionFacts } from '../../model/facts.js';
import { DEMO_ANNOTATION } from '../../model/session.js';
import { type Activity, activityOf, type DemoRun, findHold, isDone, resourcesOf } from './run.js';
import { SHOP, SHOP_TARGETS, type ShopResource, type ShopTarget, TILTFILE } from './shop.js';

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

/**
 * Facts of a run, decoded from the objects that Tilt's API would return. They are always as new as the
 * Session. There is no Tilt, so there is no page of Tilt either.
 */
export function factsOf(run: DemoRun): SessionFacts {
  const resources = resourcesOf(run).map((resource) => decodeResource(toResourceJson(resource, run)));
  return {
    resources: resources.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    // Tilt connects to the cluster when it has loaded the Tiltfile.
    cluster: resources.length > 1 ? decodeCluster(toClusterJson(run)) : null,
    webUrl: null,
  };
}

function toClusterJson({ isClusterLost }: DemoRun): unknown {
  return {
    kind: 'Cluster',
    metadata: { name: 'default' },
    status: isClusterLost ? { error: UNREACHABLE } : {},
  };
}

/** Error of the health check that Tilt repeats every 15 seconds. */
export const UNREACHABLE =
  'Get "https://127.0.0.1:6443/livez": dial tcp 127.0.0.1:6443: connect: connection refused';

function toResourceJson(resource: ShopResource, run: DemoRun): unknown {
  const activities = resource.targets.map((target) => activityOf(run, target));
  const hold = findHold(run, resource);
  const isManual = resource.begins === 'inactive';
  return {
    kind: 'UIResource',
    metadata: {
      name: resource.name,
      labels: Object.fromEntries(resource.labels.map((label) => [label, label])),
    },
    status: {
      order: SHOP.indexOf(resource) + 1,
      endpointLinks: resource.links,
      ...(resource.info !== null && { [resource.info]: {} }),
      ...(isManual && { triggerMode: MANUAL }),
      hasPendingChanges: activities.some(({ to }) => to === 'edited' || to === 'queued'),
      queued: activities.some(({ to }) => to === 'queued'),
      disableStatus: { state: resource.begins === 'disabled' ? 'Disabled' : 'Enabled' },
      conditions: toConditions(activities),
      ...(hold && { waiting: hold }),
    },
  };
}

/** `TriggerModeManual` of Tilt's `pkg/model/trigger_mode.go`: never started by Tilt itself. */
const MANUAL = 2;

/** The conditions of `internal/hud/webview` in Tilt. A server is considered once its update has succeeded. */
function toConditions([update, server]: readonly Activity[]): unknown[] {
  const updateReason = update ? reasonOf(update, 'Update') : 'Unknown';
  const serverReason = server ? reasonOf(server, 'Runtime') : null;
  return [toCondition('UpToDate', updateReason), toCondition('Ready', updateReason ?? serverReason)];
}

function toCondition(type: string, reason: string | null): unknown {
  return reason === null ? { type, status: 'True' } : { type, status: 'False', reason };
}

/** Why a condition does not hold; null if it holds. */
function reasonOf({ to }: Activity, part: 'Update' | 'Runtime'): string | null {
  switch (to) {
    case 'succeeded':
    case 'ready':
      return null;
    case 'disabled':
      return 'Disabled';
    case 'failed':
      return `${part}Error`;
    case 'inactive':
    case 'edited':
      return 'Unknown';
    case 'running':
      return part === 'Update' ? 'Unknown' : 'RuntimePending';
    default:
      return `${part}Pending`;
  }
}
