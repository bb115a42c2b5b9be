import type { Writable } from 'node:stream';
import type { AnswerMemory } from '../../graphql/unsent-answers.js';
import { storePart } from '../../lib/deflate.js';
import { memoize } from '../../lib/memoize.js';
import type { Payload } from '../../subscriptions/payload.js';
import { VARY } from './answer.js';

/** Form of the events of a stream. The bytes of an event are created once for all readers of a group. */
export interface EventForm {
  readonly isCompressed: boolean;
  /** Headers of the response. */
  readonly headers: Readonly<Record<string, string>>;
  /** First bytes of the response: an empty comment. */
  readonly start: EventBytes;
  /** An empty comment. */
  readonly ping: EventBytes;
  /** Memory of a payload in this form. */
  memoryOf(payload: Payload): AnswerMemory | null;
  /** Length of the body of an event, in bytes. */
  bodyLength(payload: Payload): number;
  /** Whether an event is a single buffer. The body of a longer one is not copied. */
  isShort(payload: Payload): boolean;
  /** Joins short events. */
  join(payloads: readonly Payload[], isChunked: boolean): Buffer;
  /** Writes an event of any length. */
  write(stream: Writable, payload: Payload, isChunked: boolean): void;
}

/** One event as bytes. */
export interface EventBytes {
  readonly event: Buffer;
  /** The event as one chunk of a response. */
  readonly chunk: Buffer;
}

/** An event in three parts, the second of which is not copied if it is long. */
type Parts = readonly [head: Buffer, body: Buffer, end: Buffer];

/** Maximum length of a short body, in bytes. */
const COPY_LIMIT = 65_536;

const NOTHING = Buffer.alloc(0);
const EVENT_END = Buffer.from('\n\n');
const CHUNK_END = Buffer.from('\r\n');
const COMMENT = Buffer.from(':\n\n');

/** Events as they are. */
export const PLAIN_EVENTS: EventForm = createForm({
  isCompressed: false,
  headers: { vary: VARY },
  start: COMMENT,
  ping: COMMENT,
  memoryOf: ({ memory }) => memory,
  bodyLength: ({ body }) => body.length,
  partsOf: (payload) => [headOf(payload), payload.body, EVENT_END],
});

/** Header of a gzip stream without optional fields (RFC 1952, section 2.3). */
const GZIP_HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);

const STORED_END = storePart(EVENT_END);

/**
 * Events as one gzip stream. Each event is a part that refers to nothing before it, so it is shared by
 * readers that have received different events. Short events are stored: compressed on their own they would
 * shrink by a third. (A window per reader would compress them better, for 268 kB of memory and 30 µs per
 * event and reader.) The stream has no end, like the subscription.
 */
export const GZIP_EVENTS: EventForm = createForm({
  isCompressed: true,
  headers: { vary: VARY, 'content-encoding': 'gzip' },
  start: Buffer.concat([GZIP_HEADER, storePart(COMMENT)]),
  ping: storePart(COMMENT),
  memoryOf: ({ deflated, memory }) => (deflated ? deflated.memory : memory),
  bodyLength: ({ deflated, body }) => (deflated ? deflated.part.length : body.length),
  partsOf(payload) {
    const { deflated, body } = payload;
    if (deflated) return [storePart(headOf(payload)), deflated.part, STORED_END];
    return [storePart(Buffer.concat([headOf(payload), body, EVENT_END])), NOTHING, NOTHING];
  },
});

/** Differences between forms. */
interface FormOptions extends Pick<EventForm, 'isCompressed' | 'headers' | 'memoryOf' | 'bodyLength'> {
  readonly start: Buffer;
  readonly ping: Buffer;
  partsOf(payload: Payload): Parts;
}

function createForm({ start, ping, partsOf, ...options }: FormOptions): EventForm {
  const { bodyLength } = options;
  const eventOf = memoize((payload: Payload): EventBytes => framed(Buffer.concat(partsOf(payload))));
  /**
   * Caches the last joined chunk by its first payload. Readers of a group mostly receive the same payloads in
   * a tick, so the payloads are joined once for all readers.
   */
  const lastJoined = memoize((first: Payload) => ({ payloads: [first], bytes: eventOf(first).chunk }));

  return { ...options, start: framed(start), ping: framed(ping), isShort, join, write };

  function isShort(payload: Payload): boolean {
    return bodyLength(payload) <= COPY_LIMIT;
  }

  function join(payloads: readonly Payload[], isChunked: boolean): Buffer {
    const [first] = payloads;
    if (first === undefined) return NOTHING;
    if (!isChunked) return Buffer.concat(payloads.map((payload) => eventOf(payload).event));
    const last = lastJoined(first);
    if (
      last.payloads.length !== payloads.length ||
      payloads.some((payload, at) => payload !== last.payloads[at])
    ) {
      last.payloads = [...payloads];
      last.bytes = Buffer.concat(payloads.map((payload) => eventOf(payload).chunk));
    }
    return last.bytes;
  }

  function write(stream: Writable, payload: Payload, isChunked: boolean): void {
    if (isShort(payload)) {
      stream.write(isChunked ? eventOf(payload).chunk : eventOf(payload).event);
      return;
    }
    const parts = partsOf(payload);
    if (isChunked) stream.write(chunkHead(parts.reduce((sum, { length }) => sum + length, 0)));
    for (const part of parts) stream.write(part);
    if (isChunked) stream.write(CHUNK_END);
  }
}

/**
 * JSON has no line breaks, so that a single `data` line is enough. An event that the client misses has no id:
 * it resumes after the last one that it has (S4).
 */
function headOf({ cursor, isFailed }: Payload): Buffer {
  return Buffer.from(`event: next\n${isFailed ? '' : `id: ${cursor}\n`}data: `);
}

function framed(event: Buffer): EventBytes {
  return { event, chunk: Buffer.concat([chunkHead(event.length), event, CHUNK_END]) };
}

function chunkHead(length: number): Buffer {
  return Buffer.from(`${length.toString(16)}\r\n`);
}
