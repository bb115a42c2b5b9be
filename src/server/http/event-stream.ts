import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Writable } from 'node:stream';
import type { Clock } from '../../lib/clock.js';
import type { FlushScheduler, Task } from '../../subscriptions/flush-scheduler.js';
import type { Payload } from '../../subscriptions/payload.js';
import type { Reader, Sink } from '../../subscriptions/reader.js';
import type { EventBytes, EventForm } from './event-form.js';
import { onClose } from './on-close.js';
import type { OpenStreams } from './open-streams.js';

/**
 * Interval between pings of an idle stream: proxies commonly close connections that are silent for 30 or 60
 * s.
 */
const PING_MS = 12_000;

/** Unsent bytes at which sending pauses until the connection drains (S5); as of WebSockets. */
const MAX_UNSENT = 256 * 1024;

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
  /** Streams of the gateway, which end when it closes. */
  readonly streams: OpenStreams;
  /** When the client's grant expires, in milliseconds since 1970; null for never. */
  readonly expiresAt: number | null;
  /** Form in which events are sent. */
  readonly form: EventForm;
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
  #lineBytes = 0;
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

  get isCompressed(): boolean {
    return this.#options.form.isCompressed;
  }

  get isPaused(): boolean {
    return this.#isPaused || this.#lineBytes >= MAX_UNSENT;
  }

  get isEnded(): boolean {
    return this.#isEnded;
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
    const { form } = this.#options;
    const { socket } = this.#response;
    socket?.cork();
    this.#response.writeHead(200, { ...HEADERS, ...form.headers });
    // Node.js 26 would keep the head until the end of the tick, and events do not pass through the response.
    this.#response.flushHeaders();
    this.#target = targetOf(this.#response);
    // Some browsers wait for a first byte before they let the client see the head.
    writeBytes(this.#target, form.start);
    this.#schedulePing();
    this.#scheduleExpiry();
    this.run();
    // The line was full before the stream was opened.
    if (!this.#isPaused) this.#reader?.resume();
    socket?.uncork();
    this.#options.streams.add(this);
  }

  send(payload: Payload): void {
    const { form, cut, scheduler } = this.#options;
    const memory = form.memoryOf(payload);
    if (memory) this.#releases.push(memory.retain(cut));
    this.#line.push(payload);
    this.#lineBytes += form.bodyLength(payload);
    if (this.#lineBytes >= MAX_UNSENT) this.#flushLine();
    else if (this.#line.length === 1 && this.#target !== null) scheduler.afterFlush(this);
  }

  /** Writes a full line at once, so that the reader pauses in time. */
  #flushLine(): void {
    if (this.#target === null) this.#reader?.pause();
    else this.run();
  }

  /** Writes the line. */
  run(): void {
    const payloads = this.#line;
    const releases = this.#releases;
    if (this.#target === null || payloads.length === 0) return;
    const { stream, isChunked } = this.#target;
    const { form } = this.#options;
    this.#line = [];
    this.#lineBytes = 0;
    if (releases.length === 0 && payloads.every(form.isShort)) {
      stream.write(form.join(payloads, isChunked));
    } else {
      this.#releases = [];
      stream.cork();
      for (const payload of payloads) form.write(stream, payload, isChunked);
      // A write of no bytes calls back once all before it are sent.
      stream.write('', () => {
        for (const release of releases) release();
      });
      stream.uncork();
    }
    if (stream.writableLength >= MAX_UNSENT && stream.writableNeedDrain) this.#pause(stream);
  }

  /**
   * Ends the response without the event `complete`, after which clients do not come back (graphql-sse,
   * PROTOCOL.md, "Distinct connections mode").
   */
  close(): void {
    this.run();
    this.end();
    this.#response.end();
  }

  /** Ends the reader and releases what the stream holds. Does nothing if it has ended. */
  end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#options.streams.delete(this);
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
    const { form, clock } = this.#options;
    this.#cancelPing = clock.after(PING_MS, () => {
      if (this.#target?.stream.writableLength === 0) writeBytes(this.#target, form.ping);
      this.#schedulePing();
    });
  }

  /** Closes the stream when the grant expires: the client comes back with a new token. */
  #scheduleExpiry(): void {
    const { expiresAt, clock } = this.#options;
    if (expiresAt === null) return;
    this.#cancelExpiry = clock.after(Math.max(expiresAt - clock.now(), 0), () => this.close());
  }
}

/** Where events are written. */
interface Target {
  readonly stream: Writable;
  /** Whether events need the framing of a chunk. */
  readonly isChunked: boolean;
}

function writeBytes({ stream, isChunked }: Target, { event, chunk }: EventBytes): void {
  stream.write(isChunked ? chunk : event);
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
