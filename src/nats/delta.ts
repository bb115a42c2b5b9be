import { createHash } from 'node:crypto';
import { decodeMeta, decodeSpec, decodeStatus } from '../model/decode.js';
import { DecodeError, field, record } from '../model/decode-fields.js';
import { decodeTargetsAt } from '../model/decode-targets.js';
import { encodeMeta, encodeSession, encodeSpec, encodeStatus, encodeTarget } from '../model/encode.js';
import { encodeFacts } from '../model/encode-facts.js';
import { NO_FACTS, type SessionFacts } from '../model/facts.js';
import type { ObjectMeta, Session } from '../model/session.js';
import { applyFactsDelta, encodeFactsDelta, readIndexed } from './facts-delta.js';

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
  const status = field(delta.status, 'status', decodeStatus);
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
