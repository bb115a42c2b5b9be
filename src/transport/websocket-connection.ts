import type { Socket } from 'node:net';
import {
  type ExecutionArgs,
  type ExecutionResult,
  GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  OperationTypeNode,
} from 'graphql';
import {
  CloseCode,
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
import { executeOperation, prepareOperation } from '../graphql/operation.js';
import type { Live } from '../live/live.js';
import { PushedReader } from '../live/pushed-reader.js';
import type { Turn } from '../live/turn.js';
import type { Log } from '../log.js';
import { STUCK_MS, waitForDrain } from './drain.js';
import { FrameWriter, type FrameWriterOwner } from './frame-writer.js';
import type { Beating, Heartbeat } from './heartbeat.js';
import { Operation } from './websocket-operation.js';

/** How long a client may take to begin (`connection_init`), in milliseconds: as graphql-ws. */
const INIT_WAIT_MS = 3_000;

/** "Try again later", for a reader that took nothing for too long: graphql-ws clients reconnect after it. */
const TRY_AGAIN_LATER = 1013;

/** What all connections share. */
export interface ConnectionOptions {
  readonly schema: GraphQLSchema;
  readonly live: Live;
  readonly turn: Turn;
  readonly clock: Clock;
  readonly heartbeat: Heartbeat;
  readonly log: Log;
  readonly context: Context;
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
  #state: 'opened' | 'acknowledged' | 'closed' = 'opened';
  #cancelInitWait: (() => void) | null;
  #stopWaiting: (() => void) | null = null;
  #isAnswered = true;

  /** @param connection what is beneath `socket` */
  constructor(socket: WebSocket, connection: Socket, options: ConnectionOptions) {
    this.#options = options;
    this.#socket = socket;
    this.#connection = connection;
    this.#writer = new FrameWriter(connection, options.turn, this);
    this.#cancelInitWait = options.clock.after(INIT_WAIT_MS, () =>
      this.#close(CloseCode.ConnectionInitialisationTimeout, 'Connection initialisation timeout'),
    );
    options.heartbeat.add(this);
    socket.on('message', (bytes) => this.#onMessage(String(bytes)));
    socket.on('pong', () => {
      this.#isAnswered = true;
    });
    // `ws` closes the socket itself after an error of the client's making: a broken frame, a message too big.
    socket.on('error', ({ message }) =>
      options.log('debug', 'a WebSocket client broke the protocol', { error: message }),
    );
    socket.once('close', () => this.#release());
  }

  get isOpen(): boolean {
    return this.#socket.readyState === this.#socket.OPEN;
  }

  /** Pings, and cuts one that left the last ping without an answer: a laptop that was closed says no goodbye. */
  beat(): void {
    if (!this.#isAnswered) {
      this.#socket.terminate();
      return;
    }
    this.#isAnswered = false;
    this.#socket.ping();
  }

  /** None of its subscriptions sends anything until the connection has drained (S5). */
  onFull(): void {
    if (this.#stopWaiting !== null || this.#state === 'closed') return;
    this.#stopWaiting = waitForDrain(this.#connection, this.#options.clock, {
      onDrained: () => {
        this.#stopWaiting = null;
        for (const { reader } of this.#operations.values()) reader?.resume();
      },
      onStuck: () => {
        this.#close(TRY_AGAIN_LATER, `Nothing was read for ${STUCK_MS / 1_000} s`);
        // The goodbye may never be read: nothing is kept for it.
        this.#release();
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
    if (message.type === MessageType.ConnectionInit) this.#initialise();
    else if (message.type === MessageType.Subscribe) this.#subscribe(message);
    else if (message.type === MessageType.Complete) this.#end(message.id);
    else if (message.type === MessageType.Ping) this.#send({ ...message, type: MessageType.Pong });
    else if (message.type !== MessageType.Pong)
      this.#close(CloseCode.BadRequest, `Unexpected message of type ${message.type} received`);
  }

  #initialise(): void {
    if (this.#state !== 'opened') {
      this.#close(CloseCode.TooManyInitialisationRequests, 'Too many initialisation requests');
      return;
    }
    this.#state = 'acknowledged';
    this.#endInitWait();
    this.#send({ type: MessageType.ConnectionAck });
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
    this.#operations.set(id, operation);
    this.#start(operation, payload).catch((error) => {
      this.#options.log('error', 'an operation over WebSocket could not be started', { error });
      this.#close(CloseCode.InternalServerError, 'Internal server error');
    });
  }

  async #start(operation: Operation, params: SubscribeMessage['payload']): Promise<void> {
    const { schema, live, log, context } = this.#options;
    const prepared = prepareOperation(schema, params, context);
    if (!('document' in prepared)) {
      this.#fail(operation, prepared);
      return;
    }
    const type = typeOf(prepared);
    if (type === undefined) {
      this.#fail(operation, [new GraphQLError('Unable to identify operation')]);
    } else if (type === OperationTypeNode.SUBSCRIPTION) {
      const reader = await live.push(prepared, operation);
      if (reader instanceof PushedReader) this.#follow(operation, reader);
      else this.#answer(operation, reader);
    } else {
      this.#answer(operation, maskResult(await executeOperation(prepared), log));
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
    if (this.isOpen) this.#socket.send(stringifyMessage(message));
  }

  #close(code: number, reason: string): void {
    // RFC 6455, section 5.5: a control frame carries 125 bytes, of which the code takes two.
    this.#socket.close(code, Buffer.byteLength(reason) <= 123 ? reason : undefined);
  }

  #endInitWait(): void {
    this.#cancelInitWait?.();
    this.#cancelInitWait = null;
  }

  #release(): void {
    this.#state = 'closed';
    this.#endInitWait();
    this.#stopWaiting?.();
    this.#options.heartbeat.delete(this);
    for (const { reader } of this.#operations.values()) reader?.end();
    this.#operations.clear();
  }
}

function typeOf({ document, operationName }: ExecutionArgs): OperationTypeNode | undefined {
  return getOperationAST(document, operationName)?.operation;
}
