import type { IncomingHttpHeaders } from 'node:http';
import { GraphQLError, OperationTypeNode } from 'graphql';
import { type Message, MessageType, type SubscribeMessage, stringifyMessage } from 'graphql-ws';
import type { Context } from '../../graphql/context.js';
import type { LargeClient, LoopBudget } from '../../graphql/event-loop.js';
import type { Executed } from '../../graphql/execution.js';
import { LIMIT_CODES } from '../../graphql/limits.js';
import type { PreparedOperation } from '../../graphql/operation.js';
import type { Pipeline } from '../../graphql/pipeline.js';
import type { Clock } from '../../lib/clock.js';
import type { Log } from '../../lib/log.js';
import { countRejections, type Metrics } from '../../lib/metrics.js';
import type { Payload } from '../../subscriptions/payload.js';
import { Reader, type Sink } from '../../subscriptions/reader.js';
import type { Subscriptions } from '../../subscriptions/subscriptions.js';
import type { Limits } from '../limits.js';
import type { FrameWriter } from './frame-writer.js';
import { Rate } from './rate.js';

/** The connection whose operations they are. */
export interface OperationsOwner {
  /** Whether it takes no payloads just now. */
  readonly isPaused: boolean;
  /** What a trace goes on from. */
  readonly headers: IncomingHttpHeaders;
  readonly log: Log;
  send(message: Message): void;
  /** Sends a message that is JSON already. */
  sendText(message: string): void;
  /** Closes the connection, which has taken too long to read. */
  cut(): void;
  /** Something of our own went wrong. */
  fault(error: unknown): void;
}

/** What the operations of all connections share. */
export interface OperationsOptions {
  readonly pipeline: Pipeline;
  readonly budget: LoopBudget;
  readonly subscriptions: Subscriptions;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly limits: Pick<Limits, 'operations' | 'operationsPerSecond' | 'complexity'>;
}

/** The operations of one connection, by the ids that its client gave them. A class for the same reason as that is one. */
export class WebSocketOperations implements LargeClient {
  readonly #owner: OperationsOwner;
  readonly #writer: FrameWriter;
  readonly #options: OperationsOptions;
  readonly #running = new Map<string, Operation>();
  readonly #rate: Rate;
  /** Resolves when the connection has drained, or closed. Null while nobody waits for it. */
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
   * Begins one with an id that is free.
   *
   * @param hasSlot whether its message came through the budget already
   */
  begin({ id, payload }: SubscribeMessage, context: Context, hasSlot: boolean): void {
    const operation = new Operation(id, this.#writer, this.#owner);
    const rejection = this.#excess();
    this.#running.set(id, operation);
    if (rejection !== null) {
      this.#reject(operation, rejection);
      return;
    }
    const { budget } = this.#options;
    const turn = hasSlot ? budget.goOn() : budget.pass();
    this.#start(operation, payload, context, turn).catch((error) => this.#owner.fault(error));
  }

  /** The client wants no more of it. Harmless when there is none of that id. */
  end(id: string): void {
    this.#running.get(id)?.reader?.end();
    this.#running.delete(id);
  }

  endAll(): void {
    for (const { reader } of this.#running.values()) reader?.end();
    this.#running.clear();
    this.#endDraining();
  }

  pause(): void {
    for (const { reader } of this.#running.values()) reader?.pause();
  }

  resume(): void {
    for (const { reader } of this.#running.values()) reader?.resume();
    this.#endDraining();
  }

  drained(): Promise<void> | null {
    if (!this.#owner.isPaused) return null;
    this.#draining ??= withResolver();
    return this.#draining.promise;
  }

  #endDraining(): void {
    this.#draining?.resolve();
    this.#draining = null;
  }

  /** Why one more is too many; null when it is not. */
  #excess(): GraphQLError | null {
    const { clock, limits } = this.#options;
    if (this.#running.size >= limits.operations) {
      const message = `${limits.operations} operations run on this connection, which is as many as there may be.`;
      return new GraphQLError(message, { extensions: { code: 'TOO_MANY_OPERATIONS' } });
    }
    if (this.#rate.take(clock.monotonic())) return null;
    const message = `More than ${limits.operationsPerSecond} operations a second were begun on this connection. Begin fewer.`;
    return new GraphQLError(message, { extensions: { code: 'TOO_MANY_REQUESTS' } });
  }

  /** Why one more subscription makes all of them too much, since each may be executed at each update; null when it does not. */
  #excessCost(cost: number): GraphQLError | null {
    const most = this.#options.limits.complexity;
    const all = [...this.#running.values()].reduce((sum, running) => sum + running.cost, cost);
    if (all <= most) return null;
    const message = `The subscriptions of this connection: expected a complexity of at most ${most} together, got ${all}. End some, or ask for less.`;
    return new GraphQLError(message, { extensions: { code: LIMIT_CODES.complexity } });
  }

  async #start(
    operation: Operation,
    params: SubscribeMessage['payload'],
    context: Context,
    turn: Promise<void> | null,
  ): Promise<void> {
    if (turn !== null) await turn;
    if (!this.#isCurrent(operation)) return;
    const prepared = this.#options.pipeline.prepare(params, context);
    if (!('document' in prepared)) this.#fail(operation, prepared);
    else if (prepared.type === OperationTypeNode.SUBSCRIPTION) await this.#subscribe(operation, prepared);
    else await this.#execute(operation, prepared, context);
  }

  async #subscribe(operation: Operation, prepared: PreparedOperation): Promise<void> {
    const rejection = this.#excessCost(prepared.cost);
    if (rejection !== null) {
      this.#reject(operation, rejection);
      return;
    }
    operation.cost = prepared.cost;
    const { pipeline, subscriptions, metrics } = this.#options;
    const reader = await pipeline.subscribe(prepared, this.#owner, () =>
      subscriptions.subscribe(prepared, operation, metrics.webSocket),
    );
    if (!(reader instanceof Reader)) {
      this.#answer(operation, reader);
    } else if (this.#isCurrent(operation)) {
      operation.reader = reader;
      if (this.#owner.isPaused) reader.pause();
    } else {
      reader.end();
    }
  }

  async #execute(operation: Operation, prepared: PreparedOperation, context: Context): Promise<void> {
    // An answer more would only wait in memory behind those that the client does not read.
    for (let pause = this.drained(); pause !== null; pause = this.drained()) await pause;
    if (!this.#isCurrent(operation)) return;
    const { headers, log } = this.#owner;
    const isWanted = () => this.#isCurrent(operation);
    const request = { context, headers, log, isWanted, client: this };
    const result = this.#options.pipeline.execute(prepared, request);
    // Nothing comes in between where there is nothing to wait for: the answer may be one too many for the next operation.
    this.#answer(operation, result instanceof Promise ? await result : result);
  }

  /** The client may have ended it meanwhile, or gone. */
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
    const { id } = operation;
    this.#running.delete(id);
    if (large) {
      const release = large.memory.retain(() => this.#owner.cut());
      this.#writer.write([headOfNext(id), ...large.parts, CLOSE], release);
    } else if (stringify) {
      this.#owner.sendText(nextMessage(id, stringify()));
    } else {
      const payload = { data, ...(errors && { errors: errors.map((error) => error.toJSON()) }) };
      this.#owner.send({ id, type: MessageType.Next, payload });
    }
    this.#owner.send({ id, type: MessageType.Complete });
  }
}

/** One operation of a client's. Its payloads are written as bytes that all readers share. */
class Operation implements Sink {
  readonly id: string;
  readonly #writer: FrameWriter;
  readonly #owner: Pick<OperationsOwner, 'cut'>;
  /** All of a `next` message that differs between readers: `{"id":"…","type":"next","payload":`. */
  readonly #head: Buffer;
  /** What it costs at most at an update, while it is a subscription. */
  cost = 0;
  /** While it is a subscription that runs. */
  reader: Reader | null = null;

  constructor(id: string, writer: FrameWriter, owner: Pick<OperationsOwner, 'cut'>) {
    this.id = id;
    this.#writer = writer;
    this.#owner = owner;
    this.#head = headOfNext(id);
  }

  send({ closedBody, memory }: Payload): void {
    const onSent = memory?.retain(() => this.#owner.cut());
    this.#writer.send(this.#head, closedBody, onSent);
  }
}

/** A `next` message around a payload's JSON. */
function nextMessage(id: string, payload: string): string {
  const whole = stringifyMessage({ id, type: MessageType.Next, payload: {} });
  return `${whole.slice(0, -'{}}'.length)}${payload}}`;
}

/** All of a `next` message that goes before its payload. */
function headOfNext(id: string): Buffer {
  return Buffer.from(nextMessage(id, '').slice(0, -CLOSE.length));
}

const CLOSE = Buffer.from('}');

function withResolver(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
