import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { createGateway, createMemoryProvider, type Gateway } from '../../src/index.js';
import { sendRaw } from '../support/raw-request.js';
import { session } from '../support/sessions.js';
import { initWebSocket } from '../support/web-socket-client.js';

/**
 * An HTTP server of an application with a gateway under `/tilt`. Closed at the end of its block (`await
 * using`).
 */
interface Host extends AsyncDisposable {
  readonly origin: string;
  readonly gateway: Gateway;
}

async function startHost(): Promise<Host> {
  const source = createMemoryProvider('mine', [session('shop', { 'api:serve': 'ready' })]);
  const gateway = createGateway({ providers: [source.provider], pathPrefix: '/tilt' });
  const server = createServer((request, response) => {
    if (!gateway.handle(request, response)) response.writeHead(200).end(`mine: ${request.url}`);
  });
  server.on('upgrade', (request, socket, head) => {
    if (!gateway.upgrade(request, socket, head)) socket.destroy();
  });
  const { port } = await listen(server);
  return {
    origin: `http://127.0.0.1:${port}`,
    gateway,
    async [Symbol.asyncDispose]() {
      await gateway.close();
      server.close();
      server.closeAllConnections();
    },
  };
}

async function listen(server: Server): Promise<AddressInfo> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('Expected a TCP address.');
  return address;
}

/** Requests an event stream. */
const EVENTS = { headers: { accept: 'text/event-stream' } };

/** Watches without ever pushing a change. */
async function untilAborted(_: unknown, signal: AbortSignal): Promise<void> {
  await once(signal, 'abort');
}

describe('an embedded gateway', () => {
  it('an embedded gateway answers its own paths and ignores all others', async () => {
    await using host = await startHost();
    const answer = await fetch(`${host.origin}/tilt/graphql?query={session{id}}`);
    expect(await answer.json()).toEqual({ data: { session: { id: 'shop/Tiltfile' } } });
    expect(await (await fetch(`${host.origin}/tilt/healthz`)).text()).toBe('ok\n');
    for (const path of ['/', '/graphql', '/tilt/else', '/tiltgraphql']) {
      expect(await (await fetch(`${host.origin}${path}`)).text()).toBe(`mine: ${path}`);
    }
  });

  it('an embedded gateway serves WebSocket subscriptions only at its own path', async () => {
    await using host = await startHost();
    const address = host.origin.replace('http', 'ws');
    const client = await initWebSocket(`${address}/tilt/graphql`);
    client.send({ id: '1', type: 'subscribe', payload: { query: 'subscription { session { id } }' } });
    await expect
      .poll(() => client.messages)
      .toContainEqual({
        id: '1',
        type: 'next',
        payload: { data: { session: { id: 'shop/Tiltfile' } } },
      });
    await expect(initWebSocket(`${address}/graphql`)).rejects.toThrow();
    await host.gateway.close();
    expect((await client.closed)[0]).toBe(1001);
  });

  it('an embedded gateway closes a connection with a body in tiny chunks that it does not read', async () => {
    await using host = await startHost();
    const head = 'POST /tilt/healthz HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n';
    // It never ends.
    const answer = await sendRaw({ url: host.origin }, `${head}${'1\r\nx\r\n'.repeat(100_000)}`);
    expect(answer).toMatch(/^HTTP\/1\.1 200 |^$/);
    expect(await (await fetch(`${host.origin}/tilt/metrics`)).text()).toContain(
      'rejections_total{reason="body_in_tiny_chunks"} 1\n',
    );
  });

  it('S7: an embedded gateway that closes ends its event streams without "complete", so that clients reconnect', async () => {
    await using host = await startHost();
    const stream = await fetch(`${host.origin}/tilt/graphql?query=subscription{session{id}}`, EVENTS);
    await expect.poll(() => host.gateway.readers).toBe(1);
    await host.gateway.close();
    expect(host.gateway.readers).toBe(0);
    expect(await stream.text()).toMatch(/^:\n\nevent: next\nid: \S+\ndata: .*shop\/Tiltfile.*\n\n$/);
  });

  it('S7: an event stream whose request is read while an embedded gateway closes ends at once', async () => {
    await using host = await startHost();
    const socket = connect(Number(new URL(host.origin).port), '127.0.0.1');
    const body = '{"query":"subscription { session { id } }"}';
    socket.write(
      `POST /tilt/graphql HTTP/1.1\r\nhost: localhost\r\naccept: text/event-stream\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\nexpect: 100-continue\r\nconnection: close\r\n\r\n`,
    );
    // The gateway has the request by then.
    expect(String(await once(socket, 'data'))).toMatch(/^HTTP\/1\.1 100 /);
    await host.gateway.close();
    socket.write(body);
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 200 .*shop\/Tiltfile.*\r\n0\r\n\r\n$/s);
    expect(host.gateway.readers).toBe(0);
  });

  it('an embedded gateway that was closed answers requests and WebSocket handshakes with 503', async () => {
    await using host = await startHost();
    await host.gateway.close();
    const graphql = '/tilt/graphql?query={session{id}}';
    for (const path of [graphql, '/tilt/readyz', '/tilt/healthz', '/tilt/metrics', '/tilt/']) {
      const answer = await fetch(`${host.origin}${path}`);
      expect([answer.status, await answer.json()]).toEqual([
        503,
        {
          errors: [
            {
              message: 'The gateway is closed. Try again later.',
              extensions: { code: 'GATEWAY_CLOSED' },
            },
          ],
        },
      ]);
    }
    const address = host.origin.replace('http', 'ws');
    await expect(initWebSocket(`${address}/tilt/graphql`)).rejects.toThrow('503');
    expect(await (await fetch(`${host.origin}/`)).text()).toBe('mine: /');
  });

  it('S7: an embedded gateway that was closed gives no status to an EventSource, which would not retry', async () => {
    await using host = await startHost();
    await host.gateway.close();
    const stream = fetch(`${host.origin}/tilt/graphql?query=subscription{session{id}}`, EVENTS);
    await expect(stream).rejects.toMatchObject({ cause: { code: 'UND_ERR_SOCKET' } });
  });

  it('ready rejects if the gateway is closed before every source was ready', async () => {
    const gateway = createGateway({ providers: [{ name: 'silent', watch: untilAborted }] });
    // Vitest fails if the rejection of an ignored promise is unhandled.
    void gateway.ready();
    const early = gateway.ready();
    await gateway.close();
    const message = 'the gateway was closed before every source was ready';
    await expect(early).rejects.toThrow(message);
    await expect(gateway.ready()).rejects.toThrow(message);
  });

  it('ready resolves after the gateway was closed if every source was ready before', async () => {
    const gateway = createGateway({ providers: [createMemoryProvider('mine').provider] });
    await gateway.ready();
    await gateway.close();
    await gateway.ready();
  });

  it('an embedded gateway rejects other origins and other hosts', async () => {
    await using host = await startHost();
    const url = `${host.origin}/tilt/graphql?query={session{id}}`;
    expect((await fetch(url, { headers: { origin: 'http://evil.example' } })).status).toBe(403);
  });
});
