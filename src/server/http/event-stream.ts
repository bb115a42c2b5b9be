import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Writable } from 'node:stream';
import type { Clock } from '../../lib/clock.js';
import { memoize } from '../../lib/memoize.js';
import type { FlushScheduler, Task } from '../../subscriptions/flush-scheduler.js';
import type { Payload } from '../../subscriptions/payload.js';
import type { Reader, Sink } from '../../subscriptions/reader.js';
import { onClose } from './on-close.js';

/**
 * Interval between pings of an idle stream: proxies commonly close connections that are silent for 30 or 60
 * s.
 */
const PING_MS = 12_000;

/** Unsent bytes at which sending pauses until the connection drains (S5); as of WebSockets. */
const MAX_UNSENT = 256 * 1024;

/** Up to this length, in bytes, an event is a single buffer. A longer body is not copied. */
const COPY_LIMIT = 65_536;

const HEADERS = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-cache, no-transform',
  // nginx would hold events back to fill its buffer.
  'x-accel-buffering': 'no',
};

/** Dependencies of event streams. */
export interface EventStreamOptions {
  readonly clock: Clock;
  readonly scheduler: FlushScheduler;
  /** When the client's grant expires, in milliseconds since 1970; null for never. */
  readonly expiresAt: number | null;
  /** Closes the connection of a client that takes too long to read. */
  readonly cut: () => void;
}

/**
 * A subscription as server-sent events (the "distinct connections mode" of graphql-sse's protocol). Each
 * event has its cursor as id, which `EventSource` sends back as `Last-Event-ID` when it reconnects (S4).
 *
 * Events are written to the connection directly, as complete chunks of the response (RFC 9112, section 7.1):
 * they are the same bytes for all readers of a group, where `response.write` would frame them for each.
 */
export class EventStream implements Sink, Task {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #options: EventStreamOptions;
  #reader: Reader | null = null;
  /** Payloads of the current tick, or those before the stream is opened. */
  #line: Payload[] = [];
  /** Release the memory of large payloads in the line once they are sent. */
  #releases: (() => void)[] = [];
  /** Null until the stream is opened. */
  #target: Target | null = null;
  #isPaused = false;
  #isEnded = false;
  #cancelPing = () => {};
  #cancelExpiry = () => {};
  #stopListening = () => {};

  constructor(request: IncomingMessage, response: ServerResponse, options: EventStreamOptions) {
    this.#request = request;
    this.#response = response;
    this.#options = options;
  }

  /** Connects the stream with its reader, which ends with the connection (S7). */
  attach(reader: Reader): void {
    this.#reader = reader;
    this.#response.once('close', () => this.end());
    // A response that waits for its turn behind another one of the connection has no events of its own.
    this.#stopListening = onClose(this.#request.socket, () => this.end());
  }

  /** Sends the head of the response, and the payloads that have arrived. */
  open(): void {
    if (this.#isEnded) return;
    this.#response.writeHead(200, HEADERS);
    // Some browsers wait for a first byte before they let the client see the head.
    this.#response.write(':\n\n');
    this.#target = targetOf(this.#response);
    this.#schedulePing();
    this.#scheduleExpiry();
    this.run();
  }

  send(payload: Payload): void {
    if (payload.memory) this.#releases.push(payload.memory.retain(this.#options.cut));
    this.#line.push(payload);
    if (this.#line.length === 1 && this.#target !== null) this.#options.scheduler.afterFlush(this);
  }

  /** Writes the line. */
  run(): void {
    const payloads = this.#line;
    const releases = this.#releases;
    if (this.#target === null || payloads.length === 0) return;
    const { stream, isChunked } = this.#target;
    this.#line = [];
    if (releases.length === 0 && payloads.every(isShort)) {
      stream.write(joinEvents(payloads, isChunked));
    } else {
      this.#releases = [];
      stream.cork();
      for (const payload of payloads) writeEvent(stream, payload, isChunked);
      // A write of no bytes calls back once all before it are sent.
      stream.write(NOTHING, () => {
        for (const release of releases) release();
      });
      stream.uncork();
    }
    if (stream.writableLength >= MAX_UNSENT && stream.writableNeedDrain) this.#pause(stream);
  }

  /** Ends the reader and releases what the stream holds. Does nothing if it has ended. */
  end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#reader?.end();
    this.#target = null;
    this.#line = [];
    for (const release of this.#releases) release();
    this.#cancelPing();
    this.#cancelExpiry();
    this.#stopListening();
  }

  /** Pauses until the connection has drained: until then updates are merged (S5). */
  #pause(stream: Writable): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    this.#reader?.pause();
    stream.once('drain', () => {
      this.#isPaused = false;
      if (!this.#isEnded) this.#reader?.resume();
    });
  }

  #schedulePing(): void {
    this.#cancelPing = this.#options.clock.after(PING_MS, () => {
      if (this.#target?.stream.writableLength === 0) {
        this.#target.stream.write(this.#target.isChunked ? PING.chunk : PING.event);
      }
      this.#schedulePing();
    });
  }

  /**
   * Ends the response without the event `complete` when the grant expires. `complete` would mean that nothing
   * more will come (graphql-sse, PROTOCOL.md, "Distinct connections mode"), and clients would not come back
   * with a new token.
   */
  #scheduleExpiry(): void {
    const { expiresAt, clock } = this.#options;
    if (expiresAt === null) return;
    this.#cancelExpiry = clock.after(Math.max(expiresAt - clock.now(), 0), () => {
      this.run();
      this.end();
      this.#response.end();
    });
  }
}

/** Where events are written. */
interface Target {
  readonly stream: Writable;
  /** Whether events need the framing of a chunk. */
  readonly isChunked: boolean;
}

/**
 * The connection itself, unless the response is not sent in chunks (HTTP/1.0), waits for its turn, or is
 * wrapped by middleware.
 */
function targetOf(response: ServerResponse): Target {
  const { socket, chunkedEncoding } = response;
  const isPlain = response.write === ServerResponse.prototype.write;
  return socket && chunkedEncoding && isPlain
    ? { stream: socket, isChunked: true }
    : { stream: response, isChunked: false };
}

/** One event as bytes. */
interface EventBytes {
  readonly event: Buffer;
  /** The event as one chunk of a response. */
  readonly chunk: Buffer;
}

const NOTHING = Buffer.alloc(0);
const EVENT_END = Buffer.from('\n\n');
const CHUNK_END = Buffer.from('\r\n');
const PING = framed(Buffer.from(':\n\n'));

/** Bytes of an event with a short body, created once for all readers. */
const eventOf = memoize(
  (payload: Payload): EventBytes => framed(Buffer.concat([headOf(payload), payload.body, EVENT_END])),
);

/**
 * Caches the last joined chunk by its first payload. Readers of a group mostly receive the same payloads in a
 * tick, so the payloads are joined once for all readers.
 */
const lastJoined = memoize((first: Payload) => ({ payloads: [first], bytes: eventOf(first).chunk }));

function joinEvents(payloads: readonly Payload[], isChunked: boolean): Buffer {
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

function isShort({ body }: Payload): boolean {
  return body.length <= COPY_LIMIT;
}

function writeEvent(stream: Writable, payload: Payload, isChunked: boolean): void {
  if (isShort(payload)) {
    stream.write(isChunked ? eventOf(payload).chunk : eventOf(payload).event);
    return;
  }
  const head = headOf(payload);
  if (isChunked) stream.write(chunkHead(head.length + payload.body.length + EVENT_END.length));
  stream.write(head);
  stream.write(payload.body);
  stream.write(EVENT_END);
  if (isChunked) stream.write(CHUNK_END);
}

/** JSON has no line breaks, so that a single `data` line is enough. */
function headOf({ cursor }: Payload): Buffer {
  return Buffer.from(`event: next\nid: ${cursor}\ndata: `);
}

function framed(event: Buffer): EventBytes {
  return { event, chunk: Buffer.concat([chunkHead(event.length), event, CHUNK_END]) };
}

function chunkHead(length: number): Buffer {
  return Buffer.from(`${length.toString(16)}\r\n`);
}
