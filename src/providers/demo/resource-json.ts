import { decodeCluster, decodeResource } from '../../model/decode-facts.js';
import type { SessionFacts } from '../../model/facts.js';
import { type Activity, activityOf, type DemoRun, findHold, resourcesOf } from './run.js';
import { SHOP, type ShopResource } from './shop.js';

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
