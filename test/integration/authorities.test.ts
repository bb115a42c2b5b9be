import { request } from 'node:http';
import { describe, expect, it } from 'vitest';
import type { GatewayOptions } from '../../src/gateway.js';
import { createMemoryProvider } from '../../src/providers/memory.js';
import { parseAllowedHost, parseAllowedOrigin } from '../../src/server/access/authority.js';
import { runCli } from '../support/cli.js';
import { startGateway, type TestGateway } from '../support/gateway.js';
import { session } from '../support/sessions.js';
import { connectWebSocket } from '../support/web-socket-client.js';

async function start(options: GatewayOptions): Promise<TestGateway> {
  const source = createMemoryProvider('a', [session('a', { x: 'running' })]);
  const gateway = await startGateway({ providers: [source.provider], ...options });
  await gateway.gateway.ready();
  return gateway;
}

/** Returns the status of a query with these headers, some of which `fetch` would overwrite. */
function fetchStatus({ url }: TestGateway, headers: Record<string, string>): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const asked = request(`${url}?query=%7B__typename%7D`, { headers, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    asked.on('error', reject);
    asked.end();
  });
}

const BOARD: GatewayOptions = { allowHosts: ['board.example.com'] };
const PROXIED: GatewayOptions = { ...BOARD, trustProxies: ['127.0.0.1'] };
const SAME: [Record<string, string>, GatewayOptions, number][] = [
  [{ host: 'board.example.com:443', origin: 'https://board.example.com' }, BOARD, 200],
  [{ host: 'board.example.com:80', origin: 'http://board.example.com' }, BOARD, 200],
  [{ host: 'board.example.com', origin: 'https://board.example.com:443' }, BOARD, 200],
  [{ host: 'board.example.com', origin: 'https://board.example.com' }, BOARD, 200],
  [{ host: 'board.example.com.', origin: 'https://board.example.com' }, BOARD, 200],
  [{ host: 'board.example.com', origin: 'https://board.example.com.' }, BOARD, 200],
  [{ host: 'board.example.com:', origin: 'https://board.example.com' }, BOARD, 200],
  [{ host: 'Board.Example.COM', origin: 'https://board.example.com' }, BOARD, 200],
  [{ host: 'board.example.com:8443', origin: 'https://board.example.com:8443' }, BOARD, 200],
  [{ host: '[0:0::1]:4000', origin: 'http://[::1]:4000' }, BOARD, 200],
  [{ host: 'board.example.com', origin: 'https://board.example.com:8443' }, BOARD, 403],
  [{ host: 'board.example.com:8443', origin: 'https://board.example.com' }, BOARD, 403],
  [{ host: 'board.example.com:443', origin: 'http://board.example.com' }, BOARD, 403],
  [{ host: 'board.example.com', origin: 'https://board.example.com.evil.example' }, BOARD, 403],
  [{ host: 'board.example.com', origin: 'https://board.example.com@evil.example' }, BOARD, 403],
  [
    { host: 'board.example.com', 'x-forwarded-port': '8443', origin: 'https://board.example.com:8443' },
    PROXIED,
    200,
  ],
  [
    { host: 'board.example.com', 'x-forwarded-port': '80', origin: 'https://board.example.com' },
    PROXIED,
    200,
  ],
  [
    { host: 'board.example.com', 'x-forwarded-port': '8443', origin: 'https://board.example.com:8443' },
    BOARD,
    403,
  ],
];

describe('a same-origin request', () => {
  it.each(SAME)(
    'a request with the headers %j and the options %j is answered with %i, over HTTP and WebSocket',
    async (headers, options, status) => {
      await using gateway = await start(options);
      expect(await fetchStatus(gateway, headers)).toBe(status);
      const connecting = connectWebSocket(gateway.webSocketUrl, { headers });
      if (status === 200) (await connecting).socket.terminate();
      else await expect(connecting).rejects.toThrow('403');
    },
  );
});

describe('an allowed host', () => {
  it.each([
    ['Board.Example.com', 'board.example.com'],
    ['board.example.com.', 'board.example.com'],
    ['b.example:8443', 'b.example'],
    ['bücher.example', 'xn--bcher-kva.example'],
    ['[::1]:4000', '::1'],
    ['::1', '::1'],
    ['*', '*'],
  ])('the allowed host %s is normalised to %s', (text, name) => {
    expect(parseAllowedHost(text)).toBe(name);
  });

  it.each(['https://b.example', 'b.example/tilt', '*.example.com', 'a b', ''])(
    'the allowed host %j is rejected, because no Host header can equal it',
    (text) => {
      expect(() => parseAllowedHost(text)).toThrow(`got "${text}"`);
    },
  );
});

describe('an allowed origin', () => {
  it.each([
    ['https://b.example:443', 'https://b.example'],
    ['HTTPS://B.example/', 'https://b.example'],
    ['http://b.example.:80', 'http://b.example'],
    ['https://b.example:8443', 'https://b.example:8443'],
    ['https://bücher.example', 'https://xn--bcher-kva.example'],
    ['http://[::1]:3000', 'http://[::1]:3000'],
    ['vscode-webview://0a1B', 'vscode-webview://0a1b'],
    ['*', '*'],
  ])('the allowed origin %s is normalised to %s', (text, origin) => {
    expect(parseAllowedOrigin(text)).toBe(origin);
  });

  it.each([
    'https://*.example.com',
    'b.example',
    'https://b.example/tilt',
    'https://a@b.example',
    'https://',
  ])('the allowed origin %j is rejected, because no Origin header can equal it', (text) => {
    expect(() => parseAllowedOrigin(text)).toThrow(`got "${text}"`);
  });

  it('an allowed origin matches in its normalised form', async () => {
    await using gateway = await start({ allowOrigins: ['https://b.example:443'] });
    expect(await fetchStatus(gateway, { origin: 'https://b.example' })).toBe(200);
    expect(await fetchStatus(gateway, { origin: 'https://b.example:8443' })).toBe(403);
  });
});

describe('serve', () => {
  it.each([
    ['--allow-host', 'https://b.example', 'Expected a name such as board.example.com'],
    ['--allow-origin', 'https://*.example.com', 'Expected a scheme and a host, without a path or a wildcard'],
  ])('serve exits with 2 for %s %s, which can never match', async (option, value, message) => {
    await using cli = runCli(['--source', 'demo', '--port', '0', option, value]);
    expect(await cli.exit).toBe(2);
    expect(cli.stderr).toContain(message);
  });
});

describe('a GitHub codespace', () => {
  const NAME = 'orange-tree-4000.app.github.dev';
  const options: GatewayOptions = {
    allowHosts: [NAME],
    allowOrigins: ['http://localhost:4000', `https://${NAME}`],
  };
  // The tunnel replaces an origin that equals the address by that of the local server; whether it does so
  // with the host has changed.
  it.each([
    [{ host: NAME, origin: 'http://localhost:4000' }, 200],
    [{ host: NAME, origin: `https://${NAME}` }, 200],
    [{ host: 'localhost:4000', 'x-forwarded-host': NAME, origin: 'http://localhost:4000' }, 200],
    [{ host: 'localhost:4000', 'x-forwarded-host': NAME, origin: `https://${NAME}` }, 200],
    [{ host: NAME, origin: 'https://evil.example' }, 403],
    [{ host: 'other-4000.app.github.dev', origin: 'http://localhost:4000' }, 403],
  ])(
    'with the options of docs/deployment.md, a codespace request with %j is answered with %i, over HTTP and WebSocket',
    async (headers, status) => {
      await using gateway = await start(options);
      expect(await fetchStatus(gateway, headers)).toBe(status);
      const connecting = connectWebSocket(gateway.webSocketUrl, { headers });
      if (status === 200) (await connecting).socket.terminate();
      else await expect(connecting).rejects.toThrow('403');
    },
  );
});
