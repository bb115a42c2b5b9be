import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import {
  CloseCode,
  type ConnectionInitMessage,
  type Message,
  MessageType,
  type PingMessage,
  parseMessage,
  type SubscribeMessage,
  stringifyMessage,
} from 'graphql-ws';
import { type RawData, WebSocket } from 'ws';
import type { Context } from '../../graphql/context.js';
import { hasMoreValues } from '../../lib/count-values.js';
import { type Log, withFields } from '../../lib/log.js';
import { noTracer, type Tracer } from '../../lib/tracing.js';
import type { FlushScheduler } from '../../subscriptions/flush-scheduler.js';
import { type Access, type Grant, isGrant } from '../access/access.js';
import type { Rejection } from '../access/allow-list.js';
import { NO_TOKENS, readInitTokens } from '../access/credentials.js';
import type { ContextOf } from '../contexts.js';
import type { Limits } from '../limits.js';
import { REQUEST_ID_HEADER } from '../request.js';
import { STUCK_MS, waitForDrain } from './drain.js';
import { FrameWriter, type FrameWriterOwner, HIGH_WATER_MARK } from './frame-writer.js';
import type { Heartbeat, Pingable } from './heartbeat.js';
import { Inbox, type InboxOwner } from './inbox.js';
import { type OperationsOptions, type OperationsOwner, WebSocketOperations } from './operations.js';

/**
 * Close code "try again later", for a reader that read nothing for too long: graphql-ws clients reconnect
 * after it.
 */
const TRY_AGAIN_LATER = 1013;

const POLICY_VIOLATION = 1008;

/**
 * Maximum length of the id of an operation, in characters: clients count, or create UUIDs. Each operation
 * keeps its id, and sends it with each payload.
 */
const MAX_ID_LENGTH = 256;

/** Dependencies and limits of all connections. */
export interface ConnectionOptions extends OperationsOptions {
  readonly scheduler: FlushScheduler;
  readonly heartbeat: Heartbeat;
  readonly log: Log;
  readonly tracer: Tracer;
  readonly contextOf: ContextOf;
  readonly access: Access;
  readonly limits: Pick<
    Limits,
    'initMs' | 'jsonValues' | 'operations' | 'operationsPerSecond' | 'complexity' | 'subscriptionBytes'
  >;
}

/**
 * Connection of a client that speaks `graphql-transport-ws`
 * (https://github.com/graphql/graphql-over-http/blob/main/rfcs/GraphQLOverWebSocket.md), with the message functions, close
 * codes and reasons of graphql-ws. The server of graphql-ws is not used: per subscription it keeps the frame
 * of an async function, the client's message and about 20 closures. For the same reason this is a class
 * without long-lived closures. Heap per idle reader: 10.2 kB with the server of graphql-ws, 4.6 kB with this
 * class; a bare socket of `ws` uses 2.8 kB.
 */
export class WebSocketConnection implements Pingable, FrameWriterOwner, InboxOwner, OperationsOwner {
  readonly #options: ConnectionOptions;
  readonly #socket: ClientSocket;
  readonly #connection: Socket;
  readonly #operations: WebSocketOperations;
  readonly #inbox: Inbox;
  #state: 'opened' | 'initialising' | 'acknowledged' | 'closed' = 'opened';
  /** Tokens of the handshake, until `connection_init`. */
  #tokens: readonly string[];
  #context: Context | null = null;
  /** Cancels the deadline for `connection_init`; later the expiry of the grant, if it has one. */
  #cancelWait: (() => void) | null;
  #stopWaiting: (() => void) | null = null;
  #isAnswered = true;
  readonly #requestId: string;
  /** Headers of the handshake that carry the trace context. */
  readonly headers: IncomingHttpHeaders;
  /** Close code that the gateway sent: for a client that never reads, `ws` reports another. */
  #code: number | null = null;

  /**
   * @param request the handshake
   * @param tokens tokens of the handshake, for a `connection_init` without any. They are checked only then,
   *   because browsers
   *   hide the status of a rejected handshake, but show a close code and its reason
   */
  constructor(
    socket: ClientSocket,
    { socket: connection, headers }: IncomingMessage,
    tokens: readonly string[],
    options: ConnectionOptions,
  ) {
    this.#options = options;
    this.#socket = socket;
    this.#connection = connection;
    this.#operations = new WebSocketOperations(
      this,
      new FrameWriter(connection, options.scheduler, this),
      options,
    );
    this.#inbox = new Inbox(this, options);
    this.#tokens = tokens;
    this.#requestId = String(headers[REQUEST_ID_HEADER] ?? '');
    this.headers = options.tracer === noTracer ? NO_HEADERS : headers;
    this.#cancelWait = options.clock.after(options.limits.initMs, () =>
      this.#close(CloseCode.ConnectionInitialisationTimeout, 'Connection initialisation timeout'),
    );
    options.heartbeat.add(this);
    socket.connection = this;
    socket.on('message', onMessage).on('pong', onPong).on('error', onError).on('close', onClose);
  }

  get isCompressed(): boolean {
    return this.#socket.extensions !== '';
  }

  get isOpen(): boolean {
    return this.#socket.readyState === this.#socket.OPEN;
  }

  get isPaused(): boolean {
    return this.#stopWaiting !== null;
  }

  /**
   * Sends a ping. Terminates a connection whose last ping was not answered, for example that of a closed
   * laptop.
   */
  ping(): void {
    // A paused connection is not read, so its pong cannot arrive. It has a deadline of its own, or waits for
    // a slot.
    if (this.isPaused || this.#inbox.isWaiting) return;
    if (!this.#isAnswered) {
      this.#socket.terminate();
      return;
    }
    this.#isAnswered = false;
    this.#socket.ping();
  }

  /** Pauses its subscriptions and stops reading until the buffer drains (S5). */
  onFull(): void {
    if (this.isPaused || this.#state === 'closed') return;
    this.pauseReading();
    this.#stopWaiting = waitForDrain(this.#connection, this.#options.clock, {
      onDrained: () => {
        this.#stopWaiting = null;
        this.resumeReading();
        this.#operations.resume();
      },
      onStuck: () => {
        this.#stopWaiting = null;
        this.#close(TRY_AGAIN_LATER, `Nothing was read for ${STUCK_MS / 1_000} s`);
        // The client may never read the close frame: everything else is released now.
        this.#release();
        this.resumeReading();
      },
    });
    this.#operations.pause();
  }

  cut(): void {
    this.#options.metrics.rejected('RESPONSE_NOT_READ');
    this.#code ??= TRY_AGAIN_LATER;
    // A close frame would be queued behind the answer.
    this.#socket.terminate();
  }

  pauseReading(): void {
    this.#socket.pause();
  }

  /** Resumes reading, unless another reason pauses it. */
  resumeReading(): void {
    if (this.isPaused || this.#inbox.isWaiting) return;
    this.#isAnswered = true;
    this.#socket.resume();
  }

  onFrame(bytes: RawData): void {
    // Only another `binaryType` gives anything else.
    if (Buffer.isBuffer(bytes)) this.#inbox.take(bytes);
  }

  onFlood(): void {
    this.#close(POLICY_VIOLATION, 'Too many messages at once');
  }

  onPong(): void {
    this.#isAnswered = true;
    this.#inbox.count();
  }

  onClose(code: number): void {
    this.#options.metrics.socketClosed(this.#code ?? code);
    this.#release();
  }

  onMessage(bytes: Buffer, hasSlot: boolean): void {
    try {
      this.#handle(bytes, hasSlot);
    } catch (error) {
      this.fault(error);
    }
  }

  #handle(bytes: Buffer, hasSlot: boolean): void {
    if (!this.isOpen) return;
    const text = String(bytes);
    const { limits, metrics } = this.#options;
    if (hasMoreValues(text, limits.jsonValues)) {
      metrics.rejected('TOO_MANY_VALUES');
      this.#close(
        POLICY_VIOLATION,
        `The message has more than ${limits.jsonValues} values (--limit jsonValues)`,
      );
      return;
    }
    let message: Message;
    try {
      message = parseMessage(text);
    } catch {
      this.#close(CloseCode.BadRequest, 'Invalid message received');
      return;
    }
    if (message.type === MessageType.ConnectionInit) this.#initialise(message);
    else if (message.type === MessageType.Subscribe) this.#subscribe(message, hasSlot);
    else if (message.type === MessageType.Complete) this.#operations.end(message.id);
    else if (message.type === MessageType.Ping) this.#answerPing(message);
    else if (message.type !== MessageType.Pong)
      this.#close(CloseCode.BadRequest, `Unexpected message of type ${message.type} received`);
  }

  /** The payload of a ping can be nested too deeply to be serialised: 10,000 brackets cause a RangeError. */
  #answerPing(message: PingMessage): void {
    try {
      this.send({ ...message, type: MessageType.Pong });
    } catch {
      this.#close(CloseCode.BadRequest, 'Invalid message received');
    }
  }

  #initialise({ payload }: ConnectionInitMessage): void {
    if (this.#state !== 'opened') {
      this.#close(CloseCode.TooManyInitialisationRequests, 'Too many initialisation requests');
      return;
    }
    this.#state = 'initialising';
    // A key of the identity provider has a deadline of its own (access/jwt.ts), with another close code.
    this.#endWait();
    const tokens = readInitTokens(payload);
    const outcome = this.#options.access.check(tokens.length === 0 ? this.#tokens : tokens);
    this.#tokens = NO_TOKENS;
    if (outcome instanceof Promise) {
      outcome.then((late) => this.#finishInit(late)).catch((error) => this.fault(error));
    } else {
      this.#finishInit(outcome);
    }
  }

  #finishInit(outcome: Grant | Rejection): void {
    if (!this.isOpen) return;
    if (!isGrant(outcome)) {
      this.#options.metrics.rejected(outcome.code);
      this.#close(outcome.status === 503 ? TRY_AGAIN_LATER : CloseCode.Forbidden, outcome.message);
      return;
    }
    this.#state = 'acknowledged';
    this.#context = this.#options.contextOf(outcome.scope);
    this.#endWithGrant(outcome);
    // Clients compare the gateway's times with it, because their own clock can be wrong.
    const time = new Date(this.#options.clock.now()).toISOString();
    this.send({ type: MessageType.ConnectionAck, payload: { time } });
  }

  #endWithGrant({ expiresAt }: Grant): void {
    if (expiresAt === null) return;
    const { clock } = this.#options;
    this.#cancelWait = clock.after(Math.max(expiresAt - clock.now(), 0), () =>
      this.#close(CloseCode.Forbidden, 'The token has expired: connect with a new one'),
    );
  }

  #subscribe(message: SubscribeMessage, hasSlot: boolean): void {
    if (this.#context === null) this.#close(CloseCode.Unauthorized, 'Unauthorized');
    else if (message.id.length > MAX_ID_LENGTH)
      this.#close(CloseCode.BadRequest, `The id of an operation has more than ${MAX_ID_LENGTH} characters`);
    else if (this.#operations.has(message.id))
      this.#close(CloseCode.SubscriberAlreadyExists, `Subscriber for ${message.id} already exists`);
    else this.#operations.begin(message, this.#context, hasSlot);
  }

  /** Sends a message, unless the connection is closing. */
  send(message: Message): void {
    this.sendText(stringifyMessage(message));
  }

  sendText(message: string): void {
    if (!this.isOpen) return;
    // `ws` would compress later, so that frames which bypass it would overtake (frame-writer.ts).
    this.#socket.send(message, { compress: false });
    if (this.#connection.writableLength >= HIGH_WATER_MARK) this.onFull();
  }

  #close(code: number, reason: string): void {
    this.#code ??= code;
    // RFC 6455, section 5.5: a control frame carries 125 bytes, of which the code takes two.
    this.#socket.close(code, Buffer.from(reason).subarray(0, 120).toString());
  }

  /** Closes the connection after an internal error. */
  fault(error: unknown): void {
    this.log('error', 'a WebSocket message could not be handled', { error });
    this.#close(CloseCode.InternalServerError, 'Internal server error');
  }

  /** Created on use, which is rare. */
  get log(): Log {
    return withFields(this.#options.log, { requestId: this.#requestId });
  }

  #endWait(): void {
    this.#cancelWait?.();
    this.#cancelWait = null;
  }

  #release(): void {
    this.#state = 'closed';
    this.#endWait();
    this.#stopWaiting?.();
    this.#stopWaiting = null;
    this.#options.heartbeat.delete(this);
    this.#operations.endAll();
  }
}

const NO_HEADERS: IncomingHttpHeaders = {};

/**
 * Socket of `ws` with its connection, so that all sockets share their listeners. Closures used 400 bytes more
 * per reader.
 */
export class ClientSocket extends WebSocket {
  connection: WebSocketConnection | null = null;
}

function onMessage(this: WebSocket, bytes: RawData): void {
  connectionOf(this)?.onFrame(bytes);
}

function onPong(this: WebSocket): void {
  connectionOf(this)?.onPong();
}

/**
 * `ws` closes the socket itself after a protocol error, such as an invalid frame or a message above the
 * limit.
 */
function onError(this: WebSocket, { message }: Error): void {
  connectionOf(this)?.log('debug', 'a WebSocket client broke the protocol', { error: message });
}

function onClose(this: WebSocket, code: number): void {
  connectionOf(this)?.onClose(code);
}

function connectionOf(socket: WebSocket): WebSocketConnection | null {
  return socket instanceof ClientSocket ? socket.connection : null;
}
