import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import {
  type ExecutionArgs,
  type ExecutionResult,
  GraphQLError,
  getOperationAST,
  OperationTypeNode,
} from 'graphql';
import {
  CloseCode,
  type ConnectionInitMessage,
  type Message,
  MessageType,
  parseMessage,
  type SubscribeMessage,
  stringifyMessage,
} from 'graphql-ws';
import type { WebSocket } from 'ws';
import type { Clock } from '../clock.js';
import type { Context } from '../graphql/context.js';
import { maskResult } from '../graphql/mask.js';
import { executeOperation, type Operations } from '../graphql/operation.js';
import type { Live } from '../live/live.js';
import { PushedReader } from '../live/pushed-reader.js';
import type { Turn } from '../live/turn.js';
import { type Log, withFields } from '../log.js';
import { countRefusals, type Metrics } from '../metrics.js';
import { noTracer, type Tracer } from '../tracing.js';
import { type Access, type Grant, isGrant } from './access.js';
import type { ContextOf } from './contexts.js';
import { tokenOfInit } from './credentials.js';
import { STUCK_MS, waitForDrain } from './drain.js';
import { FrameWriter, type FrameWriterOwner, UNSENT_MARK } from './frame-writer.js';
import type { Refusal } from './guard.js';
import type { Beating, Heartbeat } from './heartbeat.js';
import type { Limits } from './limits.js';
import { Rate } from './rate.js';
import { REQUEST_ID_HEADER } from './request-id.js';
import { Operation } from './websocket-operation.js';

/** "Try again later", for a reader that took nothing for too long: graphql-ws clients reconnect after it. */
const TRY_AGAIN_LATER = 1013;

/** What all connections share. */
export interface ConnectionOptions {
  readonly operations: Operations;
  readonly live: Live;
  readonly turn: Turn;
  readonly clock: Clock;
  readonly heartbeat: Heartbeat;
  readonly log: Log;
  readonly contextOf: ContextOf;
  readonly access: Access;
  readonly metrics: Metrics;
  readonly tracer: Tracer;
  readonly limits: Pick<Limits, 'initMs' | 'operations' | 'operationsPerSecond'>;
}

/**
 * One client that speaks `graphql-transport-ws`
 * (https://github.com/graphql/graphql-over-http/blob/main/rfcs/GraphQLOverWebSocket.md). Messages are read and written
 * with graphql-ws's own functions, and closed with its codes and reasons. Its server is not used: it keeps for each
 * subscription the frame of an async function, with the client's message, and some 20 closures. For the same reason this
 * is a class, without closures that live long. Heap per reader: 10.2 kB with graphql-ws's server, 4.3 kB so; a bare
 * socket of `ws` takes 2.8 kB.
 */
export class WebSocketConnection implements Beating, FrameWriterOwner {
  readonly #options: ConnectionOptions;
  readonly #socket: WebSocket;
  readonly #connection: Socket;
  readonly #writer: FrameWriter;
  readonly #operations = new Map<string, Operation>();
  readonly #rate: Rate;
  #state: 'opened' | 'initialising' | 'acknowledged' | 'closed' = 'opened';
  /** What its client may see: from the handshake, or from `connection_init`. */
  #grant: Grant | null;
  #context: Context | null = null;
  /** Ends the wait for `connection_init`; then that for the end of the grant, if it has one. */
  #cancelWait: (() => void) | null;
  #stopWaiting: (() => void) | null = null;
  #isAnswered = true;
  readonly #requestId: string;
  /** What of the handshake a trace goes on from. */
  readonly #headers: IncomingHttpHeaders;
  /** The code it was closed with from here: of a client that never reads, `ws` tells another. */
  #code: number | null = null;

  /**
   * @param request the handshake
   * @param grant of its client, when the handshake brought a token; null: `connection_init` has to bring it
   */
  constructor(
    socket: WebSocket,
    { socket: connection, headers }: IncomingMessage,
    grant: Grant | null,
    options: ConnectionOptions,
  ) {
    this.#options = options;
    this.#socket = socket;
    this.#connection = connection;
    this.#writer = new FrameWriter(connection, options.turn, this);
    this.#grant = grant;
    this.#requestId = String(headers[REQUEST_ID_HEADER] ?? '');
    this.#headers = options.tracer === noTracer ? NO_HEADERS : headers;
    this.#rate = new Rate(options.limits.operationsPerSecond, options.clock.now());
    this.#cancelWait = options.clock.after(options.limits.initMs, () =>
      this.#close(CloseCode.ConnectionInitialisationTimeout, 'Connection initialisation timeout'),
    );
    options.heartbeat.add(this);
    socket.on('message', (bytes) => this.#onMessage(String(bytes)));
    socket.on('pong', () => {
      this.#isAnswered = true;
    });
    // `ws` closes the socket itself after an error of the client's making: a broken frame, a message too big.
    socket.on('error', ({ message }) =>
      this.#log('debug', 'a WebSocket client broke the protocol', { error: message }),
    );
    socket.once('close', (code) => {
      options.metrics.closed(this.#code ?? code);
      this.#release();
    });
  }

  get isOpen(): boolean {
    return this.#socket.readyState === this.#socket.OPEN;
  }

  /** Pings, and cuts one that left the last ping without an answer: a laptop that was closed says no goodbye. */
  beat(): void {
    // While it has too much unsent it is not read either, and has a deadline of its own.
    if (this.#stopWaiting !== null) return;
    if (!this.#isAnswered) {
      this.#socket.terminate();
      return;
    }
    this.#isAnswered = false;
    this.#socket.ping();
  }

  /** None of its subscriptions sends anything until the connection has drained (S5), and nothing more can be asked. */
  onFull(): void {
    if (this.#stopWaiting !== null || this.#state === 'closed') return;
    this.#socket.pause();
    this.#stopWaiting = waitForDrain(this.#connection, this.#options.clock, {
      onDrained: () => {
        this.#stopWaiting = null;
        this.#isAnswered = true;
        this.#socket.resume();
        for (const { reader } of this.#operations.values()) reader?.resume();
      },
      onStuck: () => {
        this.#close(TRY_AGAIN_LATER, `Nothing was read for ${STUCK_MS / 1_000} s`);
        // The goodbye may never be read: nothing is kept for it. If it is, its answer is.
        this.#release();
        this.#socket.resume();
      },
    });
    for (const { reader } of this.#operations.values()) reader?.pause();
  }

  #onMessage(text: string): void {
    if (!this.isOpen) return;
    let message: Message;
    try {
      message = parseMessage(text);
    } catch {
      this.#close(CloseCode.BadRequest, 'Invalid message received');
      return;
    }
    if (message.type === MessageType.ConnectionInit) this.#initialise(message);
    else if (message.type === MessageType.Subscribe) this.#subscribe(message);
    else if (message.type === MessageType.Complete) this.#end(message.id);
    else if (message.type === MessageType.Ping) this.#send({ ...message, type: MessageType.Pong });
    else if (message.type !== MessageType.Pong)
      this.#close(CloseCode.BadRequest, `Unexpected message of type ${message.type} received`);
  }

  #initialise({ payload }: ConnectionInitMessage): void {
    if (this.#state !== 'opened') {
      this.#close(CloseCode.TooManyInitialisationRequests, 'Too many initialisation requests');
      return;
    }
    this.#state = 'initialising';
    const token = tokenOfInit(payload);
    const outcome = token === null && this.#grant !== null ? this.#grant : this.#options.access.check(token);
    if (outcome instanceof Promise) {
      outcome.then((late) => this.#admit(late)).catch((error) => this.#fault(error));
    } else {
      this.#admit(outcome);
    }
  }

  #admit(outcome: Grant | Refusal): void {
    if (!this.isOpen) return;
    if (!isGrant(outcome)) {
      this.#options.metrics.refused(outcome.code);
      this.#close(outcome.status === 503 ? TRY_AGAIN_LATER : CloseCode.Forbidden, outcome.message);
      return;
    }
    this.#state = 'acknowledged';
    this.#grant = outcome;
    this.#context = this.#options.contextOf(outcome.scope);
    this.#endWait();
    this.#endWithGrant(outcome);
    this.#send({ type: MessageType.ConnectionAck });
  }

  #endWithGrant({ expiresAt }: Grant): void {
    if (expiresAt === null) return;
    const { clock } = this.#options;
    this.#cancelWait = clock.after(Math.max(expiresAt - clock.now(), 0), () =>
      this.#close(CloseCode.Forbidden, 'The token has expired: connect with a new one'),
    );
  }

  #subscribe({ id, payload }: SubscribeMessage): void {
    if (this.#state !== 'acknowledged') {
      this.#close(CloseCode.Unauthorized, 'Unauthorized');
      return;
    }
    if (this.#operations.has(id)) {
      this.#close(CloseCode.SubscriberAlreadyExists, `Subscriber for ${id} already exists`);
      return;
    }
    const operation = new Operation(id, this.#writer);
    const refusal = this.#excess();
    this.#operations.set(id, operation);
    if (refusal === null) this.#start(operation, payload).catch((error) => this.#fault(error));
    else this.#fail(operation, [refusal]);
  }

  /** Why one operation more is too many; null when it is not. */
  #excess(): GraphQLError | null {
    const { clock, limits } = this.#options;
    if (this.#operations.size >= limits.operations) {
      const message = `${limits.operations} operations run on this connection, which is as many as there may be.`;
      return new GraphQLError(message, { extensions: { code: 'TOO_MANY_OPERATIONS' } });
    }
    if (this.#rate.take(clock.now())) return null;
    const message = `More than ${limits.operationsPerSecond} operations a second were begun on this connection. Begin fewer.`;
    return new GraphQLError(message, { extensions: { code: 'TOO_MANY_REQUESTS' } });
  }

  async #start(operation: Operation, params: SubscribeMessage['payload']): Promise<void> {
    const { operations, live, tracer } = this.#options;
    if (this.#context === null) return;
    const prepared = operations.prepare(params, this.#context);
    if (!('document' in prepared)) {
      this.#fail(operation, prepared);
      return;
    }
    const type = typeOf(prepared);
    if (type === undefined) {
      this.#fail(operation, [new GraphQLError('Unable to identify operation')]);
    } else if (type === OperationTypeNode.SUBSCRIPTION) {
      const span = tracer.begin({ ...prepared, headers: this.#headers });
      const reader = await live.push(prepared, operation);
      // One that lasts for hours would only be seen after them.
      span.end('errors' in reader);
      if (reader instanceof PushedReader) this.#follow(operation, reader);
      else this.#answer(operation, reader);
    } else {
      const span = tracer.begin({ ...prepared, headers: this.#headers });
      const result = await executeOperation(prepared);
      span.end(result.errors !== undefined);
      this.#answer(operation, maskResult(result, this.#log));
    }
  }

  /** The client may have ended it meanwhile, or gone. */
  #isCurrent(operation: Operation): boolean {
    return this.#operations.get(operation.id) === operation;
  }

  #follow(operation: Operation, reader: PushedReader): void {
    if (!this.#isCurrent(operation)) {
      reader.end();
      return;
    }
    operation.reader = reader;
    if (this.#stopWaiting !== null) reader.pause();
  }

  #fail({ id }: Operation, errors: readonly GraphQLError[]): void {
    countRefusals(this.#options.metrics, errors);
    this.#operations.delete(id);
    this.#send({ id, type: MessageType.Error, payload: errors.map((error) => error.toJSON()) });
  }

  #answer(operation: Operation, { data, errors }: ExecutionResult): void {
    if (!this.#isCurrent(operation)) return;
    const { id } = operation;
    this.#operations.delete(id);
    const payload = { data, ...(errors && { errors: errors.map((error) => error.toJSON()) }) };
    this.#send({ id, type: MessageType.Next, payload });
    this.#send({ id, type: MessageType.Complete });
  }

  #end(id: string): void {
    this.#operations.get(id)?.reader?.end();
    this.#operations.delete(id);
  }

  #send(message: Message): void {
    if (!this.isOpen) return;
    this.#socket.send(stringifyMessage(message));
    if (this.#connection.writableLength >= UNSENT_MARK) this.onFull();
  }

  #close(code: number, reason: string): void {
    this.#code ??= code;
    // RFC 6455, section 5.5: a control frame carries 125 bytes, of which the code takes two.
    this.#socket.close(code, Buffer.byteLength(reason) <= 123 ? reason : undefined);
  }

  #fault(error: unknown): void {
    this.#log('error', 'a WebSocket message could not be handled', { error });
    this.#close(CloseCode.InternalServerError, 'Internal server error');
  }

  /** Made when something is to be said, which is seldom. */
  get #log(): Log {
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
    this.#options.heartbeat.delete(this);
    for (const { reader } of this.#operations.values()) reader?.end();
    this.#operations.clear();
  }
}

const NO_HEADERS: IncomingHttpHeaders = {};

function typeOf({ document, operationName }: ExecutionArgs): OperationTypeNode | undefined {
  return getOperationAST(document, operationName)?.operation;
}
