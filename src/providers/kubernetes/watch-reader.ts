import { LRUCache } from 'lru-cache';
import { isRecord } from '../../lib/is-record.js';
import { identityOf } from './object-identity.js';
import { parseJson } from './watch-event.js';

/**
 * Parses the lines of a watch, as `JSON.parse` would; undefined for what is no JSON. A target that stands there in the same
 * bytes as in the line before of its Session is the same object as it was then, which spares all that follows the look
 * into it.
 */
export type LineParser = (line: Buffer) => unknown;

/** A line that was cut into targets. */
interface Cut {
  readonly line: Buffer;
  /** Where each target begins and ends in it. */
  readonly starts: readonly number[];
  readonly ends: readonly number[];
  readonly targets: readonly unknown[];
}

/** What the lines of all Sessions may take, with what was parsed of them: some 250 Sessions of 100 targets. */
const MOST_BYTES = 64 * 2 ** 20;

/** A byte of JSON comes to about five bytes of objects. */
const WEIGHT = 6;

/**
 * Tilt tells the whole Session whenever one target of it changes. To parse, decode and compare 100 targets took 0.6 ms
 * where 10 ms had passed since the last time, nearly all of it memory that had left the processor's cache; like this,
 * all three take 0.2 ms.
 *
 * Why it is exact: what stands between `"targets":[` and `}]` is taken out, and the rest parsed with a mark in its place, which
 * has to come out as the one target of the Session. What was taken out is objects with commas between them, each
 * parsed by itself or the same bytes as one that was. By JSON's grammar that is the whole. Anything else, such as JSON with
 * spaces in it, goes to `JSON.parse` as it is.
 */
export function createLineParser(): LineParser {
  const cuts = new LRUCache<string, Cut>({
    maxSize: MOST_BYTES,
    sizeCalculation: ({ line }) => line.length * WEIGHT,
  });

  return (line) => parseInParts(line) ?? parseJson(String(line));

  /** Undefined where the line is not as Tilt writes it. */
  function parseInParts(line: Buffer): unknown {
    const from = line.indexOf(OPENING);
    const to = line.lastIndexOf('}]') + 1;
    const first = from + OPENING.length;
    if (from < 0 || to < first) return undefined;
    const event = parseJson(line.toString('utf8', 0, first) + MARK + line.toString('utf8', to));
    if (!isRecord(event) || !isRecord(event.object) || !isRecord(event.object.status)) return undefined;
    const { object } = event;
    const { status } = event.object;
    if (!Array.isArray(status.targets) || status.targets.length !== 1 || status.targets[0] !== MARKED)
      return undefined;
    const { name, uid } = identityOf(object);
    const key = `${uid} ${name}`;
    const cut = cutTargets(line, first, to, cuts.get(key));
    if (cut === null) return undefined;
    cuts.set(key, cut);
    return { ...event, object: { ...object, status: { ...status, targets: cut.targets } } };
  }
}

const OPENING = '"targets":[';
const MARKED = 'tilt-graphql: here are the targets';
const MARK = JSON.stringify(MARKED);

/** Where one target ends and the next begins. No string of JSON has it inside: its quotes would stand behind a backslash. */
const BETWEEN = '},{"name":';
const COMMA = 0x2c;

/**
 * The objects from `first` to `to`, those of `known` where the bytes are the same; null where that is not what is there.
 * Behind each but the last stands a comma: {@link BETWEEN} has it, and {@link sameUpTo} looks.
 */
function cutTargets(line: Buffer, first: number, to: number, known: Cut | undefined): Cut | null {
  const starts: number[] = [];
  const ends: number[] = [];
  const targets: unknown[] = [];
  let at = first;
  while (at < to) {
    const index = targets.length;
    let end = known ? sameUpTo(line, at, to, known, index) : -1;
    let target = known?.targets[index];
    if (end < 0) {
      const next = line.indexOf(BETWEEN, at);
      end = next < 0 || next >= to ? to : next + 1;
      target = parseJson(line.toString('utf8', at, end));
      if (!isRecord(target)) return null;
    }
    starts.push(at);
    ends.push(end);
    targets.push(target);
    at = end + 1;
  }
  return { line, starts, ends, targets };
}

/** Where the target that begins at `at` ends, if it is the known one of this index, and a whole one; else -1. */
function sameUpTo(line: Buffer, at: number, to: number, { line: before, starts, ends }: Cut, index: number) {
  const start = starts[index];
  const stop = ends[index];
  if (start === undefined || stop === undefined) return -1;
  const end = at + stop - start;
  const isWhole = end === to || (end < to && line[end] === COMMA);
  return isWhole && line.compare(before, start, stop, at, end) === 0 ? end : -1;
}
