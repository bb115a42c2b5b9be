import type { IncomingHttpHeaders } from 'node:http';
import { GraphQLError, OperationTypeNode } from 'graphql';
import { type Message, MessageType, type SubscribeMessage, stringifyMessage } from 'graphql-ws';
import type { Context } from '../../graphql/context.js';
import type { LargeClient, LoopBudget } from '../../graphql/event-loop.js';
import type { Executed, LargeAnswer } from '../../graphql/execution.js';
import { LIMIT_CODES } from '../../graphql/limits.js';
import type { PreparedOperation } from '../../graphql/operation.js';
import type { Pipeline } from '../../graphql/pipeline.js';
import type { AnswerMemory } from '../../graphql/unsent-answers.js';
import type { Clock } from '../../lib/clock.js';
import { deflatePart, storePart } from '../../lib/deflate.js';
import type { Log } from '../../lib/log.js';
import { countRejections, type Metrics } from '../../lib/metrics.js';
import { deflateParts, MESSAGE_END, MIN_DEFLATED } from '../../subscriptions/deflated.js';
import type { Payload } from '../../subscriptions/payload.js';
import { Reader, type Sink } from '../../subscriptions/reader.js';
import { type RequestSize, sizeOfRequest, totalBytes } from '../../subscriptions/request-size.js';
import type { Subscriptions } from '../../subscriptions/subscriptions.js';
import type { Limits } from '../limits.js';
import type { FrameWriter } from './frame-writer.js';
import { Rate } from './rate.js';

/** Part of the limit `subscriptionBytes` that one connection may use: a sixteenth. */
const CONNECTION_SHARE = 16;

/** Connection of the operations. */
export interface OperationsOwner {
  /** Whether payloads are paused because its buffer is full. */
  readonly isPaused: boolean;
  /** Whether the client reads compressed messages. */
  readonly isCompressed: boolean;
  /** Headers of the handshake, with the trace context. */
  readonly headers: IncomingHttpHeaders;
  readonly log: Log;
  send(message: Message): void;
  /** Sends a serialised message. */
  sendText(message: string): void;
  /** Terminates the connection of a client that reads too slowly. */
  cut(): void;
  /** Closes the connection after an internal error. */
  fault(error: unknown): void;
}

/** Dependencies and limits of the operations of all connections. */
export interface OperationsOptions {
  readonly pipeline: Pipeline;
  readonly budget: LoopBudget;
  readonly subscriptions: Subscriptions;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly limits: Pick<Limits, 'operations' | 'operationsPerSecond' | 'complexity' | 'subscriptionBytes'>;
}

/** Running operations of one connection by id. A class for the same reason as `WebSocketConnection`. */
export class WebSocketOperations implements LargeClient {
  readonly #owner: OperationsOwner;
  readonly #writer: FrameWriter;
  readonly #options: OperationsOptions;
  readonly #running = new Map<string, Operation>();
  readonly #rate: Rate;
  /** Resolves when the connection has drained or closed. Null while no operation waits for it. */
  #draining: { readonly promise: Promise<void>; readonly resolve: () => void } | null = null;

  constructor(owner: OperationsOwner, writer: FrameWriter, options: OperationsOptions) {
    this.#owner = owner;
    this.#writer = writer;
    this.#options = options;
    this.#rate = new Rate(options.limits.operationsPerSecond, options.clock.monotonic());
  }

  has(id: string): boolean {
    return this.#running.has(id);
  }

  /**
   * Starts an operation. Its id must be unused.
   *
   * @param hasSlot whether its message has a slot of the budget
   */
  begin({ id, payload }: SubscribeMessage, context: Context, hasSlot: boolean): void {
    const operation = new Operation(id, this.#writer, this.#owner);
    const rejection = this.#checkLimits();
    this.#running.set(id, operation);
    if (rejection !== null) {
      this.#reject(operation, rejection);
      return;
    }
    const { budget } = this.#options;
    const slot = hasSlot ? budget.goOn() : budget.pass();
    this.#start(operation, payload, context, slot).catch((error) => this.#owner.fault(error));
  }

  /** Ends an operation. Ignores an unknown id. */
  end(id: string): void {
    this.#running.get(id)?.end();
    this.#running.delete(id);
  }

  endAll(): void {
    for (const operation of this.#running.values()) operation.end();
    this.#running.clear();
    this.#endDraining();
  }

  pause(): void {
    for (const { reader } of this.#running.values()) reader?.pause();
  }

  /** Resumes subscriptions until the buffer is full again. The others are the first of the next time. */
  resume(): void {
    for (const operation of [...this.#running.values()]) {
      if (this.#owner.isPaused) break;
      operation.reader?.resume();
      if (!this.#isCurrent(operation)) continue;
      this.#running.delete(operation.id);
      this.#running.set(operation.id, operation);
    }
    this.#endDraining();
  }

  drained(): Promise<void> | null {
    if (!this.#owner.isPaused) return null;
    this.#draining ??= createDeferred();
    return this.#draining.promise;
  }

  #endDraining(): void {
    this.#draining?.resolve();
    this.#draining = null;
  }

  /** Checks the limits of operations. Null if one more may start. */
  #checkLimits(): GraphQLError | null {
    const { clock, limits } = this.#options;
    if (this.#running.size >= limits.operations) {
      const message = `Too many operations: ${limits.operations} run on this connection, which is the limit. End some first.`;
      return new GraphQLError(message, { extensions: { code: 'TOO_MANY_OPERATIONS' } });
    }
    if (this.#rate.take(clock.monotonic())) return null;
    const message = `Rate limit exceeded: more than ${limits.operationsPerSecond} operations per second were started on this connection.`;
    return new GraphQLError(message, { extensions: { code: 'TOO_MANY_REQUESTS' } });
  }

  /**
   * Checks the total cost of all subscriptions, since one update can execute all of them: each has the cost
   * of its largest payload so far. Null if it is within the limit.
   */
  #checkCost(cost: number): GraphQLError | null {
    const max = this.#options.limits.complexity;
    const total = [...this.#running.values()].reduce((sum, running) => sum + running.cost, cost);
    if (total <= max) return null;
    const message = `The subscriptions of this connection: expected a complexity of at most ${max} in total, got ${total}. End some, or select fewer fields.`;
    return new GraphQLError(message, { extensions: { code: LIMIT_CODES.complexity } });
  }

  /**
   * Checks what all subscriptions keep of their requests: one client must not use up the limit of all. Null
   * if it is within the limit.
   */
  #checkSize(size: RequestSize): GraphQLError | null {
    const max = Math.floor(this.#options.limits.subscriptionBytes / CONNECTION_SHARE);
    const sizes = [...this.#running.values()].flatMap(({ size }) => size ?? []);
    const total = totalBytes([...sizes, size]);
    if (total <= max) return null;
    const message = `The subscriptions of this connection: expected documents and variables of at most ${max} bytes in total, got ${total} (--limit subscriptionBytes). End some, or send fewer values as variables.`;
    return new GraphQLError(message, { extensions: { code: 'SUBSCRIPTIONS_TOO_LARGE' } });
  }

  async #start(
    operation: Operation,
    params: SubscribeMessage['payload'],
    context: Context,
    slot: Promise<void> | null,
  ): Promise<void> {
    if (slot !== null) await slot;
    if (!this.#isCurrent(operation)) return;
    const prepared = this.#options.pipeline.prepare(params, context);
    if (!('document' in prepared)) {
      this.#fail(operation, prepared);
    } else if (prepared.type === OperationTypeNode.SUBSCRIPTION) {
      await this.#subscribe(operation, prepared);
    } else {
      // Another answer would only wait in memory behind those that the client does not read. Its cost is
      // computed again afterwards, from the data of that time.
      const pause = this.drained();
      await (pause === null
        ? this.#execute(operation, prepared, context)
        : this.#start(operation, params, context, pause));
    }
  }

  async #subscribe(operation: Operation, prepared: PreparedOperation): Promise<void> {
    const size = sizeOfRequest(prepared);
    const rejection = this.#checkCost(prepared.cost) ?? this.#checkSize(size);
    if (rejection !== null) {
      this.#reject(operation, rejection);
      return;
    }
    operation.cost = prepared.cost;
    operation.size = size;
    const { pipeline, subscriptions, metrics } = this.#options;
    const reader = await pipeline.subscribe(prepared, this.#owner, () =>
      subscriptions.subscribe(prepared, operation, metrics.webSocket),
    );
    if (!(reader instanceof Reader)) {
      this.#answer(operation, reader);
    } else if (this.#isCurrent(operation)) {
      operation.reader = reader;
      // The connection can have drained since the reader was created.
      if (this.#owner.isPaused) reader.pause();
      else reader.resume();
    } else {
      reader.end();
    }
  }

  async #execute(operation: Operation, prepared: PreparedOperation, context: Context): Promise<void> {
    const { headers, log } = this.#owner;
    const isWanted = () => this.#isCurrent(operation);
    const request = { context, headers, log, isWanted, client: this };
    const result = this.#options.pipeline.execute(prepared, request);
    // Without a promise there is no await: the answer can pause the connection before the next operation
    // starts.
    this.#answer(operation, result instanceof Promise ? await result : result);
  }

  /** False if the client has ended the operation or disconnected. */
  #isCurrent(operation: Operation): boolean {
    return this.#running.get(operation.id) === operation;
  }

  #reject(operation: Operation, error: GraphQLError): void {
    countRejections(this.#options.metrics, [error]);
    this.#fail(operation, [error]);
  }

  #fail({ id }: Operation, errors: readonly GraphQLError[]): void {
    this.#running.delete(id);
    this.#owner.send({ id, type: MessageType.Error, payload: errors.map((error) => error.toJSON()) });
  }

  #answer(operation: Operation, { data, errors, stringify, large }: Executed): void {
    if (!this.#isCurrent(operation)) return;
    if (large) {
      this.#answerLarge(operation, large).catch((error) => this.#owner.fault(error));
      return;
    }
    const payload = { data, ...(errors && { errors: errors.map((error) => error.toJSON()) }) };
    const text = stringify ? stringify() : JSON.stringify(payload);
    if (this.#owner.isCompressed && text.length >= MIN_DEFLATED)
      this.#writer.write([storedHead(operation.id), deflatePart(Buffer.from(text)), MESSAGE_END], () => {});
    else this.#owner.sendText(wrapNext(operation.id, text));
    this.#complete(operation);
  }

  /** Counts what is held: the parts, and once they are compressed only that. */
  async #answerLarge(operation: Operation, { parts, memory }: LargeAnswer): Promise<void> {
    const { id } = operation;
    const release = memory.retain(() => this.#owner.cut());
    if (!this.#owner.isCompressed) {
      this.#writer.write([nextHead(id), ...parts, CLOSE], release);
      this.#complete(operation);
      return;
    }
    const deflated = await deflateParts(parts).finally(() => release());
    if (!this.#isCurrent(operation)) return;
    const bytes = deflated.reduce((sum, part) => sum + part.length, 0);
    const releaseDeflated = memory.resized(bytes).retain(() => this.#owner.cut());
    this.#writer.write([storedHead(id), ...deflated, MESSAGE_END], releaseDeflated);
    this.#complete(operation);
  }

  #complete({ id }: Operation): void {
    this.#running.delete(id);
    this.#owner.send({ id, type: MessageType.Complete });
  }
}

type SinkOwner = Pick<OperationsOwner, 'cut' | 'isCompressed' | 'isPaused'>;

/** One operation. Its payloads are bytes that all readers of the group share. */
class Operation implements Sink {
  readonly id: string;
  readonly #writer: FrameWriter;
  readonly #owner: SinkOwner;
  /** Part of a `next` message that differs between readers: `{"id":"…","type":"next","payload":`. */
  readonly #head: Buffer;
  /** The same for compressed messages. Null if the client does not read them. */
  readonly #storedHead: Buffer | null;
  /** Maximum cost of an update so far, for a subscription. */
  cost = 0;
  /** What a subscription keeps of its request. Null for other operations. */
  size: RequestSize | null = null;
  /** Reader of a running subscription. */
  reader: Reader | null = null;
  isEnded = false;

  constructor(id: string, writer: FrameWriter, owner: SinkOwner) {
    this.id = id;
    this.#writer = writer;
    this.#owner = owner;
    this.#head = nextHead(id);
    this.#storedHead = owner.isCompressed ? storePart(this.#head) : null;
  }

  get isCompressed(): boolean {
    return this.#storedHead !== null;
  }

  get isPaused(): boolean {
    return this.#owner.isPaused;
  }

  /** Ends it for a client that has completed it or left. */
  end(): void {
    this.isEnded = true;
    this.reader?.end();
  }

  send(payload: Payload): void {
    if (payload.cost > this.cost) this.cost = payload.cost;
    const deflated = this.#storedHead && payload.deflated;
    if (this.#storedHead && deflated) this.#write(this.#storedHead, deflated.message, deflated.memory);
    else this.#write(this.#head, payload.closedBody, payload.memory);
  }

  #write(head: Buffer, body: Buffer, memory: AnswerMemory | null): void {
    this.#writer.send(
      head,
      body,
      memory?.retain(() => this.#owner.cut()),
    );
  }
}

/** Wraps the JSON of a payload in a `next` message. */
function wrapNext(id: string, payload: string): string {
  const whole = stringifyMessage({ id, type: MessageType.Next, payload: {} });
  return `${whole.slice(0, -'{}}'.length)}${payload}}`;
}

/** Part of a `next` message before its payload. */
function nextHead(id: string): Buffer {
  return Buffer.from(wrapNext(id, '').slice(0, -CLOSE.length));
}

function storedHead(id: string): Buffer {
  return storePart(nextHead(id));
}

const CLOSE = Buffer.from('}');

function createDeferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
