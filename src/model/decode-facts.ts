import { decodeExcerpts } from './decode-excerpts.js';
import {
  DecodeError,
  defineEnum,
  enumValue,
  field,
  flag,
  keyValues,
  listOf,
  nonEmptyString,
  optionalInt64,
  optionalString,
  optionalTime,
  record,
  string,
} from './decode-fields.js';
import {
  type ClusterFacts,
  isManual,
  type ObjectReference,
  type ResourceCondition,
  type ResourceFacts,
  type ResourceLink,
  type SessionFacts,
  type TriggerMode,
  type UpdateResult,
} from './facts.js';
import type { TargetExcerpt } from './log.js';

/** Name of the only cluster by which Tilt judges a Session (`v1alpha1.ClusterNameDefault`). */
export const DEFAULT_CLUSTER = 'default';

/** Maximum number of resources of a Session: as many as targets. */
const MAX_RESOURCES = 20_000;

/** Maximum numbers of entries of a resource. Tilt writes two conditions. */
const MAX_LABELS = 100;
const MAX_LINKS = 100;
const MAX_CONDITIONS = 8;

/** Decodes a `UIResource`, or throws a `DecodeError`. */
export function decodeResource(value: unknown): ResourceFacts {
  const object = record(value);
  const { name, labels } = field(object.metadata, 'metadata', decodeMeta);
  return { name, labels, ...field(object.status ?? {}, 'status', (status) => decodeStatus(name, status)) };
}

function decodeMeta(value: unknown): Pick<ResourceFacts, 'name' | 'labels'> {
  const { name, labels } = record(value);
  // Tilt uses the label as the key and as the value.
  return {
    name: nonEmptyString(name, 'name'),
    labels: keyValues(labels, 'labels', MAX_LABELS).map(({ key }) => key),
  };
}

function decodeStatus(name: string, value: unknown): Omit<ResourceFacts, 'name' | 'labels'> {
  const status = record(value);
  const isUpdating =
    status.updateStatus === UPDATE_STATUS.pending || status.updateStatus === UPDATE_STATUS.inProgress;
  const triggerMode = decodeTriggerMode(status.triggerMode);
  return {
    links: listOf(status.endpointLinks, 'endpointLinks', decodeLink, MAX_LINKS),
    kind: kindOf(name, status),
    triggerMode,
    hasPendingChanges: flag(status.hasPendingChanges, 'hasPendingChanges'),
    queued: flag(status.queued, 'queued'),
    ...(isUpdating && { isUpdating }),
    ...(!isUpdating && isManual(triggerMode) && decodeLastUpdate(status)),
    isDisabled: field(status.disableStatus, 'disableStatus', isDisabled),
    conditions: listOf(status.conditions, 'conditions', decodeCondition, MAX_CONDITIONS),
    waitingOn: field(status.waiting, 'waiting', decodeWaiting),
    order: decodeOrder(status.order),
  };
}

/** `UIResourceStatus.Order` is an int32, as is `Int` of GraphQL. */
function decodeOrder(value: unknown): number | null {
  const order = optionalInt64(value, 'order');
  if (order === null || Math.abs(order) < 2 ** 31) return order;
  throw new DecodeError('a whole number within 2^31', value, ['order']);
}

/**
 * `UpdateStatus` of a resource (`ManifestState.UpdateStatus`). A resource in a manual mode is `pending` only
 * before its first run by Tilt itself, or after a person has triggered it. A local resource without an update
 * command has `pending` instead of `in_progress`. `ok` and `error` are the result of the last update: they
 * stay while files change, until the next one. `none` is a resource without an update.
 */
export const UPDATE_STATUS = {
  pending: 'pending',
  inProgress: 'in_progress',
  ok: 'ok',
  error: 'error',
  none: 'none',
} as const;

/** Decodes the result of the last update. Tilt lists it first, with the same texts as the target has. */
function decodeLastUpdate({
  updateStatus,
  buildHistory,
}: ReturnType<typeof record>): Pick<ResourceFacts, 'lastUpdate'> {
  if (updateStatus == null) return {};
  if (updateStatus !== UPDATE_STATUS.ok && updateStatus !== UPDATE_STATUS.error) return { lastUpdate: null };
  const [last] = listOf(buildHistory, 'buildHistory', decodeUpdate);
  const { startTime = null, finishTime = null, error = null } = last ?? {};
  return {
    lastUpdate: {
      startTime,
      finishTime,
      error: updateStatus === UPDATE_STATUS.ok ? null : (error ?? NO_REASON),
    },
  };
}

/** A target without an error has succeeded. */
const NO_REASON = 'the update failed';

function decodeUpdate(value: unknown): UpdateResult {
  const update = record(value);
  return {
    startTime: optionalTime(update.startTime, 'startTime'),
    finishTime: optionalTime(update.finishTime, 'finishTime'),
    error: optionalString(update.error, 'error'),
  };
}

/** Name of the `UIResource` of the Tiltfile itself. */
const TILTFILE = '(Tiltfile)';

function kindOf(name: string, status: ReturnType<typeof record>): ResourceFacts['kind'] {
  if (name === TILTFILE) return 'tiltfile';
  if (status.localResourceInfo != null) return 'local';
  if (status.k8sResourceInfo != null) return 'kubernetes';
  return status.composeResourceInfo == null ? 'unknown' : 'compose';
}

/** `TriggerMode` of `pkg/model/trigger_mode.go`; absent is 0. */
export const TRIGGER_MODES: readonly TriggerMode[] = [
  'auto',
  'manual-with-auto-init',
  'manual',
  'auto-with-manual-init',
];

function decodeTriggerMode(value: unknown): TriggerMode {
  if (value == null) return 'auto';
  if (typeof value !== 'number') throw new DecodeError('a number', value, ['triggerMode']);
  return TRIGGER_MODES[value] ?? 'unknown';
}

function isDisabled(value: unknown): boolean {
  return value != null && record(value).state === 'Disabled';
}

function decodeLink(value: unknown): ResourceLink {
  const link = record(value);
  return { url: string(link.url, 'url'), name: optionalString(link.name, 'name') };
}

const CONDITION_TYPES = defineEnum({ Ready: 'ready', UpToDate: 'up-to-date' });

function decodeCondition(value: unknown): ResourceCondition {
  const condition = record(value);
  const type = enumValue(condition.type, 'type', CONDITION_TYPES);
  return {
    type: type.word,
    typeText: type.text,
    status: condition.status === 'True',
    reason: optionalString(condition.reason, 'reason'),
  };
}

/**
 * Objects that a resource waits for, at most. While a Tiltfile loads, every resource may list all others: 500
 * resources have 250,000 references then.
 */
const MAX_REFERENCES = 32;

function decodeWaiting(value: unknown): readonly ObjectReference[] {
  if (value == null) return [];
  const { on } = record(value);
  return listOf(Array.isArray(on) ? on.slice(0, MAX_REFERENCES) : on, 'on', decodeReference);
}

function decodeReference(value: unknown): ObjectReference {
  const reference = record(value);
  return { kind: string(reference.kind, 'kind'), name: string(reference.name, 'name') };
}

/** Decodes a `Cluster`, or throws a `DecodeError`. */
export function decodeCluster(value: unknown): ClusterFacts {
  return { error: field(record(value).status, 'status', decodeClusterError) };
}

function decodeClusterError(status: unknown): string | null {
  return status == null ? null : optionalString(record(status).error, 'error');
}

/** Decodes the result of `encodeFacts`; undefined if nothing is known. */
export function decodeFacts(value: unknown): SessionFacts | undefined {
  if (value == null) return undefined;
  const facts = record(value);
  return {
    resources:
      facts.resources == null ? null : listOf(facts.resources, 'resources', decodeResource, MAX_RESOURCES),
    cluster: facts.cluster == null ? null : field(facts.cluster, 'cluster', decodeCluster),
    webUrl: null,
    ...(facts.excerpts != null && { excerpts: tryDecodeExcerpts(facts.excerpts) }),
  };
}

/** Excerpts that cannot be decoded are left out: other facts decide the verdict. */
function tryDecodeExcerpts(value: unknown): readonly TargetExcerpt[] {
  try {
    return decodeExcerpts(value);
  } catch (error) {
    if (error instanceof DecodeError) return [];
    throw error;
  }
}
