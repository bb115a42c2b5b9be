import { decodeCluster, decodeResource } from '../model/decode-facts.js';
import { DecodeError, field } from '../model/decode-fields.js';
import { encodeCluster, encodeResource } from '../model/encode-facts.js';
import { NO_FACTS, type ResourceFacts, type SessionFacts } from '../model/facts.js';
import { sameJson } from '../model/same-json.js';

/**
 * Encodes the difference between two states of the facts about a Session: `{"resources":[[index,resource]…],
 * "cluster"}`, of which equal members are absent, and `cluster` is null if it is not known any more. Returns
 * null if the states have other resources, in number, name or order, or other excerpts of the log, which
 * change only with a failure.
 */
export function encodeFactsDelta(
  { resources: before, cluster: known, excerpts: knownExcerpts }: SessionFacts = NO_FACTS,
  { resources: after, cluster, excerpts }: SessionFacts = NO_FACTS,
): object | null {
  const changed = before === after ? [] : differingResources(before, after);
  if (changed === null || !sameJson(knownExcerpts ?? null, excerpts ?? null)) return null;
  return {
    ...(changed.length > 0 && { resources: changed }),
    ...((known === null) === (cluster === null) && known?.error === cluster?.error
      ? {}
      : { cluster: cluster && encodeCluster(cluster) }),
  };
}

type Resources = readonly ResourceFacts[] | null;

function differingResources(before: Resources, after: Resources): [number, object][] | null {
  if (before === null || after === null || before.length !== after.length) return null;
  const changed: [number, object][] = [];
  for (const [index, resource] of after.entries()) {
    const last = before[index];
    if (last === resource) continue;
    if (last?.name !== resource.name) return null;
    const raw = encodeResource(resource);
    if (JSON.stringify(raw) !== JSON.stringify(encodeResource(last))) changed.push([index, raw]);
  }
  return changed;
}

/**
 * Applies the members of a delta to the facts that it was made from. Throws a `DecodeError` if they are
 * invalid or do not fit.
 */
export function applyFactsDelta(
  before: SessionFacts | undefined,
  delta: Readonly<Record<string, unknown>>,
): SessionFacts | undefined {
  const changed = readIndexed(delta.resources, 'resources');
  if (changed.size === 0 && delta.cluster === undefined) return before;
  const { resources, cluster, excerpts } = before ?? NO_FACTS;
  const facts: SessionFacts = {
    resources: changed.size === 0 ? resources : replaceResources(resources ?? [], changed),
    cluster: delta.cluster === undefined ? cluster : decodeOptionalCluster(delta.cluster),
    webUrl: null,
    ...(excerpts && { excerpts }),
  };
  return facts.resources === null && facts.cluster === null && !excerpts ? undefined : facts;
}

function decodeOptionalCluster(raw: unknown): SessionFacts['cluster'] {
  return raw === null ? null : field(raw, 'cluster', decodeCluster);
}

function replaceResources(
  before: readonly ResourceFacts[],
  changed: ReadonlyMap<number, unknown>,
): readonly ResourceFacts[] {
  const resources = before.slice();
  for (const [index, raw] of changed) {
    const resource = field(raw, 'resources', decodeResource);
    if (before[index]?.name !== resource.name) {
      throw new DecodeError('a resource of the previous state', resource.name, ['resources', index]);
    }
    resources[index] = resource;
  }
  return resources;
}

/** Reads a list of pairs of an index and an object; an empty map if it is absent. */
export function readIndexed(value: unknown, key: string): ReadonlyMap<number, unknown> {
  if (value === undefined) return new Map();
  if (!Array.isArray(value)) throw new DecodeError('a list', value, [key]);
  return new Map(
    value.map((pair: unknown): [number, unknown] => {
      if (!Array.isArray(pair) || !Number.isInteger(pair[0]) || pair[0] < 0) {
        throw new DecodeError('an index and an object', pair, [key]);
      }
      return [pair[0], pair[1]];
    }),
  );
}
