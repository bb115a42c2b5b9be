import { once } from 'node:events';
import { request } from 'node:https';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { createMemoryProvider } from '../../src/providers/memory.js';
import { runCli } from '../support/cli.js';
import { startGateway } from '../support/gateway.js';
import { session } from '../support/sessions.js';
import { createTemporaryFolder } from '../support/temporary-folder.js';
import { createTls, sharedTls, type TestTls } from '../support/tls.js';
import { initWebSocket } from '../support/web-socket-client.js';

describe('behind a reverse proxy', () => {
  async function start(options: object) {
    const source = createMemoryProvider('a', [session('a')]);
    const gateway = await startGateway({ providers: [source.provider], ...options });
    await gateway.gateway.ready();
    return gateway;
  }

  it('with a prefix, all paths below it are served and no others', async () => {
    await using gateway = await start({ pathPrefix: '/tilt/one' });
    const get = (path: string, accept = 'application/json') =>
      fetch(gateway.origin + path, { redirect: 'manual', headers: { accept } });
    const query = '?query={session{id}}';
    expect(await (await get(`/tilt/one/graphql${query}`)).json()).toEqual({
      data: { session: { id: 'a/Tiltfile' } },
    });
    expect((await get(`/graphql${query}`)).status).toBe(404);
    expect((await get('/tilt/one')).headers.get('location')).toBe('./one/');
    expect((await get('/tilt/one/healthz')).status).toBe(200);
    expect((await get('/healthz')).status).toBe(404);
    expect(await (await get('/tilt/one/graphql', 'text/html')).text()).toContain('"endpoint":"graphql"');
    const url = gateway.origin.replace('http', 'ws');
    (await initWebSocket(`${url}/tilt/one/graphql`)).socket.terminate();
    await expect(initWebSocket(`${url}/graphql`)).rejects.toThrow('404');
  });

  it('forwarded headers are ignored unless the proxy is trusted', async () => {
    const headers = {
      accept: 'application/json',
      'x-forwarded-for': '203.0.113.7',
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'https',
    };
    await using trusting = await start({ trustProxies: ['127.0.0.1'] });
    const refused = await fetch(`${trusting.url}?query={__typename}`, { headers });
    expect([refused.status, await refused.text()]).toEqual([403, expect.stringContaining('evil.example')]);
    await using careful = await start({});
    expect((await fetch(`${careful.url}?query={__typename}`, { headers })).status).toBe(200);
  });

  it('the token cookie is Secure when a trusted proxy reports that the client uses TLS', async () => {
    await using gateway = await start({ token: 'a-token-of-the-tests', trustProxies: ['127.0.0.1'] });
    const headers = { accept: 'text/html', 'x-forwarded-proto': 'https' };
    const opened = await fetch(`${gateway.url}?token=a-token-of-the-tests`, { redirect: 'manual', headers });
    expect(opened.headers.get('set-cookie')).toMatch(/; Secure$/);
  });
});

describe('TLS', () => {
  it('a gateway with TLS closes without waiting for a connection that has not begun its handshake', async () => {
    const tls = await sharedTls();
    // With these limits Node.js would keep the connection open.
    const limits = { headersMs: 600_000, requestMs: 600_000 };
    await using started = await startGateway({ tls: tls.server, limits });
    const silent = connect(Number(new URL(started.url).port), '127.0.0.1');
    const closed = new Promise((resolve) => silent.once('close', resolve));
    silent.on('error', () => {});
    await once(silent, 'connect');
    // The server accepts connections in order.
    expect((await get(started.url.replace('http', 'https'), tls)).status).toBe(200);
    await started.gateway.close();
    await closed;
  });

  it('the gateway serves HTTP, WebSocket and SSE over TLS, and loads a renewed certificate without a restart', async () => {
    await using folder = await createTemporaryFolder();
    const [cert, key] = [folder.file('cert.pem'), folder.file('key.pem')];
    const [first, second] = [await createTls(), await createTls()];
    await writeCertificate(first);
    await using cli = runCli(['--port', '0', '--source', 'demo', '--tls-cert', cert, '--tls-key', key]);
    const [, url = ''] = await cli.until(/listens on (https:\S+)/);
    expect(await get(url, first)).toEqual({ status: 200, type: 'application/json' });
    expect(await get(url, first, 'text/event-stream')).toEqual({ status: 200, type: 'text/event-stream' });
    const client = await initWebSocket(url.replace('https', 'wss'), undefined, { ca: first.ca });
    expect(client.socket.readyState).toBe(WebSocket.OPEN);
    await writeCertificate(second);
    await expect
      .poll(() => get(url, second).catch(String), { timeout: 20_000, interval: 500 })
      .toEqual({ status: 200, type: 'application/json' });
    expect(client.socket.readyState).toBe(WebSocket.OPEN);
    client.socket.terminate();

    async function writeCertificate({ server }: TestTls): Promise<void> {
      await folder.replace('key.pem', server.key);
      await folder.replace('cert.pem', server.cert);
    }
  }, 30_000);
});

/** Sends a request over TLS with this CA. Resolves with status and media type. */
function get(url: string, { ca }: TestTls, accept = 'application/json') {
  return new Promise<{ status: number | undefined; type: string }>((resolve, reject) => {
    const document = accept.includes('event')
      ? 'subscription { sessionChanges { cursor } }'
      : '{ __typename }';
    const asked = request(`${url}?query=${encodeURIComponent(document)}`, {
      ca,
      agent: false,
      headers: { accept },
    });
    asked.on('error', reject);
    asked.on('response', ({ statusCode, headers }) => {
      const [type = ''] = String(headers['content-type']).split(';');
      resolve({ status: statusCode, type });
      asked.destroy();
    });
    asked.end();
  });
}
