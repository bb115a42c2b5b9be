import type { IncomingHttpHeaders } from 'node:http';
import type { ExecutionResult, GraphQLError } from 'graphql';
import type { Log } from '../lib/log.js';
import { countRejections, type Metrics } from '../lib/metrics.js';
import type { Tracer } from '../lib/tracing.js';
import type { Context } from './context.js';
import { maskResult } from './errors.js';
import type { LargeClient } from './event-loop.js';
import type { Executed } from './execution.js';
import type { Executor } from './executor.js';
import type { OperationParams, Operations, PreparedOperation } from './operation.js';

/** Components of the pipeline. */
export interface PipelineOptions {
  readonly operations: Operations;
  readonly executor: Executor;
  readonly tracer: Tracer;
  readonly metrics: Metrics;
}

/** The request that an operation came in. */
export interface OperationRequest {
  /** Headers of the request or of the WebSocket handshake: `traceparent` names the trace it belongs to. */
  readonly headers: IncomingHttpHeaders;
  /** Receives errors that are masked. */
  readonly log: Log;
}

/** A query, and the connection that its answer goes to. */
export interface QueryRequest extends OperationRequest {
  readonly context: Context;
  /** Whether the client still waits. An operation whose client has left is not executed. */
  readonly isWanted: () => boolean;
  /** The connection, if several of its operations may run at once. */
  readonly client?: LargeClient;
}

/**
 * The way of every operation from text to result, over HTTP, WebSocket and server-sent events alike: find the
 * document, parse, validate, check limits, trace, execute, mask errors, count rejections.
 */
export interface Pipeline {
  /**
   * Reads a request up to the limits of its operation. Returns the errors if the operation cannot be
   * executed.
   */
  prepare(params: OperationParams, context: Context): PreparedOperation | readonly GraphQLError[];
  /** Executes a query. */
  execute(operation: PreparedOperation, request: QueryRequest): Executed | Promise<Executed>;
  /**
   * Starts a subscription. The span ends when it has started: a subscription may last for hours.
   *
   * @param start resolves with the reader, or with the errors of a subscription that cannot be started
   */
  subscribe<Reader extends object>(
    operation: PreparedOperation,
    request: OperationRequest,
    start: () => Promise<Reader | ExecutionResult>,
  ): Promise<Reader | ExecutionResult>;
}

/** Creates the pipeline of a gateway. */
export function createPipeline({ operations, executor, tracer, metrics }: PipelineOptions): Pipeline {
  return {
    prepare(params, context) {
      const prepared = operations.prepare(params, context);
      if (!('document' in prepared)) countRejections(metrics, prepared);
      return prepared;
    },
    execute(operation, { context, headers, log, isWanted, client }) {
      const span = tracer.begin({ ...operation, headers });
      const { cost } = operation;
      const recheck = () => {
        const current = operations.costOf(operation, context);
        return typeof current === 'number' ? null : current;
      };
      const result = executor.execute({
        args: operation,
        ...{ context, cost, recheck, log, isWanted },
        ...(client && { client }),
      });
      return result instanceof Promise ? result.then(finish) : finish(result);

      function finish(executed: Executed): Executed {
        span.end(executed.errors !== undefined);
        if (executed.errors) countRejections(metrics, executed.errors);
        return executed;
      }
    },
    async subscribe(operation, { headers, log }, start) {
      const span = tracer.begin({ ...operation, headers });
      const reader = await start();
      const errors = 'errors' in reader ? reader.errors : undefined;
      span.end(errors !== undefined);
      if (errors === undefined) return reader;
      countRejections(metrics, errors);
      return maskResult({ errors }, log);
    },
  };
}
