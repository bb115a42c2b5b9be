import { encodeExcerpt } from './decode-excerpts.js';
import { TRIGGER_MODES, UPDATE_STATUS } from './decode-facts.js';
import type { ClusterFacts, ResourceCondition, ResourceFacts, SessionFacts } from './facts.js';

/**
 * Encodes facts as the lists of Tilt's own objects from which they can be decoded again, and excerpts of its
 * log. The address of Tilt's UI is left out, because it is valid on one machine only.
 */
export function encodeFacts({ resources, cluster, excerpts }: SessionFacts): object {
  return {
    ...(resources && { resources: resources.map(encodeResource) }),
    ...(cluster && { cluster: encodeCluster(cluster) }),
    ...(excerpts && { excerpts: excerpts.map(encodeExcerpt) }),
  };
}

/** Encodes a `Cluster`. */
export function encodeCluster({ error }: ClusterFacts): object {
  return { status: { error: error ?? undefined } };
}

/** Encodes a `UIResource`. */
export function encodeResource(resource: ResourceFacts): object {
  const { name, labels, links, kind, waitingOn, conditions, triggerMode } = resource;
  const info = INFO_FIELDS[kind];
  const mode = TRIGGER_MODES.indexOf(triggerMode);
  return {
    metadata: {
      name,
      ...(labels.length > 0 && { labels: Object.fromEntries(labels.map((label) => [label, label])) }),
    },
    status: {
      ...(links.length > 0 && {
        endpointLinks: links.map(({ url, name }) => ({ url, name: name ?? undefined })),
      }),
      ...(info !== null && { [info]: {} }),
      ...(mode !== 0 && { triggerMode: mode }),
      ...(resource.hasPendingChanges && { hasPendingChanges: true }),
      ...(resource.queued && { queued: true }),
      ...(resource.isUpdating && { updateStatus: UPDATE_STATUS.inProgress }),
      ...encodeLastUpdate(resource),
      ...(resource.isDisabled && { disableStatus: { state: 'Disabled' } }),
      ...(conditions.length > 0 && { conditions: conditions.map(encodeCondition) }),
      ...(waitingOn.length > 0 && { waiting: { on: waitingOn } }),
      ...(resource.order !== null && { order: resource.order }),
    },
  };
}

function encodeLastUpdate({ lastUpdate }: ResourceFacts): object {
  if (lastUpdate === undefined) return {};
  if (lastUpdate === null) return { updateStatus: UPDATE_STATUS.none };
  const { error, ...times } = lastUpdate;
  return error === null
    ? { updateStatus: UPDATE_STATUS.ok, buildHistory: [times] }
    : { updateStatus: UPDATE_STATUS.error, buildHistory: [lastUpdate] };
}

const INFO_FIELDS = {
  local: 'localResourceInfo',
  kubernetes: 'k8sResourceInfo',
  compose: 'composeResourceInfo',
  tiltfile: null,
  unknown: null,
} as const;

function encodeCondition({ typeText, status, reason }: ResourceCondition): object {
  return {
    type: typeText,
    status: status ? 'True' : 'False',
    reason: reason ?? undefined,
  };
}
