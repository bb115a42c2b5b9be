import { parse } from 'graphql';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type Clock, systemClock } from '../../src/clock.js';
import type { Log } from '../../src/log.js';
import { createOtlpTracer } from '../../src/tracing/otlp.js';
import { loadOpenTelemetry } from '../../src/tracing/packages.js';
import type { Tracer } from '../../src/tracing.js';
import { version } from '../../src/version.js';
import { createManualClock } from '../support/manual-clock.js';
import { type OtlpCollector, startOtlpCollector } from '../support/otlp-collector.js';

const QUERY = 'query Board { sessions { totalCount } }';
const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = 'b7ad6b7169203331';

/** A tracer that sends to a collector, and what it logged. */
async function tracerTo(
  collector: OtlpCollector,
  env: Record<string, string> = {},
  clock: Clock = systemClock,
): Promise<{ tracer: Tracer; logged: string[] }> {
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', collector.url);
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  const logged: string[] = [];
  const log: Log = (level, message) => logged.push(`${level} ${message}`);
  const packages = await loadOpenTelemetry('OTEL_EXPORTER_OTLP_ENDPOINT');
  return { tracer: createOtlpTracer({ packages, clock, log }), logged };
}

function trace(tracer: Tracer, query = QUERY, headers: Record<string, string> = {}, failed = false): void {
  tracer.begin({ document: parse(query), headers }).end(failed);
}

/** As many spans as are sent at once, without waiting for more. */
function traceBatch(tracer: Tracer): void {
  for (let index = 0; index < 512; index += 1) trace(tracer);
}

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('a span at the collector', () => {
  it('is a part of the trace that the request named, under its parent', async () => {
    await using collector = await startOtlpCollector();
    const { tracer } = await tracerTo(collector);
    trace(tracer, QUERY, { traceparent: `00-${TRACE}-${PARENT}-01` });
    await tracer.close();
    expect(collector.spans).toMatchObject([{ traceId: TRACE, parentSpanId: PARENT, name: 'query Board' }]);
    expect(collector.requests).toMatchObject([
      { path: '/v1/traces', headers: { 'content-type': 'application/json' } },
    ]);
  });

  it.each([undefined, 'nonsense', `00-${'0'.repeat(32)}-${PARENT}-01`])(
    'begins a trace of its own with the traceparent %s',
    async (traceparent) => {
      await using collector = await startOtlpCollector();
      const { tracer } = await tracerTo(collector);
      trace(tracer, QUERY, traceparent === undefined ? {} : { traceparent });
      await tracer.close();
      const [span] = collector.spans;
      expect(span?.traceId).toMatch(/^[0-9a-f]{32}$/);
      expect(span?.parentSpanId).toBeUndefined();
    },
  );

  it('is not there when the request says that its trace is not sampled', async () => {
    await using collector = await startOtlpCollector();
    const { tracer } = await tracerTo(collector);
    trace(tracer, QUERY, { traceparent: `00-${TRACE}-${PARENT}-00` });
    await tracer.close();
    expect(collector.spans).toEqual([]);
  });

  it('tells the operation: type, name, and the document', async () => {
    await using collector = await startOtlpCollector();
    const { tracer } = await tracerTo(collector);
    trace(tracer);
    trace(tracer, 'subscription { session { id } }');
    tracer
      .begin({ document: parse('query A { a } query B { b }'), operationName: 'B', headers: {} })
      .end(false);
    await tracer.close();
    expect(collector.spans.map(({ name }) => name)).toEqual(['query Board', 'subscription', 'query B']);
    expect(collector.spans[0]?.attributes).toEqual({
      'graphql.operation.type': 'query',
      'graphql.operation.name': 'Board',
      'graphql.document': QUERY,
    });
  });

  it('leaves out a long document, and cuts a long name', async () => {
    await using collector = await startOtlpCollector();
    const { tracer } = await tracerTo(collector);
    trace(tracer, `query ${'N'.repeat(5_000)} { a }`);
    await tracer.close();
    expect(collector.spans[0]?.name).toBe(`query ${'N'.repeat(100)}`);
    expect(collector.spans[0]?.attributes).not.toHaveProperty('graphql.document');
  });

  it('says that something went wrong, and not what', async () => {
    await using collector = await startOtlpCollector();
    const { tracer } = await tracerTo(collector);
    trace(tracer, QUERY, {}, true);
    trace(tracer, QUERY, {}, false);
    await tracer.close();
    expect(collector.spans.map(({ status }) => status)).toEqual([{ code: 2 }, { code: 0 }]);
  });

  it('comes from the gateway, unless the variables name it otherwise', async () => {
    await using collector = await startOtlpCollector();
    const { tracer } = await tracerTo(collector);
    trace(tracer);
    await tracer.close();
    const named = await tracerTo(collector, {
      OTEL_SERVICE_NAME: 'tilt-ci',
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=staging,service.name=other',
      OTEL_EXPORTER_OTLP_HEADERS: 'x-team=a',
    });
    trace(named.tracer);
    await named.tracer.close();
    expect(collector.spans.map(({ resource }) => resource)).toMatchObject([
      { 'service.name': 'tilt-graphql', 'service.version': version },
      { 'service.name': 'tilt-ci', 'deployment.environment.name': 'staging' },
    ]);
    expect(collector.requests.map(({ headers }) => headers['x-team'])).toEqual([undefined, 'a']);
  });
});

describe('a collector in trouble', () => {
  it('is told of once, and once more when it is well again', async () => {
    await using collector = await startOtlpCollector();
    const { tracer, logged } = await tracerTo(collector);
    const batch = async (status: number) => {
      collector.status = status;
      const before = collector.requests.length;
      traceBatch(tracer);
      await expect.poll(() => collector.requests.length).toBe(before + 1);
    };
    await batch(400);
    await expect
      .poll(() => logged)
      .toEqual(['warn spans cannot be sent to the OTLP collector, and are lost']);
    await batch(400);
    await batch(200);
    await expect
      .poll(() => logged)
      .toEqual([expect.stringMatching(/^warn/), 'info spans can be sent to the OTLP collector again']);
    await tracer.close();
  });

  it('costs a bounded number of spans in memory: what is beyond is dropped', async () => {
    await using collector = await startOtlpCollector();
    const { tracer } = await tracerTo(collector);
    for (let index = 0; index < 10_000; index += 1) trace(tracer);
    await tracer.close();
    expect(collector.spans.length).toBeGreaterThan(2_000);
    expect(collector.spans.length).toBeLessThanOrEqual(512 + 2_048);
  });

  it('does not hold up the end for long', async () => {
    await using collector = await startOtlpCollector();
    const clock = createManualClock();
    const { tracer, logged } = await tracerTo(collector, {}, clock);
    collector.status = null;
    trace(tracer);
    let isClosed = false;
    void tracer.close().then(() => {
      isClosed = true;
    });
    await expect.poll(() => collector.requests.length).toBe(1);
    await clock.advance(2_999);
    expect(isClosed).toBe(false);
    await clock.advance(1);
    expect(isClosed).toBe(true);
    expect(logged).toEqual(['warn the last spans could not be sent in time']);
    await tracer.close();
    expect(clock.pending).toBe(0);
  });
});
