import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { connect as connectTls } from 'node:tls';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { GatewayOptions } from '../../src/gateway.js';
import { createGateway } from '../../src/gateway.js';
import { createMemoryProvider } from '../../src/providers/memory.js';
import { BIN } from '../support/cli.js';
import { startGateway, type TestGateway } from '../support/gateway.js';
import { session } from '../support/sessions.js';
import { createTls } from '../support/tls.js';
import { initWebSocket } from '../support/web-socket-client.js';

const run = promisify(execFile);
const BODY = '{"query":"{ session { id } }"}';
const ANSWER = '{"data":{"session":{"id":"a/Tiltfile"}}}';
const H2C = 'connection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAEAAEAAAAIAAAAB\r\n';

async function start(options: GatewayOptions = {}): Promise<TestGateway> {
  const source = createMemoryProvider('a', [session('a', { x: 'running' })]);
  const gateway = await startGateway({ providers: [source.provider], ...options });
  await gateway.gateway.ready();
  return gateway;
}

describe('an HTTP request that asks for an upgrade to h2c', () => {
  it.each([
    ['a GET', ['-G', '--data-urlencode', 'query={ session { id } }']],
    ['a POST', ['-H', 'content-type: application/json', '-d', BODY]],
    [
      'a POST in chunks',
      ['-H', 'content-type: application/json', '-H', 'transfer-encoding: chunked', '-d', BODY],
    ],
  ])('is answered without the upgrade: %s of curl --http2', async (_, options) => {
    await using gateway = await start();
    const { stdout } = await run('curl', ['-sS', '--http2', ...options, gateway.url]);
    expect(stdout).toBe(ANSWER);
  });

  it('is answered over TLS too, and the connection remains usable for another POST and a WebSocket', async () => {
    const { server, ca } = await createTls();
    await using gateway = await start({ tls: server });
    const { port } = new URL(gateway.url);
    const socket = connectTls({ port: Number(port), host: '127.0.0.1', ca });
    let answers = '';
    socket.on('data', (chunk) => {
      answers += chunk;
    });
    const post = `POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${BODY.length}\r\n`;
    for (const count of [1, 2, 3]) {
      socket.write(`${post}${H2C}\r\n${BODY}`);
      await expect.poll(() => answers.split(ANSWER).length - 1).toBe(count);
    }
    socket.write(
      'GET /graphql HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: WebSocket\r\nsec-websocket-version: 13\r\n' +
        'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-protocol: graphql-transport-ws\r\n\r\n',
    );
    await expect.poll(() => answers).toContain('101 Switching Protocols');
    socket.destroy();
  });

  it('counts as one connection and keeps its request deadline', async () => {
    await using gateway = await start({ limits: { socketsPerAddress: 1, requestMs: 1_000 } });
    const { port } = new URL(gateway.url);
    const socket = connect(Number(port), '127.0.0.1');
    socket.write(`GET /healthz HTTP/1.1\r\nhost: localhost\r\n${H2C}\r\n`);
    // Node.js 22.23, 24.21 and 26.10 drop what arrives together with a request whose upgrade they ignore.
    await once(socket, 'readable');
    socket.write(`POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n${H2C}\r\n{`);
    const answers = await text(socket);
    expect(answers).toMatch(/^HTTP\/1\.1 200 OK.*\nok\n/s);
    expect(answers).toContain('408 Request Timeout');
  });

  it('does not prevent WebSocket upgrades', async () => {
    await using gateway = await start();
    (await initWebSocket(gateway.webSocketUrl)).socket.terminate();
  });
});

describe('an idle HTTP connection', () => {
  it('is kept open for 120 s by default, longer than by common proxies, or for the configured time', async () => {
    await using gateway = await start();
    const response = await fetch(`${gateway.origin}/healthz`);
    expect(response.headers.get('keep-alive')).toBe('timeout=120');
    await using other = await start({ limits: { idleMs: 620_000 } });
    expect((await fetch(`${other.origin}/healthz`)).headers.get('keep-alive')).toBe('timeout=620');
  });
});

describe('a gateway without introspection', () => {
  const ask = async ({ url }: TestGateway, query: string, variables = {}) => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query, variables }),
    });
    return response.text();
  };

  it.each<[string, string, object]>([
    ['a field', '{ sesion { id } }', {}],
    ['an argument', '{ targets(wher: {}) { id } }', {}],
    ['a type', '{ node(id: "a") { ... on Targe { id } } }', {}],
    ['an enum value', '{ targets(where: { phase: FAILD }) { id } }', {}],
    [
      'an enum value of a variable',
      'query($w: TargetFilter) { targets(where: $w) { id } }',
      { w: { phase: ['FAILD'] } },
    ],
    [
      'a field of a variable',
      'query($w: TargetFilter) { targets(where: $w) { id } }',
      { w: { phse: ['FAILED'] } },
    ],
    [
      'a field of a variable of a subscription',
      'subscription($w: TargetFilter) { targetChanges(where: $w) { cursor } }',
      { w: { phse: ['FAILED'] } },
    ],
  ])('suggests no schema name in errors over HTTP and WebSocket: %s', async (_, query, variables) => {
    await using silent = await start({ introspection: false });
    await using introspectable = await start();
    if (!query.startsWith('subscription'))
      expect(await ask(introspectable, query, variables)).toContain('Did you mean');
    expect(await ask(silent, query, variables)).not.toContain('Did you mean');
    const client = await initWebSocket(silent.webSocketUrl);
    client.send({ id: '1', type: 'subscribe', payload: { query, variables } });
    await expect.poll(() => JSON.stringify(client.messages)).toContain('"message"');
    expect(JSON.stringify(client.messages)).not.toContain('Did you mean');
    client.socket.terminate();
  });

  it('does not reveal the schema of a subgraph through _service', async () => {
    await using gateway = await start({ introspection: false, federation: true });
    expect(await ask(gateway, '{ s: _service { sdl } }')).toMatch(
      /introspection has been disabled.*_service/,
    );
    await using open = await start({ federation: true });
    expect(await ask(open, '{ _service { sdl } }')).toContain('type Session');
  });
});

describe('--host localhost', () => {
  it('listens on both loopback addresses with the same port until it is closed', async () => {
    const gateway = createGateway({});
    const { port } = await gateway.listen(0, 'localhost');
    const urls = ['127.0.0.1', '[::1]', 'localhost'].map((name) => `http://${name}:${port}/healthz`);
    for (const url of urls) expect((await fetch(url)).status).toBe(200);
    (await initWebSocket(`ws://[::1]:${port}/graphql`)).socket.terminate();
    await gateway.close();
    for (const url of urls) await expect(fetch(url)).rejects.toThrow();
  });

  it('serves TLS on both loopback addresses', async () => {
    const { server, ca } = await createTls();
    const gateway = createGateway({ tls: server });
    const { port } = await gateway.listen(0, 'localhost');
    for (const host of ['127.0.0.1', '::1']) {
      const socket = connectTls({ port, host, ca, servername: 'localhost' });
      socket.write('GET /healthz HTTP/1.0\r\n\r\n');
      expect(await text(socket)).toMatch(/^HTTP\/1\.1 200 OK/);
    }
    await gateway.close();
  });

  it('fails when its port is in use on one of the loopback addresses', async () => {
    const taken = createGateway({});
    const { port } = await taken.listen(0, '::1');
    const gateway = createGateway({});
    await expect(gateway.listen(port, 'localhost')).rejects.toThrow(/EADDRINUSE/);
    await gateway.close();
    await taken.close();
  });
});

describe('a user without a home directory and without a system account', () => {
  // Switching the user requires root. The checkout may be readable only by its owner, so the capability to
  // read it is kept.
  const capabilities = ['--inh-caps', '+dac_override', '--ambient-caps', '+dac_override'];
  const asStranger =
    process.getuid?.() === 0 ? ['setpriv', '--reuid', '54321', '--clear-groups', ...capabilities] : [];

  /** Runs the program until it prints the text, for at most 20 s. */
  async function printed(args: readonly string[], expected: string): Promise<string> {
    const child = spawn('env', ['-u', 'HOME', ...asStranger, process.execPath, BIN, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        output += chunk;
      });
    }
    const closed = once(child, 'close');
    await expect.poll(() => output, { timeout: 20_000 }).toContain(expected);
    child.kill();
    await closed;
    return output;
  }

  it.each([
    ['serve the demo', ['serve', '--port', '0', '--source', 'demo'], 'reads demo; now: demo LIVE'],
    ['serve Tilts, although none is found', ['serve', '--port', '0'], 'reads every Tilt in '],
    [
      'publish to a broker',
      ['publish', '--to', 'nats://127.0.0.1:9/tilts', '--from', 'demo'],
      'publishes demo to nats://127.0.0.1:9/tilts',
    ],
  ])('can %s', async (_, args, expected) => {
    expect(await printed(args, expected)).not.toContain('homedir');
  });
});
