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

/** Reports the operations that are executed to a tracing system. */
export interface Tracer {
  /** Begins the span of an operation. Whoever begins it ends it. */
  begin(operation: TracedOperation): Span;
}

/** One operation in a trace. */
export interface Span {
  /**
   * Ends the span. The errors themselves are for logs, not for other systems: a span has only the fact.
   *
   * @param failed whether the result has errors
   */
  end(failed: boolean): void;
}

/** An operation that begins; graphql-js's `ExecutionArgs` has all but the headers. */
export interface TracedOperation {
  /** A valid document. */
  readonly document: DocumentNode;
  readonly operationName?: string | null | undefined;
  /** Headers of the request, or of the WebSocket's handshake: `traceparent` names the trace it is a part of. */
  readonly headers: Readonly<IncomingHttpHeaders>;
}

const noSpan: Span = { end() {} };

/** Reports nothing. */
export const noTracer: Tracer = { begin: () => noSpan };

/**
 * Creates a tracer of the OpenTelemetry SDK that the process has registered, as with `--import`; without one, returns
 * {@link noTracer}. An operation is a part of the span that is active, otherwise of the trace that its headers name.
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

/** Whether there is an SDK: without one all spans share an id that is not valid. A span that does not end is not exported. */
function isRecordedBy(tracer: SdkTracer): boolean {
  return isSpanContextValid(tracer.startSpan('probe').spanContext());
}

/** The longest document that a span has as an attribute, in characters. */
const MAX_DOCUMENT = 2_000;

/** The longest operation name in a span, in characters. */
const MAX_NAME = 100;

/** Name (`query Board`) and attributes by OpenTelemetry's semantic conventions for GraphQL. */
function describeOperation({ document, operationName }: TracedOperation) {
  const operation = getOperationAST(document, operationName);
  const type = operation?.operation ?? 'query';
  const name = operation?.name?.value.slice(0, MAX_NAME);
  const text = document.loc?.source.body;
  return {
    name: name === undefined ? type : `${type} ${name}`,
    attributes: {
      'graphql.operation.type': type,
      ...(name !== undefined && { 'graphql.operation.name': name }),
      ...(text !== undefined && text.length <= MAX_DOCUMENT && { 'graphql.document': text }),
    },
  };
}
