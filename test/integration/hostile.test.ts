import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { GatewayOptions } from '../../src/gateway.js';
import { createMemoryProvider } from '../../src/providers/memory.js';
import { runCliToEnd } from '../support/cli.js';
import { startGateway, type TestGateway } from '../support/gateway.js';
import { sendRaw } from '../support/raw-request.js';
import { session } from '../support/sessions.js';
import { connectWebSocket } from '../support/web-socket-client.js';

// Regression tests for hostile input that once caused harm.

async function start(options: GatewayOptions = {}): Promise<TestGateway> {
  const source = createMemoryProvider('a', [session('a')]);
  const started = await startGateway({ providers: [source.provider], ...options });
  await started.gateway.ready();
  return started;
}

/** A request for an event stream, to which headers can be added. */
const SUBSCRIPTION =
  'GET /graphql?query=subscription%7BsessionChanges%7Bcursor%7D%7D HTTP/1.1\r\nhost: localhost\r\naccept: text/event-stream\r\n';

describe('hostile HTTP input', () => {
  it.each(['[::1', '127.0.0.1:99999', 'a b', 'localhost/', '[::1]x'])(
    'the malformed Host %s is rejected as an invalid host',
    async (host) => {
      await using gateway = await start();
      const answer = await sendRaw(
        gateway,
        `GET /graphql?query={__typename} HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`,
      );
      expect(answer).toMatch(/^HTTP\/1\.1 403 .*HOST_NOT_ALLOWED/s);
    },
  );

  it.each(['variables', 'extensions'])(
    "%s in a URL that are no JSON are the client's mistake",
    async (name) => {
      await using gateway = await start();
      const response = await fetch(`${gateway.url}?query={__typename}&${name}=%7Bnot`, {
        headers: { accept: 'application/json' },
      });
      expect([response.status, await response.json()]).toEqual([
        400,
        {
          errors: [
            { message: expect.stringContaining('Expected JSON'), extensions: { code: 'BAD_REQUEST' } },
          ],
        },
      ]);
    },
  );

  it.each([
    ['fields', `{ ${'session { '.repeat(2_400)}`],
    ['lists', `{ session(id: ${'['.repeat(4_900)}`],
  ])('%s nested beyond the stack size are rejected', async (_, query) => {
    await using gateway = await start({ limits: { tokens: 5_000 } });
    const response = await fetch(gateway.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify({ query }),
    });
    const text = await response.text();
    expect(text).not.toContain('Internal');
    expect(text).toMatch(/QUERY_TOO_DEEP|Syntax Error/);
  });

  it.each(['application/json', 'application/x-www-form-urlencoded', 'application/graphql'])(
    'a client that disconnects in the middle of a body (%s) is not reported as an error',
    async (type) => {
      const faults: string[] = [];
      await using gateway = await start({
        log: (level, message) => {
          if (level === 'error') faults.push(message);
        },
      });
      for (const framing of ['content-length: 100', 'transfer-encoding: chunked']) {
        const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1');
        const head = `POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: ${type}\r\n${framing}\r\n\r\n`;
        socket.end(`${head}${framing.includes('chunked') ? '40\r\n' : ''}{"query":`);
        await socket.toArray();
      }
      await fetch(`${gateway.url}?query={__typename}`, { headers: { accept: 'application/json' } });
      expect(faults).toEqual([]);
    },
  );

  it('garbage after a subscription request ends the stream and does not appear in it', async () => {
    await using gateway = await start();
    const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1');
    socket.write(`${SUBSCRIPTION}transfer-encoding: chunked\r\n\r\n`);
    const [begun] = await once(socket, 'data');
    socket.write('no chunk\r\n');
    const answer = `${begun}${Buffer.concat(await socket.toArray())}`;
    expect(answer.match(/HTTP\/1\.1/g)).toHaveLength(1);
  });

  it.each([
    [20, 'start one after the other, without a warning'],
    [150, 'exceed the limit and close the connection'],
  ])('%i pipelined subscriptions %s', async (count) => {
    const warnings: string[] = [];
    const note = ({ message }: Error) => warnings.push(message);
    process.on('warning', note);
    await using gateway = await start();
    const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1');
    const closed = once(socket.resume(), 'close');
    socket.on('error', () => {});
    socket.write(`${SUBSCRIPTION}\r\n`.repeat(count));
    if (count > 100) await closed;
    else await expect.poll(() => gateway.gateway.readers).toBe(1);
    socket.destroy();
    await expect.poll(() => gateway.gateway.readers).toBe(0);
    process.off('warning', note);
    expect(warnings).toEqual([]);
  });

  it('bytes after a last request are not answered, because the client would read them as part of the response', async () => {
    await using gateway = await start();
    const answer = await sendRaw(
      gateway,
      'GET /healthz HTTP/1.0\r\nhost: localhost\r\n\r\n\x00garbage\r\n\r\n',
    );
    expect(answer.match(/HTTP\/1\.1/g)).toHaveLength(1);
  });
});

describe('hostile WebSocket input', () => {
  it('a ping with a payload nested 9,000 deep, which cannot be echoed, closes only its own connection', async () => {
    await using gateway = await start();
    const client = await connectWebSocket(gateway.webSocketUrl);
    client.socket.send(`{"type":"ping","payload":${'{"a":'.repeat(9_000)}1${'}'.repeat(9_000)}}`);
    client.socket.send('{"type":"no such message"}');
    expect(await client.closed).toEqual([4400, expect.any(String)]);
    expect(
      (await fetch(`${gateway.url}?query={__typename}`, { headers: { accept: 'application/json' } })).status,
    ).toBe(200);
  });
});

describe('hostile command-line input', () => {
  it.each([['--port', '1\n2'], ['--no-such\nthing'], ['--source', 'demo:\n'], ['help', 'a\nb']])(
    'an error about an argument with line breaks is one line: %j',
    async (...args) => {
      const { code, stderr } = await runCliToEnd(args.filter((arg) => typeof arg === 'string'));
      expect([code, stderr]).toEqual([2, expect.stringMatching(/^tilt-graphql: [^\n]+\n$/)]);
    },
  );
});
