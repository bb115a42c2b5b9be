import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import type { GatewayOptions } from '../../src/gateway.js';
import type { LogFields } from '../../src/lib/log.js';
import { createMemoryProvider } from '../../src/providers/memory.js';
import type { SessionProvider } from '../../src/providers/provider.js';
import { runCli } from '../support/cli.js';
import { startGateway } from '../support/gateway.js';
import { session } from '../support/sessions.js';
import { connectWebSocket, initWebSocket } from '../support/web-socket-client.js';

async function start(options: GatewayOptions = {}) {
  const source = createMemoryProvider('a', [session('a', { x: 'waiting' })]);
  const started = await startGateway({ providers: [source.provider], ...options });
  await started.gateway.ready();
  /** Metric values by name and labels, as in the response. */
  const scrape = async (headers = {}) => {
    const text = await (await fetch(`${started.origin}/metrics`, { headers })).text();
    return Object.fromEntries(
      text
        .split('\n')
        .filter((line) => line.startsWith('tilt_graphql_'))
        .map((line) => [
          line.slice('tilt_graphql_'.length, line.lastIndexOf(' ')),
          Number(line.split(' ').at(-1)),
        ]),
    );
  };
  return { ...started, source, scrape };
}

const SUBSCRIPTION = 'subscription { targetChanges { changes { target { phase } } } }';

describe('/metrics', () => {
  it('/metrics counts readers, payloads, closes, sources and cache lookups', async () => {
    await using gateway = await start();
    const client = await initWebSocket(gateway.webSocketUrl);
    for (const id of ['1', '2']) client.send({ id, type: 'subscribe', payload: { query: SUBSCRIPTION } });
    await expect.poll(() => client.messages.length).toBe(3);
    gateway.source.put(session('a', { x: 'ready' }));
    await expect.poll(() => client.messages.length).toBe(5);
    for (let again = 0; again < 3; again += 1) await gateway.query('{ session { id } }');
    expect(await gateway.scrape()).toMatchObject({
      'readers{transport="websocket"}': 2,
      'readers{transport="sse"}': 0,
      groups: 1,
      websockets: 1,
      websocket_unsent_bytes: 0,
      'payloads_total{transport="websocket"}': 4,
      'conflated_updates_total{transport="websocket"}': 0,
      'source_state{source="a",state="live"}': 1,
      'source_changes_total{source="a"}': 2,
      query_cache_hits_total: 2,
      query_cache_misses_total: 1,
    });
    client.socket.close(1000);
    await client.closed;
    await expect
      .poll(() => gateway.scrape())
      .toMatchObject({ 'readers{transport="websocket"}': 0, 'websocket_closes_total{code="1000"}': 1 });
  });

  it('/metrics tells one STALE Session from a source that cannot be read', async () => {
    await using gateway = await start();
    const { source, scrape } = gateway;
    source.put(session('b', { x: 'ready' }));
    source.put(session('c', { x: 'ready' }));
    expect(await scrape()).toMatchObject({
      'source_readable{source="a"}': 1,
      'source_state{source="a",state="stale"}': 0,
      'sessions{source="a",connection="live"}': 3,
    });

    source.markStale('no heartbeat of its publisher for 15 s', session('b', {}).id);
    source.remove(session('c', {}).id);
    expect(await scrape()).toMatchObject({
      'source_readable{source="a"}': 1,
      'source_state{source="a",state="stale"}': 1,
      'sessions{source="a",connection="live"}': 1,
      'sessions{source="a",connection="stale"}': 1,
      'sessions{source="a",connection="gone"}': 1,
    });

    source.markStale('the broker cannot be reached');
    expect(await scrape()).toMatchObject({
      'source_readable{source="a"}': 0,
      'source_state{source="a",state="stale"}': 1,
      'sessions{source="a",connection="live"}': 0,
      'sessions{source="a",connection="stale"}': 2,
    });
  });

  it('/metrics reports a source as readable after its first snapshot', async () => {
    const endless: SessionProvider = {
      name: 'empty',
      watch: (_, signal) => once(signal, 'abort').then(() => {}),
    };
    await using started = await startGateway({ providers: [endless] });
    const text = await (await fetch(`${started.origin}/metrics`)).text();
    expect(text).toContain('tilt_graphql_source_readable{source="empty"} 0');
    expect(text).toContain('tilt_graphql_source_state{source="empty",state="connecting"} 1');
  });

  it('/metrics counts rejections by reason', async () => {
    await using gateway = await start({
      token: 'a-token-of-the-tests',
      limits: { depth: 3, bodyBytes: 1_000 },
    });
    const authorization = 'Bearer a-token-of-the-tests';
    const post = (query: string, headers = {}) =>
      fetch(gateway.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization, ...headers },
        body: JSON.stringify({ query }),
      });
    const deep = '{ sessions { nodes { status { done } } } }';
    await fetch(gateway.url);
    await post(deep, { origin: 'https://evil.example' });
    await post(deep);
    await post(deep);
    await post(`{ __typename } #${'x'.repeat(1_000)}`);
    const client = await initWebSocket(gateway.webSocketUrl, { authorization });
    client.send({ id: '1', type: 'subscribe', payload: { query: deep } });
    await expect.poll(() => client.messages.length).toBe(2);
    await expect(initWebSocket(gateway.webSocketUrl, { token: 'wrong' })).rejects.toThrow('4403');
    await expect
      .poll(() => gateway.scrape({ authorization }))
      .toMatchObject({
        'rejections_total{reason="unauthenticated"}': 2,
        'rejections_total{reason="origin_not_allowed"}': 1,
        'rejections_total{reason="query_too_deep"}': 3,
        'rejections_total{reason="body_too_large"}': 1,
        'websocket_closes_total{code="4403"}': 1,
      });
    client.socket.terminate();
  });

  it('/metrics counts malformed sign-in forms and WebSockets at other paths', async () => {
    await using gateway = await start({ token: 'a-token-of-the-tests' });
    const form = await fetch(`${gateway.origin}/sign-in`, { method: 'POST', body: '{}' });
    expect(form.status).toBe(400);
    await expect(connectWebSocket(`${gateway.webSocketUrl}/nothing`)).rejects.toThrow('404');
    expect(await gateway.scrape({ authorization: 'Bearer a-token-of-the-tests' })).toMatchObject({
      'rejections_total{reason="bad_request"}': 1,
      'rejections_total{reason="not_found"}': 1,
      'rejections_total{reason="other"}': 0,
    });
  });

  it('/metrics requires a token with access to all instances', async () => {
    await using gateway = await start({ token: 'a-token-of-the-tests' });
    const refused = await fetch(`${gateway.origin}/metrics`);
    expect([refused.status, await refused.text()]).toEqual([
      401,
      expect.not.stringContaining('tilt_graphql_'),
    ]);
  });
});

describe('request ids', () => {
  it('a request id is returned over HTTP and WebSocket, and generated if the client sends none', async () => {
    await using gateway = await start();
    const own = await fetch(gateway.origin, { redirect: 'manual', headers: { 'x-request-id': 'mine-1' } });
    expect(own.headers.get('x-request-id')).toBe('mine-1');
    const strange = await fetch(gateway.origin, { redirect: 'manual', headers: { 'x-request-id': 'a b' } });
    expect(strange.headers.get('x-request-id')).toMatch(/^[0-9a-f]{16}$/);
    const client = await connectWebSocket(gateway.webSocketUrl, { headers: { 'x-request-id': 'mine-2' } });
    client.socket.terminate();
  });

  it('every log line about a request contains its id', async () => {
    const lines: (LogFields & { readonly message: string })[] = [];
    await using gateway = await start({
      log: (_, message, facts = {}) => lines.push({ message, ...facts }),
    });
    await fetch(`${gateway.url}?query={session{id}}&secret=1`, { headers: { 'x-request-id': 'mine-3' } });
    await expect
      .poll(() => lines)
      .toContainEqual(
        expect.objectContaining({ message: 'request', path: '/graphql', status: 200, requestId: 'mine-3' }),
      );
    const client = await connectWebSocket(gateway.webSocketUrl, { headers: { 'x-request-id': 'mine-4' } });
    client.socket.send('x'.repeat(1_000_001));
    await client.closed;
    await expect.poll(() => lines).toContainEqual(expect.objectContaining({ requestId: 'mine-4' }));
    expect(JSON.stringify(lines)).not.toContain('secret');
  });
});

describe('tracing', () => {
  it("an OpenTelemetry SDK loaded with --import reports queries and subscriptions as parts of the client's trace", async () => {
    await using cli = runCli(['--port', '0', '--source', 'demo'], {
      NODE_OPTIONS: `--import=${new URL('../support/opentelemetry-sdk.mjs', import.meta.url)}`,
    });
    const [, url = ''] = await cli.until(/(\S+) for GraphiQL/);
    const trace = '0af7651916cd43dd8448eb211c80319c';
    const headers = { traceparent: `00-${trace}-b7ad6b7169203331-01` };
    await fetch(`${url}?query=${encodeURIComponent('query Mine { __typename }')}`, { headers });
    const client = await initWebSocket(url.replace('http', 'ws'), undefined, { headers });
    const payload = { query: 'subscription Live { sessionChanges { cursor } }' };
    client.send({ id: '1', type: 'subscribe', payload });
    await expect
      .poll(() => cli.stderr.match(/^span .*$/gm))
      .toEqual([`span query Mine ${trace}`, `span subscription Live ${trace}`]);
    client.socket.terminate();
  });

  it('tracing requested by the environment without an SDK is reported at start-up, and the gateway serves', async () => {
    await using cli = runCli(['--port', '0', '--source', 'demo'], {
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318',
    });
    await cli.until(/for GraphiQL/);
    expect(cli.stderr).toMatch(/ WARN {2}no traces are exported: .* no OpenTelemetry SDK is loaded/);
  });
});
