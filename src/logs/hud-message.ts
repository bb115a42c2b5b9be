import { isRecord } from '../lib/is-record.js';
import {
  DecodeError,
  defineEnum,
  enumValue,
  field,
  optionalInt64,
  optionalTime,
  record,
  string,
} from '../model/decode-fields.js';
import type { LogLevel } from '../model/log.js';
import type { MicroTime } from '../model/micro-time.js';
import { findTarget, TILTFILE } from './span-target.js';

/** A span of Tilt's log: the output of one command, build, pod or Tiltfile. */
export interface Span {
  readonly id: string;
  readonly resource: string;
  /** Key of the target that wrote it; null if unknown. */
  readonly target: string | null;
}

/** A piece of text of a span: a part of a line, a line, or several. */
export interface Segment {
  readonly span: string;
  readonly time: MicroTime;
  readonly level: LogLevel;
  readonly text: string;
}

/** Part of Tilt's log that a message carries. */
export interface Checkpoints {
  /** Number of segments before the first one of the message. */
  readonly from: number;
  /** Number of segments up to the last one of the message. */
  readonly to: number;
}

/** Fields of a message that identify the run of Tilt. */
export interface RunFacts {
  /** Start time of Tilt; null if the message has none. */
  readonly tiltStartTime: string | null;
}

/** The log in a message of the HUD. */
export interface HudMessage extends RunFacts, Checkpoints {
  readonly spans: ReadonlyMap<string, Span>;
  /** One item for each segment; an error with the field for one that cannot be read. */
  readonly segments: readonly (Segment | DecodeError)[];
}

/**
 * Decodes the log of a message; null for a message without log. A segment or span that cannot be read does
 * not affect the others. Throws `DecodeError` if the log itself cannot be read.
 */
export function decodeHudMessage(message: unknown): HudMessage | null {
  if (!isRecord(message)) throw new DecodeError('an object', message, ['message']);
  if (message.logList == null) return null;
  return field(message.logList, 'logList', (value) => {
    const list = record(value);
    const checkpoints = decodeCheckpoints(list.fromCheckpoint, list.toCheckpoint);
    if (checkpoints === null) return null;
    return {
      tiltStartTime: decodeStartTime(message.tiltStartTime),
      ...checkpoints,
      spans: decodeSpans(list.spans),
      segments: decodeSegments(list.segments),
    };
  });
}

/** Decodes the start time of a run. It is only compared. */
export function decodeStartTime(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

/** Decodes the half-open interval of a message; null for `-1, -1`: no new lines. Go omits a zero. */
export function decodeCheckpoints(from: unknown, to: unknown): Checkpoints | null {
  const interval = {
    from: optionalInt64(from, 'fromCheckpoint') ?? 0,
    to: optionalInt64(to, 'toCheckpoint') ?? 0,
  };
  if (interval.from < 0) return null;
  if (interval.to < interval.from) {
    throw new DecodeError(`a number from ${interval.from}`, to, ['toCheckpoint']);
  }
  return interval;
}

/** Decodes the spans by id, without those that cannot be read. */
export function decodeSpans(value: unknown): Map<string, Span> {
  const spans = new Map<string, Span>();
  if (!isRecord(value)) return spans;
  for (const id in value) {
    const span = decodeSpan(id, value[id]);
    if (span !== null) spans.set(id, span);
  }
  return spans;
}

/** Longest id of a span and name of a resource, in characters. Kubernetes allows 253 for a name. */
export const MAX_NAME = 1_024;

/** Decodes a span; null if it cannot be read. */
export function decodeSpan(id: string, value: unknown): Span | null {
  if (!isRecord(value) || id.length > MAX_NAME) return null;
  const name = value.manifestName ?? '';
  if (typeof name !== 'string' || name.length > MAX_NAME) return null;
  const resource = name === '' ? TILTFILE : name;
  return { id, resource, target: findTarget(id, resource) };
}

/** The span of lines whose span is unknown: they belong to Tilt itself. */
export function createUnknownSpan(id: string): Span {
  return { id, resource: TILTFILE, target: null };
}

function decodeSegments(value: unknown): (Segment | DecodeError)[] {
  if (value == null) return [];
  if (!Array.isArray(value)) throw new DecodeError('a list', value, ['segments']);
  return value.map((segment, index) => decodeSegment(segment, index));
}

/** Decodes a segment. Returns an error with its field if it cannot be read. */
export function decodeSegment(value: unknown, index: number): Segment | DecodeError {
  try {
    return field(field(value, index, record), index, (segment) => readSegment(record(segment)));
  } catch (error) {
    if (error instanceof DecodeError) return error.within('logList', 'segments');
    throw error;
  }
}

function readSegment({ spanId, time, level, text }: Readonly<Record<string, unknown>>): Segment {
  const span = spanId == null ? '' : string(spanId, 'spanId');
  if (span.length > MAX_NAME) throw new DecodeError(`at most ${MAX_NAME} characters`, span, ['spanId']);
  const at = optionalTime(time, 'time');
  if (at === null) throw new DecodeError('an RFC 3339 time', time, ['time']);
  return { span, time: at, level: decodeLevel(level), text: text == null ? '' : string(text, 'text') };
}

const LEVELS = defineEnum({
  NONE: 'none',
  DEBUG: 'debug',
  VERBOSE: 'verbose',
  INFO: 'info',
  WARN: 'warn',
  ERROR: 'error',
});

/** Decodes a level. INFO is the zero value, which Go may omit. */
export function decodeLevel(value: unknown): LogLevel {
  return value == null ? 'info' : enumValue(value, 'level', LEVELS).word;
}
