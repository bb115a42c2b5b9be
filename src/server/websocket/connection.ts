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
import { FrameWriter, type FrameWriterOwner, UNSENT_MARK } from './frame-writer.js';
import type { Heartbeat, Pingable } from './heartbeat.js';
import { Inbox, type InboxOwner } from './inbox.js';
import { type OperationsOptions, type OperationsOwner, WebSocketOperations } from './operations.js';

/** "Try again later", for a reader that took nothing for too long: graphql-ws clients reconnect after it. */
const TRY_AGAIN_LATER = 1013;

/** What all connections share. */
export interface ConnectionOptions extends OperationsOptions {
  readonly scheduler: FlushScheduler;
  readonly heartbeat: Heartbeat;
  readonly log: Log;
  readonly tracer: Tracer;
  readonly contextOf: ContextOf;
  readonly access: Access;
  readonly limits: Pick<Limits, 'initMs' | 'operations' | 'operationsPerSecond' | 'complexity'>;
}

/**
 * One client that speaks `graphql-transport-ws`
 * (https://github.com/graphql/graphql-over-http/blob/main/rfcs/GraphQLOverWebSocket.md). Messages are read and written
 * with graphql-ws's own functions, and closed with its codes and reasons. Its server is not used: it keeps for each
 * subscription the frame of an async function, with the client's message, and some 20 closures. For the same reason this
 * is a class, without closures that live long. Heap per reader: 10.2 kB with its server, 5.1 kB so; a bare
 * socket of `ws` takes 2.8 kB.
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
  /** Ends the wait for `connection_init`; then that for the end of the grant, if it has one. */
  #cancelWait: (() => void) | null;
  #stopWaiting: (() => void) | null = null;
  #isAnswered = true;
  readonly #requestId: string;
  /** What of the handshake a trace goes on from. */
  readonly headers: IncomingHttpHeaders;
  /** The code it was closed with from here: of a client that never reads, `ws` tells another. */
  #code: number | null = null;

  /**
   * @param request the handshake
   * @param tokens of the handshake, for a `connection_init` that brings none. They are checked only then: a browser cannot see
   *   why a handshake is refused (the WebSockets standard hides its status), but it sees a close code and reason
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

  get isOpen(): boolean {
    return this.#socket.readyState === this.#socket.OPEN;
  }

  get isPaused(): boolean {
    return this.#stopWaiting !== null;
  }

  /** Pings, and cuts one that left the last ping without an answer: a laptop that was closed says no goodbye. */
  ping(): void {
    // While it has too much unsent it is not read either, and has a deadline of its own. Nor is it read before its turn.
    if (this.isPaused || this.#inbox.isWaiting) return;
    if (!this.#isAnswered) {
      this.#socket.terminate();
      return;
    }
    this.#isAnswered = false;
    this.#socket.ping();
  }

  /** None of its subscriptions sends anything until the connection has drained (S5), and nothing more can be asked. */
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
        // The goodbye may never be read: nothing is kept for it. If it is, its answer is.
        this.#release();
        this.resumeReading();
      },
    });
    this.#operations.pause();
  }

  cut(): void {
    this.#options.metrics.rejected('ANSWER_NOT_READ');
    this.#code ??= TRY_AGAIN_LATER;
    // A close frame would have to wait behind the answer.
    this.#socket.terminate();
  }

  pauseReading(): void {
    this.#socket.pause();
  }

  /** Reads on, unless there is another reason not to. */
  resumeReading(): void {
    if (this.isPaused || this.#inbox.isWaiting) return;
    this.#isAnswered = true;
    this.#socket.resume();
  }

  onFrame(bytes: RawData): void {
    // Only another `binaryType` gives anything else.
    if (Buffer.isBuffer(bytes)) this.#inbox.take(bytes);
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
    let message: Message;
    try {
      message = parseMessage(String(bytes));
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

  /** What it carries may be nested deeper than can be written again: 10,000 brackets end in a RangeError. */
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
    const tokens = readInitTokens(payload);
    const outcome = this.#options.access.check(tokens.length === 0 ? this.#tokens : tokens);
    this.#tokens = NO_TOKENS;
    if (outcome instanceof Promise) {
      outcome.then((late) => this.#admit(late)).catch((error) => this.fault(error));
    } else {
      this.#admit(outcome);
    }
  }

  #admit(outcome: Grant | Rejection): void {
    if (!this.isOpen) return;
    if (!isGrant(outcome)) {
      this.#options.metrics.rejected(outcome.code);
      this.#close(outcome.status === 503 ? TRY_AGAIN_LATER : CloseCode.Forbidden, outcome.message);
      return;
    }
    this.#state = 'acknowledged';
    this.#context = this.#options.contextOf(outcome.scope);
    this.#endWait();
    this.#endWithGrant(outcome);
    // A client compares times of the gateway with it: its own clock may be set otherwise.
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
    this.#socket.send(message);
    if (this.#connection.writableLength >= UNSENT_MARK) this.onFull();
  }

  #close(code: number, reason: string): void {
    this.#code ??= code;
    // RFC 6455, section 5.5: a control frame carries 125 bytes, of which the code takes two.
    this.#socket.close(code, Buffer.from(reason).subarray(0, 120).toString());
  }

  /** Closes it, for a mistake of our own. */
  fault(error: unknown): void {
    this.log('error', 'a WebSocket message could not be handled', { error });
    this.#close(CloseCode.InternalServerError, 'Internal server error');
  }

  /** Made when something is to be said, which is seldom. */
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
 * A socket of `ws` that knows its connection, so that all connections share their listeners: a closure for each event took
 * 400 bytes more of an idle reader (`bench`, part `memory`).
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

/** `ws` closes the socket itself after an error of the client's making: a broken frame, a message too big. */
function onError(this: WebSocket, { message }: Error): void {
  connectionOf(this)?.log('debug', 'a WebSocket client broke the protocol', { error: message });
}

function onClose(this: WebSocket, code: number): void {
  connectionOf(this)?.onClose(code);
}

function connectionOf(socket: WebSocket): WebSocketConnection | null {
  return socket instanceof ClientSocket ? socket.connection : null;
}
