import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMemoryProvider } from '../../../src/providers/memory.js';
import { blockOf } from '../../docs/pages.js';
import { startGateway, type TestGateway } from '../../support/gateway.js';
import { session } from '../../support/sessions.js';
import { initWebSocket } from '../../support/web-socket-client.js';
import { type Nginx, startNginx } from './nginx.js';

const TOKEN = 'a-token-of-the-tests';
const HOST = 'board.example.com';
const SUBSCRIPTION = 'subscription { session { verdict { state } } }';

const source = createMemoryProvider('a', [session('a', { x: 'waiting' })]);
let gateway: TestGateway;
let nginx: Nginx;
beforeAll(async () => {
  gateway = await startGateway({
    providers: [source.provider],
    token: TOKEN,
    pathPrefix: '/tilt',
    trustProxies: ['127.0.0.1'],
    allowHosts: [HOST],
  });
  await gateway.gateway.ready();
  nginx = await startNginx(blockOf('docs/deployment.md', 'nginx'), gateway.origin);
});
afterAll(async () => {
  await nginx?.[Symbol.asyncDispose]();
  await gateway[Symbol.asyncDispose]();
});

describe('nginx with the configuration of docs/deployment.md', () => {
  const headers = { authorization: `Bearer ${TOKEN}` };

  it('forwards queries', async () => {
    const response = await fetch(`${nginx.origin}/tilt/graphql?query={session{id}}`, { headers });
    expect(await response.json()).toEqual({ data: { session: { id: 'a/Tiltfile' } } });
  });

  it('forwards requests of pages of its own origin, and the gateway rejects other origins with 403', async () => {
    const ask = (origin: string) =>
      fetch(`${nginx.origin}/tilt/graphql?query={__typename}`, { headers: { ...headers, origin } });
    expect((await ask(nginx.origin)).status).toBe(200);
    expect((await ask('http://evil.example')).status).toBe(403);
  });

  it('forwards WebSockets and delivers messages immediately', async () => {
    const url = `${nginx.origin.replace('http', 'ws')}/tilt/graphql`;
    const { socket, messages, send } = await initWebSocket(url, { token: TOKEN });
    send({ id: '1', type: 'subscribe', payload: { query: SUBSCRIPTION } });
    await expect.poll(() => messages.at(-1)).toMatchObject(next('PENDING'));
    source.put(session('a', { x: 'failed' }));
    await expect.poll(() => messages.at(-1)).toMatchObject(next('FAILED'));
    socket.close();
    await expect.poll(() => gateway.gateway.readers).toBe(0);
  });

  it("forwards event streams event by event, and forwards the client's disconnect", async () => {
    source.put(session('a', { x: 'waiting' }));
    const leaving = new AbortController();
    const url = `${nginx.origin}/tilt/graphql?query=${encodeURIComponent(SUBSCRIPTION)}`;
    const { body } = await fetch(url, {
      headers: { ...headers, accept: 'text/event-stream' },
      signal: leaving.signal,
    });
    let text = '';
    const reading = read(body, (chunk) => {
      text += chunk;
    });
    await expect.poll(() => text).toContain('PENDING');
    source.put(session('a', { x: 'failed' }));
    await expect.poll(() => text).toContain('FAILED');
    leaving.abort();
    await reading;
    await expect.poll(() => gateway.gateway.readers).toBe(0);
  });

  it('forwards links with a token, which redirect to an address without it', async () => {
    const opened = await fetch(`${nginx.origin}/tilt/graphql?token=${TOKEN}`, {
      redirect: 'manual',
      headers: { accept: 'text/html' },
    });
    expect(opened.headers.get('set-cookie')).toContain('HttpOnly');
    expect(opened.headers.get('location')).toBe('graphql');
  });

  it('forwards the requested host name, and the gateway rejects an unknown one with 403', async () => {
    expect(await statusFor(`${nginx.origin}/tilt/graphql?query={__typename}`, HOST)).toBe(200);
    expect(await statusFor(`${nginx.origin}/tilt/graphql?query={__typename}`, 'evil.example')).toBe(403);
  });
});

/** Status of a request with this Host header, which `fetch` cannot set. */
async function statusFor(url: string, host: string): Promise<number | undefined> {
  const asked = request(encodeURI(url), { headers: { host, authorization: `Bearer ${TOKEN}` } });
  asked.end();
  const [response]: IncomingMessage[] = await once(asked, 'response');
  response?.resume();
  return response?.statusCode;
}

function next(state: string): object {
  return { type: 'next', payload: { data: { session: { verdict: { state } } } } };
}

async function read(body: ReadableStream<Uint8Array> | null, take: (chunk: string) => void): Promise<void> {
  const decoder = new TextDecoder();
  try {
    for await (const chunk of body ?? []) take(decoder.decode(chunk, { stream: true }));
  } catch {
    // Aborted by the test.
  }
}
