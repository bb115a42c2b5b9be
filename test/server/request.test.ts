import { once } from 'node:events';
import { createServer, get, type RequestListener } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import type { LogFields } from '../../src/lib/log.js';
import { assignRequestId, logAccess } from '../../src/server/request.js';
import { createSteppedClock, type SteppedClock } from '../support/stepped-clock.js';

const idOf = (given?: string, random = () => 0.5) =>
  assignRequestId(given === undefined ? {} : { 'x-request-id': given }, random);

describe('request ids', () => {
  it.each(['a', 'f81d4fae-7dec-11d0-a765-00a0c91e6bf6', '01J.z_9', 'x'.repeat(64)])(
    'the request id %s of the client is used',
    (given) => {
      expect(idOf(given)).toBe(given);
    },
  );

  it.each([undefined, '', 'x'.repeat(65), 'a b', 'a\nb', 'a, b', '"', '$(id)', 'é'])(
    'a request id is generated when the client sends %j',
    (given) => {
      expect(idOf(given)).toBe('8000000080000000');
    },
  );

  it('a generated request id has 16 URL-safe characters for any random numbers', () => {
    for (const number of [0, 2 ** -40, 1 - 2 ** -53]) {
      expect(idOf(undefined, () => number)).toMatch(/^[0-9a-f]{16}$/);
    }
  });
});

interface AccessServer extends AsyncDisposable {
  readonly port: number;
  readonly clock: SteppedClock;
  readonly lines: { readonly level: string; readonly facts: LogFields | undefined }[];
}

/** Starts a server that logs its requests at `debug`, if enabled. */
async function serve(handle: RequestListener, isOn = true): Promise<AccessServer> {
  const clock = createSteppedClock();
  const lines: AccessServer['lines'] = [];
  const log = Object.assign(
    (level: string, _: string, facts?: LogFields) => {
      lines.push({ level, facts });
    },
    { isOn: () => isOn },
  );
  const server = createServer((request, response) => {
    const status = () => response.statusCode;
    logAccess(request, { log, clock, client: '203.0.113.7', response, status });
    handle(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('Expected a TCP address.');
  return {
    port: address.port,
    clock,
    lines,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** Sends a GET and reads the response until its end. */
async function ask(
  { port }: AccessServer,
  path: string,
  headers: Record<string, string> = {},
): Promise<string> {
  const [response] = await once(get({ port, host: '127.0.0.1', path, headers }), 'response');
  return text(response);
}

describe('the access log', () => {
  it('an access log line contains client, method, path, status, duration and bytes', async () => {
    await using server = await serve(async (_, response) => {
      await server.clock.advance(25);
      response.writeHead(201, { 'content-length': 100 }).end('x'.repeat(100));
    });
    await ask(server, '/graphql');
    await expect.poll(() => server.lines).toHaveLength(1);
    expect(server.lines).toEqual([
      {
        level: 'debug',
        facts: {
          client: '203.0.113.7',
          method: 'GET',
          path: '/graphql',
          status: 201,
          ms: 25,
          bytes: expect.any(Number),
        },
      },
    ]);
    const bytes = Number(server.lines[0]?.facts?.bytes);
    expect(bytes).toBeGreaterThan(100);
    expect(bytes).toBeLessThan(500);
  });

  it('the duration in the access log is not negative when the wall clock jumps back', async () => {
    await using server = await serve((_, response) => {
      server.clock.step(-60_000);
      response.end();
    });
    await ask(server, '/graphql');
    await expect.poll(() => server.lines).toHaveLength(1);
    expect(server.lines[0]?.facts?.ms).toBe(0);
  });

  it('an access log line counts only the bytes of its own response on a shared connection', async () => {
    await using server = await serve((_, response) => response.end('x'.repeat(1_000)));
    const socket = connect(server.port, '127.0.0.1');
    for (let index = 1; index <= 2; index += 1) {
      socket.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
      await expect.poll(() => server.lines).toHaveLength(index);
    }
    socket.destroy();
    const [first, second] = server.lines.map(({ facts }) => facts?.bytes);
    expect(second).toBe(first);
  });

  it('an access log line contains no token', async () => {
    await using server = await serve((_, response) => response.end());
    await ask(server, '/graphql?token=SECRET', { authorization: 'Bearer SECRET', cookie: 'a=SECRET' });
    await expect.poll(() => server.lines).toHaveLength(1);
    expect(JSON.stringify(server.lines)).not.toContain('SECRET');
    expect(server.lines[0]?.facts?.path).toBe('/graphql');
  });

  it('the access log truncates a long path', async () => {
    await using server = await serve((_, response) => response.end());
    await ask(server, `/${'x'.repeat(5_000)}`);
    await expect.poll(() => server.lines).toHaveLength(1);
    expect(server.lines[0]?.facts?.path).toBe(`/${'x'.repeat(198)}…`);
  });

  it('an access log line shows when the client disconnected before the end', async () => {
    await using server = await serve((_, response) => response.write('a'));
    const socket = connect(server.port, '127.0.0.1');
    socket.write('GET /events HTTP/1.1\r\nhost: a\r\n\r\n');
    await once(socket, 'data');
    expect(server.lines).toEqual([]);
    socket.destroy();
    await expect.poll(() => server.lines).toHaveLength(1);
    expect(server.lines[0]?.facts).toMatchObject({ path: '/events', status: 200, aborted: true });
  });

  it('no access log line is created while debug is disabled', async () => {
    let listeners = -1;
    await using server = await serve((_, response) => {
      listeners = response.listenerCount('close');
      response.end();
    }, false);
    await ask(server, '/');
    expect(server.lines).toEqual([]);
    expect(listeners).toBe(0);
  });
});
