import { context, propagation, ROOT_CONTEXT, SpanStatusCode, trace } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import {
  InMemorySpanExporter,
  SimpleSpanProcessor,
  StackContextManager,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { parse } from 'graphql';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTracer, noTracer } from '../../src/lib/tracing.js';
import { version } from '../../src/lib/version.js';

const QUERY = 'query Board { sessions { totalCount } }';
const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = 'b7ad6b7169203331';

/** Traces one operation and returns its span. */
function traceOne(query = QUERY, headers: Record<string, string> = {}, failed = false) {
  createTracer()
    .begin({ document: parse(query), headers })
    .end(failed);
  return exporter.getFinishedSpans().at(-1);
}

let exporter: InMemorySpanExporter;

describe('createTracer without an OpenTelemetry SDK', () => {
  it('returns the tracer that reports nothing', () => {
    expect(createTracer()).toBe(noTracer);
  });
});

describe('the span of an operation', () => {
  beforeEach(() => {
    exporter = new InMemorySpanExporter();
    trace.setGlobalTracerProvider(
      new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }),
    );
    propagation.setGlobalPropagator(new W3CTraceContextPropagator());
    context.setGlobalContextManager(new StackContextManager().enable());
  });
  afterEach(() => {
    trace.disable();
    propagation.disable();
    context.disable();
  });

  it('belongs to the trace of the request, under its parent', () => {
    const span = traceOne(QUERY, { traceparent: `00-${TRACE}-${PARENT}-01` });
    expect(span?.spanContext().traceId).toBe(TRACE);
    expect(span?.parentSpanContext?.spanId).toBe(PARENT);
    expect(span?.instrumentationScope).toMatchObject({ name: 'tilt-graphql', version });
  });

  it('belongs to the active span, such as that of an instrumented HTTP server', () => {
    const server = trace.getTracer('http').startSpan('POST');
    const headers = { traceparent: `00-${TRACE}-${PARENT}-01` };
    const span = context.with(trace.setSpan(ROOT_CONTEXT, server), () => traceOne(QUERY, headers));
    expect(span?.parentSpanContext?.spanId).toBe(server.spanContext().spanId);
  });

  it.each([undefined, 'nonsense', `00-${'0'.repeat(32)}-${PARENT}-01`])(
    'starts a new trace with the traceparent %s',
    (traceparent) => {
      const span = traceOne(QUERY, traceparent === undefined ? {} : { traceparent });
      expect(span?.spanContext().traceId).toMatch(/^[0-9a-f]{32}$/);
      expect(span?.parentSpanContext).toBeUndefined();
    },
  );

  it("is not exported when the request's trace is not sampled", () => {
    expect(traceOne(QUERY, { traceparent: `00-${TRACE}-${PARENT}-00` })).toBeUndefined();
  });

  it('has the type, the name and the document of the operation', () => {
    expect(traceOne()?.attributes).toEqual({
      'graphql.operation.type': 'query',
      'graphql.operation.name': 'Board',
      'graphql.document': QUERY,
    });
    traceOne('subscription { session { id } }');
    const document = parse('query A { a } query B { b }');
    createTracer().begin({ document, operationName: 'B', headers: {} }).end(false);
    const names = exporter.getFinishedSpans().map(({ name }) => name);
    expect(names).toEqual(['query Board', 'subscription', 'query B']);
  });

  it('omits a long document and shortens a long name', () => {
    const span = traceOne(`query ${'N'.repeat(5_000)} { a }`);
    expect(span?.name).toBe(`query ${'N'.repeat(100)}`);
    expect(span?.attributes).not.toHaveProperty('graphql.document');
  });

  it('reports that an error occurred, without its text', () => {
    expect(traceOne(QUERY, {}, true)?.status).toEqual({ code: SpanStatusCode.ERROR });
    expect(traceOne(QUERY, {}, false)?.status).toEqual({ code: SpanStatusCode.UNSET });
  });
});
