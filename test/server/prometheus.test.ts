import { once } from 'node:events';
import { createServer } from 'node:http';
import { register } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { createMetrics, MAX_SOURCES } from '../../src/lib/metrics.js';
import { PLAIN } from '../../src/server/http/content-coding.js';
import { createPrometheus } from '../../src/server/prometheus.js';
import { createManualClock } from '../support/manual-clock.js';

/** A metrics response and its samples. */
function start() {
  const metrics = createMetrics();
  const clock = createManualClock();
  const page = createPrometheus(metrics, clock);
  /** Returns the samples whose name starts with this prefix, as lines. */
  const samples = async (name: string) =>
    (await page.text()).split('\n').filter((line) => line.startsWith(`tilt_graphql_${name}`));
  return { metrics, clock, page, samples };
}

describe('the Prometheus metrics', () => {
  it('the metrics response has the Prometheus media type and is not cacheable', async () => {
    const { page } = start();
    const server = createServer((_, response) => void page.serve(response, PLAIN));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('Expected a TCP address.');
    const response = await fetch(`http://127.0.0.1:${address.port}/metrics`);
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await response.text()).toMatch(/^# HELP tilt_graphql_readers .+$/m);
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  });

  it('each metric of the gateway has a help text and a conventional name', async () => {
    const text = await start().page.text();
    const types = [...text.matchAll(/^# TYPE (tilt_graphql_\S+) (\S+)$/gm)];
    expect(types.length).toBeGreaterThan(15);
    for (const [, name = '', type] of types) {
      expect(text).toMatch(new RegExp(`^# HELP ${name} \\S.*\\.$`, 'm'));
      expect([name, type]).toEqual([name, name.endsWith('_total') ? 'counter' : 'gauge']);
      expect(name).toMatch(/^[a-z_]+$/);
    }
  });

  it('the metrics count readers, payloads and conflated updates', async () => {
    const { metrics, samples } = start();
    metrics.registerGauges({ groups: () => 1 });
    metrics.webSocket.open += 3;
    metrics.sse.open += 2;
    metrics.webSocket.payloads += 10;
    metrics.sse.payloads += 5;
    metrics.webSocket.conflated += 4;
    metrics.webSocket.lagging += 1;
    expect(await samples('readers')).toEqual([
      'tilt_graphql_readers{transport="websocket"} 3',
      'tilt_graphql_readers{transport="sse"} 2',
    ]);
    expect(await samples('groups')).toEqual(['tilt_graphql_groups 1']);
    expect(await samples('payloads_total')).toEqual([
      'tilt_graphql_payloads_total{transport="websocket"} 10',
      'tilt_graphql_payloads_total{transport="sse"} 5',
    ]);
    expect(await samples('conflated_updates_total{transport="websocket"')).toEqual([
      'tilt_graphql_conflated_updates_total{transport="websocket"} 4',
    ]);
    expect(await samples('lagging_readers')).toEqual([
      'tilt_graphql_lagging_readers{transport="websocket"} 1',
      'tilt_graphql_lagging_readers{transport="sse"} 0',
    ]);
  });

  it('the metrics count WebSockets', async () => {
    const { metrics, samples } = start();
    metrics.registerGauges({ webSockets: () => 7, webSocketUnsentBytes: () => 262_144 });
    metrics.socketClosed(1013);
    metrics.socketClosed(1013);
    metrics.socketClosed(3999);
    expect(await samples('websockets')).toEqual(['tilt_graphql_websockets 7']);
    expect(await samples('websocket_unsent_bytes')).toEqual(['tilt_graphql_websocket_unsent_bytes 262144']);
    const closes = await samples('websocket_closes_total');
    expect(closes).toContain('tilt_graphql_websocket_closes_total{code="1013"} 2');
    expect(closes).toContain('tilt_graphql_websocket_closes_total{code="1000"} 0');
    expect(closes).toContain('tilt_graphql_websocket_closes_total{code="OTHER"} 1');
  });

  it('the metrics report the memory of large responses and payloads', async () => {
    const { metrics, samples } = start();
    metrics.registerGauges({ largeResponses: () => ({ unsentBytes: 5, peakUnsentBytes: 7, waiting: 2 }) });
    expect(await samples('unsent_large_bytes')).toEqual([
      'tilt_graphql_unsent_large_bytes{kind="responses"} 5',
    ]);
    expect(await samples('peak_unsent_large_bytes')).toEqual([
      'tilt_graphql_peak_unsent_large_bytes{kind="responses"} 7',
    ]);
    expect(await samples('queued_large_operations')).toEqual([
      'tilt_graphql_queued_large_operations{kind="responses"} 2',
    ]);
  });

  it('the metrics report the state of each source and the age of its last change', async () => {
    const { metrics, clock, samples } = start();
    metrics.registerGauges({
      sources: () => [
        { name: 'shop', state: 'stale', isReadable: true },
        { name: 'new "one"', state: 'connecting', isReadable: false },
      ],
    });
    const shop = metrics.source('shop');
    metrics.source('new "one"');
    metrics.source('left').changes = 1;
    shop.changes = 2;
    shop.lastChangeAt = clock.now();
    shop.restarts = 3;
    shop.relists.dead = 4;
    await clock.advance(1_500);
    expect(await samples('sources')).toEqual([
      'tilt_graphql_sources{state="connecting"} 1',
      'tilt_graphql_sources{state="live"} 0',
      'tilt_graphql_sources{state="stale"} 1',
    ]);
    expect(await samples('source_state')).toEqual([
      'tilt_graphql_source_state{source="shop",state="connecting"} 0',
      'tilt_graphql_source_state{source="shop",state="live"} 0',
      'tilt_graphql_source_state{source="shop",state="stale"} 1',
      'tilt_graphql_source_state{source="new \\"one\\"",state="connecting"} 1',
      'tilt_graphql_source_state{source="new \\"one\\"",state="live"} 0',
      'tilt_graphql_source_state{source="new \\"one\\"",state="stale"} 0',
    ]);
    expect(await samples('source_last_change_age_seconds')).toEqual([
      'tilt_graphql_source_last_change_age_seconds{source="shop"} 1.5',
    ]);
    expect(await samples('source_changes_total')).toContain(
      'tilt_graphql_source_changes_total{source="left"} 1',
    );
    expect(await samples('source_restarts_total{source="shop"')).toEqual([
      'tilt_graphql_source_restarts_total{source="shop"} 3',
    ]);
    expect(await samples('source_relists_total{source="shop",cause="dead"')).toEqual([
      'tilt_graphql_source_relists_total{source="shop",cause="dead"} 4',
    ]);
  });

  it('the metrics report which sources are readable, those without a label of their own together', async () => {
    const { metrics, samples } = start();
    const names = Array.from({ length: MAX_SOURCES + 2 }, (_, index) => `tilt-${index}`);
    for (const name of names) metrics.source(name);
    const unreadable = new Set(['tilt-1']);
    metrics.registerGauges({
      sources: () => names.map((name) => ({ name, state: 'stale', isReadable: !unreadable.has(name) })),
    });
    const lines = await samples('source_readable');
    expect(lines).toHaveLength(MAX_SOURCES + 1);
    expect(lines).toContain('tilt_graphql_source_readable{source="tilt-0"} 1');
    expect(lines).toContain('tilt_graphql_source_readable{source="tilt-1"} 0');
    expect(lines).toContain('tilt_graphql_source_readable{source="OTHER"} 1');
    unreadable.add(`tilt-${MAX_SOURCES}`);
    expect(await samples('source_readable{source="OTHER"')).toEqual([
      'tilt_graphql_source_readable{source="OTHER"} 0',
    ]);
  });

  it('the metrics count the Sessions of each source by their connection, also after it was closed', async () => {
    const { metrics, samples } = start();
    for (const name of ['a', 'empty', 'closed']) metrics.source(name);
    const sourceOf = (name: string) => ({ name, state: 'live' as const, isReadable: true });
    const sessionOf = (source: string, state: 'live' | 'stale' | 'gone') => ({
      source,
      connection: { state },
    });
    metrics.registerGauges({
      sources: () => [sourceOf('a'), sourceOf('empty')],
      sessions: () => [
        ...[sessionOf('a', 'live'), sessionOf('a', 'live'), sessionOf('a', 'stale')],
        ...[sessionOf('closed', 'gone'), sessionOf('one too many', 'live')],
      ],
    });
    const counts = (await samples('sessions')).map((line) => line.replace('tilt_graphql_sessions', ''));
    expect(counts).toEqual([
      '{source="a",connection="live"} 2',
      '{source="a",connection="stale"} 1',
      '{source="a",connection="gone"} 0',
      '{source="empty",connection="live"} 0',
      '{source="empty",connection="stale"} 0',
      '{source="empty",connection="gone"} 0',
      '{source="closed",connection="live"} 0',
      '{source="closed",connection="stale"} 0',
      '{source="closed",connection="gone"} 1',
      '{source="OTHER",connection="live"} 1',
      '{source="OTHER",connection="stale"} 0',
      '{source="OTHER",connection="gone"} 0',
    ]);
  });

  it('the metrics count the deltas, states and digests of a bucket', async () => {
    const { metrics, samples } = start();
    expect(await samples('bucket_')).toEqual([]);
    metrics.registerGauges({
      deltas: () => [['tilts', { deltas: 9, states: 2, matches: 4, mismatches: 1 }]],
    });
    expect(await samples('bucket_')).toEqual([
      'tilt_graphql_bucket_messages_total{source="tilts",read="delta"} 9',
      'tilt_graphql_bucket_messages_total{source="tilts",read="state"} 2',
      'tilt_graphql_bucket_digests_total{source="tilts",result="equal"} 4',
      'tilt_graphql_bucket_digests_total{source="tilts",result="different"} 1',
    ]);
  });

  it('the metrics omit the state of a closed source', async () => {
    const { metrics, samples } = start();
    metrics.source('shop').lastChangeAt = 0;
    let sources = [{ name: 'shop', state: 'live' as const, isReadable: true }];
    metrics.registerGauges({ sources: () => sources });
    expect(await samples('source_state')).toHaveLength(3);
    sources = [];
    expect(await samples('source_state')).toEqual([]);
    expect(await samples('source_readable')).toEqual([]);
    expect(await samples('source_last_change_age_seconds')).toEqual([]);
  });

  it('the metrics response has a bounded length for any number of sources', async () => {
    const { metrics, page } = start();
    const names = Array.from({ length: MAX_SOURCES * 5 }, (_, index) => `tilt-${index}`);
    for (const name of names) metrics.source(name);
    metrics.registerGauges({
      sources: () => names.map((name) => ({ name, state: 'live', isReadable: true })),
    });
    const text = await page.text();
    expect(text.split('\n').filter((line) => line.includes('source="')).length).toBeLessThan(
      MAX_SOURCES * 16,
    );
    expect(text).toContain(`tilt_graphql_sources{state="live"} ${names.length}`);
  });

  it('the metrics report the query cache, and rejections by reason', async () => {
    const { metrics, samples } = start();
    metrics.registerGauges({ queryCacheResponses: () => 2, queryCacheBytes: () => 4_096 });
    metrics.queryCache.hits += 9;
    metrics.queryCache.misses += 1;
    metrics.rejected('UNAUTHENTICATED');
    expect(
      (await samples('query_cache')).map((line) => line.replace('tilt_graphql_query_cache_', '')),
    ).toEqual(['hits_total 9', 'misses_total 1', 'responses 2', 'bytes 4096']);
    const rejections = await samples('rejections_total');
    expect(rejections).toContain('tilt_graphql_rejections_total{reason="unauthenticated"} 1');
    expect(rejections).toContain('tilt_graphql_rejections_total{reason="other"} 0');
  });

  it('counters continue from one scrape to the next', async () => {
    const { metrics, samples } = start();
    for (const expected of [1, 2]) {
      metrics.socketClosed(1001);
      expect(await samples('websocket_closes_total{code="1001"')).toEqual([
        `tilt_graphql_websocket_closes_total{code="1001"} ${expected}`,
      ]);
    }
  });

  it('the metrics report CPU, memory and event loop delay of the process', async () => {
    const text = await start().page.text();
    expect(text).toMatch(/^process_cpu_seconds_total \d/m);
    expect(text).toMatch(/^process_resident_memory_bytes \d/m);
    expect(text).toMatch(/^nodejs_eventloop_lag_p99_seconds /m);
  });

  it('each gateway has its own registry, and the global registry of the process is unchanged', async () => {
    const [one, other] = [start(), start()];
    one.metrics.webSocket.payloads += 1;
    await one.page.text();
    expect(await other.samples('payloads_total{transport="websocket"')).toEqual([
      'tilt_graphql_payloads_total{transport="websocket"} 0',
    ]);
    expect(register.getMetricsAsArray()).toEqual([]);
  });
});
