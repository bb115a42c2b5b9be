import { createHash } from 'node:crypto';
import { decodeMeta, decodeSpec, decodeStatus } from '../model/decode.js';
import { decodeCluster, decodeResource } from '../model/decode-facts.js';
import { DecodeError, field, record } from '../model/decode-fields.js';
import { decodeTargetsAt } from '../model/decode-targets.js';
import { encodeMeta, encodeSession, encodeSpec, encodeStatus, encodeTarget } from '../model/encode.js';
import { encodeCluster, encodeFacts, encodeResource } from '../model/encode-facts.js';
import { NO_FACTS, type ResourceFacts, type SessionFacts } from '../model/facts.js';
import { sameJson } from '../model/same-json.js';
import type { ObjectMeta, Session } from '../model/session.js';

/**
 * Longest delta, in bytes. A longer one takes its reader nearly as long as the state, and doubles the size of
 * a compressed message.
 */
const MAX_DELTA_BYTES = 2_048;

/** A Session that a delta was applied to. */
export interface AppliedDelta {
  readonly session: Session;
  /** Indices of the targets that differ from the previous state. */
  readonly changedTargets: readonly number[];
}

/**
 * Encodes the difference between two states of a Session as one line of ASCII:
 * `{"metadata","spec","status","targets":[[index,target]…],"resources":[[index,resource]…],"cluster"}`.
 * Members that are equal are absent; of `metadata` only those that differ are present, null if they are
 * absent now. Returns null if the states have other targets or resources, in number, name or order, or if the
 * result would be too long: readers need the whole state then.
 */
export function encodeDelta(before: Session, after: Session): string | null {
  const known = before.status.targets;
  const { targets } = after.status;
  if (before.apiVersion !== after.apiVersion || known.length !== targets.length) return null;
  const changed: [number, object][] = [];
  let length = 0;
  for (const [index, target] of targets.entries()) {
    const last = known[index];
    if (last === target) continue;
    if (last?.key !== target.key || last.name !== target.name) return null;
    const raw = encodeTarget(target);
    const text = JSON.stringify(raw);
    if (text === JSON.stringify(encodeTarget(last))) continue;
    length += text.length;
    if (length > MAX_DELTA_BYTES) return null;
    changed.push([index, raw]);
  }
  const facts = encodeFactsDelta(before.facts, after.facts);
  if (facts === null) return null;
  const text = JSON.stringify({
    metadata: differingMembers(encodeMeta(before.metadata), encodeMeta(after.metadata)),
    spec: differing(encodeSpec(before.spec), encodeSpec(after.spec)),
    status: encodeStatus(after.status),
    ...(changed.length > 0 && { targets: changed }),
    ...facts,
  });
  // Headers of NATS are lines of text. Every other character has an escape in JSON.
  const ascii = text.replace(/[\u007f-\uffff]/g, escapeCharacter);
  return ascii.length > MAX_DELTA_BYTES ? null : ascii;
}

function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

function differing(before: object, after: object): object | undefined {
  return JSON.stringify(before) === JSON.stringify(after) ? undefined : after;
}

function differingMembers(before: object, after: object): object | undefined {
  const [was, is] = [new Map(Object.entries(before)), new Map(Object.entries(after))];
  const members = [...new Set([...was.keys(), ...is.keys()])].flatMap((key) => {
    const value: unknown = is.get(key) ?? null;
    return JSON.stringify(was.get(key) ?? null) === JSON.stringify(value) ? [] : [[key, value]];
  });
  return members.length === 0 ? undefined : Object.fromEntries(members);
}

/**
 * Encodes the difference between two states of the facts about a Session: `{"resources":[[index,resource]…],
 * "cluster"}`, of which equal members are absent, and `cluster` is null if it is not known any more. Returns
 * null if the states have other resources, in number, name or order, or other excerpts of the log, which
 * change only with a failure.
 */
function encodeFactsDelta(
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
 * Applies a delta to the state that it was made from. Unchanged targets stay the same objects. Throws a
 * `DecodeError` if it is invalid or does not fit that state.
 */
export function applyDelta(before: Session, text: string): AppliedDelta {
  const delta = record(parse(text));
  const changed = readIndexed(delta.targets, 'targets');
  const targets =
    changed.size === 0 ? before.status.targets : decodeTargetsAt(before.status.targets, changed);
  if (targets === null || targets.length !== before.status.targets.length) {
    throw new DecodeError('targets of the previous state', [...changed.keys()].join(), ['targets']);
  }
  const status = field(delta.status, 'status', (raw) => decodeStatus(record(raw)));
  const session: Session = {
    ...before,
    metadata:
      delta.metadata === undefined
        ? before.metadata
        : field(delta.metadata, 'metadata', (raw) => applyMeta(before.metadata, record(raw))),
    spec: delta.spec === undefined ? before.spec : field(delta.spec, 'spec', decodeSpec),
    status: { ...status, targets },
  };
  const facts = applyFactsDelta(before.facts, delta);
  return {
    session: facts === before.facts ? session : withFacts(session, facts),
    changedTargets: [...changed.keys()],
  };
}

function withFacts({ facts: _, ...session }: Session, facts: SessionFacts | undefined): Session {
  return facts ? { ...session, facts } : session;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new DecodeError('JSON', text);
  }
}

/** Decodes the members that differ, and takes all others from the metadata before. */
function applyMeta(before: ObjectMeta, members: Readonly<Record<string, unknown>>): ObjectMeta {
  // Nearly every update changes this field alone.
  const { resourceVersion } = members;
  if (typeof resourceVersion === 'string' && resourceVersion !== '' && Object.keys(members).length === 1) {
    return { ...before, resourceVersion };
  }
  const decoded = decodeMeta({ name: before.name, ...members });
  if (decoded.name !== before.name) throw new DecodeError(`"${before.name}"`, decoded.name, ['name']);
  const changed = Object.entries(decoded).filter(([key]) => Object.hasOwn(members, key));
  return { ...before, ...Object.fromEntries(changed) };
}

/**
 * Applies the members of a delta to the facts that it was made from. Throws a `DecodeError` if they are
 * invalid or do not fit.
 */
function applyFactsDelta(
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
function readIndexed(value: unknown, key: string): ReadonlyMap<number, unknown> {
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

/**
 * Digest of a state, by which a reader detects that the deltas it applied led elsewhere. Sessions that are
 * equal have equal digests. Excerpts of the log do not count, because no delta changes them, and readers of
 * earlier versions do not keep them.
 */
export function digestOf(session: Session): string {
  const { resources, cluster, webUrl } = session.facts ?? NO_FACTS;
  return createHash('sha1')
    .update(JSON.stringify([encodeSession(session), encodeFacts({ resources, cluster, webUrl })]))
    .digest('base64url');
}
