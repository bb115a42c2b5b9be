import { describe, expect, it } from 'vitest';
import type { GatewayOptions } from '../../src/gateway.js';
import type { LogFields } from '../../src/lib/log.js';
import { createMemoryProvider } from '../../src/providers/memory.js';
import { startGateway, type TestGateway } from '../support/gateway.js';
import { session } from '../support/sessions.js';
import { initWebSocket } from '../support/web-socket-client.js';

async function start(options: GatewayOptions = {}): Promise<TestGateway> {
  const source = createMemoryProvider('a', [session('a', { x: 'running' })]);
  const gateway = await startGateway({
    providers: [source.provider],
    trustProxies: ['127.0.0.1'],
    limits: { socketsPerAddress: 2 },
    ...options,
  });
  await gateway.gateway.ready();
  return gateway;
}

const from = (address: string) => ({ 'x-forwarded-for': address });

/** Opens an event stream for a forwarded client address. Resolves with the response. */
async function stream({ url }: TestGateway, address: string) {
  const leaving = new AbortController();
  const { status } = await fetch(`${url}?query=subscription{sessionChanges{cursor}}`, {
    headers: { accept: 'text/event-stream', ...from(address) },
    signal: leaving.signal,
  });
  return { status, leave: () => leaving.abort() };
}

describe('the connection limit per address behind a trusted proxy', () => {
  it('the connection limit behind a trusted proxy counts WebSockets, event streams and requests per client', async () => {
    await using gateway = await start();
    const socket = await initWebSocket(gateway.webSocketUrl, undefined, { headers: from('203.0.113.7') });
    const first = await stream(gateway, '203.0.113.7');
    expect(first.status).toBe(200);
    const health = () => fetch(`${gateway.origin}/healthz`, { headers: from('203.0.113.7') });
    const refused = await health();
    expect([refused.status, await refused.text()]).toEqual([
      429,
      expect.stringContaining('2 connections are open from this address'),
    ]);
    await expect(
      initWebSocket(gateway.webSocketUrl, undefined, { headers: from('203.0.113.7') }),
    ).rejects.toThrow('429');
    const other = await stream(gateway, '203.0.113.8');
    expect(other.status).toBe(200);
    socket.socket.terminate();
    await expect.poll(async () => (await health()).status).toBe(200);
    first.leave();
    other.leave();
    await expect.poll(() => gateway.gateway.readers).toBe(0);
  });

  it('the connection limit behind a trusted proxy does not count finished requests of a connection', async () => {
    await using gateway = await start({ limits: { socketsPerAddress: 1 } });
    for (let count = 0; count < 20; count += 1) {
      const response = await fetch(`${gateway.origin}/healthz`, { headers: from('203.0.113.7') });
      expect([response.status, await response.text()]).toEqual([200, 'ok\n']);
    }
  });

  it('the connection limit behind a trusted proxy ignores the proxy itself and the headers of untrusted peers', async () => {
    await using gateway = await start({ limits: { socketsPerAddress: 1 } });
    const streams = await Promise.all([1, 2, 3].map(() => stream(gateway, '127.0.0.1')));
    expect(streams.map(({ status }) => status)).toEqual([200, 200, 200]);
    for (const { leave } of streams) leave();
  });
});

/** Collects the lines of the access log. */
function collectLines() {
  const lines: (LogFields | undefined)[] = [];
  const log = Object.assign(
    (_: string, message: string, fields?: LogFields) => {
      if (message === 'request') lines.push(fields);
    },
    { isOn: () => true },
  );
  return { lines, log };
}

describe('the access log behind a trusted proxy', () => {
  it('the access log behind a trusted proxy contains the address of the client', async () => {
    const { lines, log } = collectLines();
    await using gateway = await start({ log });
    await (await fetch(`${gateway.origin}/healthz`, { headers: from('203.0.113.7, 127.0.0.1') })).text();
    await expect
      .poll(() => lines)
      .toEqual([expect.objectContaining({ client: '203.0.113.7', path: '/healthz' })]);
  });

  it('the access log behind a trusted proxy has a line per WebSocket, also for rejected ones', async () => {
    const { lines, log } = collectLines();
    await using gateway = await start({ log, limits: { socketsPerAddress: 1 } });
    const open = (address: string) =>
      initWebSocket(gateway.webSocketUrl, undefined, { headers: from(address) });
    const { socket } = await open('203.0.113.7');
    await expect(open('203.0.113.7')).rejects.toThrow('429');
    await expect.poll(() => lines).toHaveLength(1);
    socket.close();
    const line = { client: '203.0.113.7', method: 'GET', path: '/graphql', requestId: expect.any(String) };
    await expect
      .poll(() => lines)
      .toEqual([
        expect.objectContaining({ ...line, status: 429 }),
        expect.objectContaining({ ...line, status: 101, bytes: expect.any(Number) }),
      ]);
  });
});
