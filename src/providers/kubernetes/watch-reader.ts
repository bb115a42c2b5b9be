import { LRUCache } from 'lru-cache';
import { isRecord } from '../../lib/is-record.js';
import { decodeSession } from '../../model/decode.js';
import { decodeTargetsAt } from '../../model/decode-targets.js';
import type { Session } from '../../model/session.js';
import { type DecodedObject, orMessage, parseJson, readWatchEvent, type WatchEvent } from './list-watch.js';
import { identityOf, type ObjectIdentity } from './object-identity.js';

/**
 * Reads a line of a watch, with the same result as `readWatchEvent`. Of a Session that was read before, only
 * the targets whose bytes differ from the previous line are parsed and decoded; the event contains their
 * indices.
 */
export type WatchReader = (line: Buffer) => WatchEvent;

/** A line whose targets are JSON objects separated by commas. */
interface SplitLine {
  readonly line: Buffer;
  /** Offsets at which each target begins and ends. */
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

/** A line with the Session that was decoded from it. */
interface CachedLine extends SplitLine {
  readonly session: Session;
}

/** A line in Tilt's format: its object with an empty list of targets, and the offsets of the targets. */
interface EventLine {
  readonly object: JsonObject;
  readonly status: JsonObject;
  readonly targetsStart: number;
  readonly targetsEnd: number;
}

type JsonObject = Readonly<Record<string, unknown>>;

/** Memory limit of all cached lines with their decoded Sessions: about 250 Sessions of 100 targets. */
const MAX_CACHE_BYTES = 64 * 2 ** 20;

/** Memory per byte of a line: the byte itself and about five bytes of objects. */
const BYTES_PER_BYTE = 6;

/**
 * Creates a reader with an empty cache. Tilt sends the whole Session whenever one target of it changes.
 * Parsing, decoding and comparing 100 targets took 0.6 ms when the previous line was 10 ms old, nearly all of
 * it for memory that had left the processor's cache. Now all three take 0.2 ms.
 *
 * The result is exact. The bytes between `"targets":[` and `}]` are cut out. The rest is parsed with a marker
 * in their place, which must turn up as the only target of the Session. The bytes that were cut out must be
 * objects separated by commas, each of which is parsed separately or has the same bytes as one that was. By
 * JSON's grammar that covers the whole line. Any other line, such as JSON with spaces, is read by
 * `readWatchEvent`.
 *
 * @param source instance of the Sessions
 */
export function createWatchReader(source: string): WatchReader {
  const lines = new LRUCache<string, CachedLine>({
    maxSize: MAX_CACHE_BYTES,
    sizeCalculation: ({ line }) => line.length * BYTES_PER_BYTE,
  });

  return (line) => {
    const object = readObject(line);
    return object ? { type: 'put', object } : readWatchEvent(line, source);
  };

  /** Returns null when the line is not an ADDED or MODIFIED event in Tilt's format. */
  function readObject(line: Buffer): DecodedObject | null {
    const event = parseAroundTargets(line);
    if (event === null) return null;
    const identity = identityOf(event.object, source);
    const before = identity.id === null ? undefined : lines.get(identity.id);
    return (before && readChanges(line, event, identity, before)) ?? readWhole(line, event, identity);
  }

  /** Returns null when the Session does not have the same targets as before, by name and in order. */
  function readChanges(
    line: Buffer,
    event: EventLine,
    identity: ObjectIdentity,
    before: CachedLine,
  ): DecodedObject | null {
    const split = splitTargets(line, event, before);
    if (split === null || split.starts.length !== before.starts.length) return null;
    const session = orMessage(() => decodeSession(event.object, identity.instance));
    if (typeof session === 'string') return { identity, session };
    const targets = decodeTargetsAt(before.session.status.targets, split.parsed);
    if (targets === null) return null;
    const whole = { ...session, status: { ...session.status, targets } };
    cache(split, whole);
    const reuse = { from: before.session, changedTargets: [...split.parsed.keys()] };
    return { identity, session: whole, reuse };
  }

  function readWhole(line: Buffer, event: EventLine, identity: ObjectIdentity): DecodedObject | null {
    const split = splitTargets(line, event, null);
    if (split === null) return null;
    const object = { ...event.object, status: { ...event.status, targets: [...split.parsed.values()] } };
    const session = orMessage(() => decodeSession(object, identity.instance));
    if (typeof session !== 'string') cache(split, session);
    return { identity, session };
  }

  function cache({ line, starts, ends }: SplitLine, session: Session): void {
    lines.set(session.id, { line, starts, ends, session });
  }
}

const OPENING = '"targets":[';
const MARKER = 'tilt-graphql: here are the targets';
const MARKER_JSON = JSON.stringify(MARKER);

/** Parses a line without its targets. Returns null unless it is ADDED or MODIFIED in Tilt's format. */
function parseAroundTargets(line: Buffer): EventLine | null {
  const opening = line.indexOf(OPENING);
  const targetsEnd = line.lastIndexOf('}]') + 1;
  const targetsStart = opening + OPENING.length;
  if (opening < 0 || targetsEnd < targetsStart) return null;
  const head = line.toString('utf8', 0, targetsStart);
  const event = parseJson(head + MARKER_JSON + line.toString('utf8', targetsEnd));
  if (!isRecord(event) || (event.type !== 'ADDED' && event.type !== 'MODIFIED')) return null;
  const { object } = event;
  if (!isRecord(object) || !isRecord(object.status)) return null;
  const { targets } = object.status;
  if (!Array.isArray(targets) || targets.length !== 1 || targets[0] !== MARKER) return null;
  const status = { ...object.status, targets: [] };
  return { object: { ...object, status }, status, targetsStart, targetsEnd };
}

/** End of one target and start of the next. In a JSON string, its quotes would be escaped. */
const SEPARATOR = '},{"name":';
const COMMA = 0x2c;

/**
 * Splits the targets of a line, and parses those whose bytes differ from `before`, by index; all of them when
 * `before` is null. Returns null when they are not objects. Every target but the last is followed by a comma,
 * which {@link SEPARATOR} contains and {@link findSameEnd} checks.
 */
function splitTargets(
  line: Buffer,
  { targetsStart, targetsEnd }: Pick<EventLine, 'targetsStart' | 'targetsEnd'>,
  before: SplitLine | null,
): (SplitLine & { readonly parsed: ReadonlyMap<number, unknown> }) | null {
  const starts: number[] = [];
  const ends: number[] = [];
  const parsed = new Map<number, unknown>();
  let at = targetsStart;
  while (at < targetsEnd) {
    const index = starts.length;
    let end = before ? findSameEnd(line, at, targetsEnd, before, index) : -1;
    if (end < 0) {
      const next = line.indexOf(SEPARATOR, at);
      end = next < 0 || next >= targetsEnd ? targetsEnd : next + 1;
      const target = parseJson(line.toString('utf8', at, end));
      if (!isRecord(target)) return null;
      parsed.set(index, target);
    }
    starts.push(at);
    ends.push(end);
    at = end + 1;
  }
  return { line, starts, ends, parsed };
}

/**
 * End of the target that begins at `at`, when its bytes are those of the cached target of this index; else
 * -1.
 */
function findSameEnd(
  line: Buffer,
  at: number,
  targetsEnd: number,
  { line: before, starts, ends }: SplitLine,
  index: number,
) {
  const start = starts[index];
  const stop = ends[index];
  if (start === undefined || stop === undefined) return -1;
  const end = at + stop - start;
  const isWhole = end === targetsEnd || (end < targetsEnd && line[end] === COMMA);
  return isWhole && line.compare(before, start, stop, at, end) === 0 ? end : -1;
}
