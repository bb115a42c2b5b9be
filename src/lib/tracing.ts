import type { IncomingHttpHeaders } from 'node:http';
import {
  context,
  isSpanContextValid,
  propagation,
  ROOT_CONTEXT,
  type Tracer as SdkTracer,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { type DocumentNode, getOperationAST } from 'graphql';
import { version } from './version.js';

/** Reports executed operations to a tracing system. */
export interface Tracer {
  /** Starts the span of an operation. The caller must end it. */
  begin(operation: TracedOperation): Span;
}

/** Span of one operation. */
export interface Span {
  /**
   * Ends the span. Errors are not recorded in it: their texts belong in logs, not in other systems.
   *
   * @param failed whether the result has errors
   */
  end(failed: boolean): void;
}

/** An operation to be executed. graphql-js's `ExecutionArgs` has all of it except the headers. */
export interface TracedOperation {
  /** A valid document. */
  readonly document: DocumentNode;
  readonly operationName?: string | null | undefined;
  /** Headers of the request or WebSocket handshake; `traceparent` identifies the surrounding trace. */
  readonly headers: Readonly<IncomingHttpHeaders>;
}

const noSpan: Span = { end() {} };

/** A tracer that reports nothing. */
export const noTracer: Tracer = { begin: () => noSpan };

/**
 * Creates a tracer for the OpenTelemetry SDK that the process has registered, for example with `--import`;
 * without an SDK, returns {@link noTracer}. The parent of a span is the active span, else the trace that the
 * operation's headers identify.
 */
export function createTracer(): Tracer {
  const tracer = trace.getTracer('tilt-graphql', version);
  if (!isRecordedBy(tracer)) return noTracer;
  return {
    begin(operation) {
      const active = context.active();
      const parent = trace.getSpan(active) ? active : propagation.extract(ROOT_CONTEXT, operation.headers);
      const { name, attributes } = describeOperation(operation);
      const span = tracer.startSpan(name, { kind: SpanKind.SERVER, attributes }, parent);
      return {
        end(failed) {
          if (failed) span.setStatus({ code: SpanStatusCode.ERROR });
          span.end();
        },
      };
    },
  };
}

/** Whether an SDK is registered. The probe is not exported, because it is never ended. */
function isRecordedBy(tracer: SdkTracer): boolean {
  return isSpanContextValid(tracer.startSpan('probe').spanContext());
}

/** Longest document that is recorded as an attribute, in characters. */
const MAX_DOCUMENT_LENGTH = 2_000;

/** Longest operation name in a span, in characters. */
const MAX_NAME_LENGTH = 100;

/** Name (`query Board`) and attributes, by OpenTelemetry's semantic conventions for GraphQL. */
function describeOperation({ document, operationName }: TracedOperation) {
  const operation = getOperationAST(document, operationName);
  const type = operation?.operation ?? 'query';
  const name = operation?.name?.value.slice(0, MAX_NAME_LENGTH);
  const text = document.loc?.source.body;
  return {
    name: name === undefined ? type : `${type} ${name}`,
    attributes: {
      'graphql.operation.type': type,
      ...(name !== undefined && { 'graphql.operation.name': name }),
      ...(text !== undefined && text.length <= MAX_DOCUMENT_LENGTH && { 'graphql.document': text }),
    },
  };
}
