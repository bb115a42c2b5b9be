import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Change } from '../../src/model/change.js';
import { startMemoryGateway } from '../support/gateway.js';
import { createTestLog, logLine } from '../support/log-lines.js';
import { query } from '../support/queries.js';
import { type QueryServer, type RequestOptions, startQueryServer } from '../support/query-server.js';
import { sendRaw } from '../support/raw-request.js';
import { session, type states } from '../support/sessions.js';

const A = '{ session(id: "a/Tiltfile") { id status { targets { name phase } } } }';
const JSON_TYPE = { 'content-type': 'application/json' };

/** Starts a server with the Sessions `a` and `b`. */
async function startWithSessions(...limits: Parameters<typeof startQueryServer>): Promise<QueryServer> {
  const server = await startQueryServer(...limits);
  server.store.open('test');
  server.store.apply('test', {
    type: 'snapshot',
    sessions: [session('a', { x: 'waiting' }), session('b', { y: 'failed' })],
  });
  return server;
}

describe('a response with lines of a log', () => {
  const LOG = '{ session(id: "a/Tiltfile") { resources { name log { text } } } }';

  async function startWithLog() {
    const server = await startWithSessions();
    const log = createTestLog();
    server.store.apply('test', { type: 'log', id: 'a/Tiltfile', log });
    return { server, write: (text: string) => log.append(logLine(text, { resource: 'x' })) };
  }

  it('a query that selects a log has the newest lines, and 304 only if they are the same', async () => {
    const { server, write } = await startWithLog();
    await using _ = server;
    write('one');
    const first = await server.get(LOG);
    expect(first.body).toContain('"log":[{"text":"one"}]');
    expect((await server.get(LOG, { 'if-none-match': first.etag })).status).toBe(304);
    write('two');
    const second = await server.get(LOG, { 'if-none-match': first.etag });
    expect(second.status).toBe(200);
    expect(second.body).toContain('"log":[{"text":"one"},{"text":"two"}]');
    expect(server.executions).toBe(3);
  });

  it('the limit of a response in bytes applies to long lines', async () => {
    await using server = await startWithSessions();
    const log = createTestLog();
    server.store.apply('test', { type: 'log', id: 'a/Tiltfile', log });
    log.append(...Array.from({ length: 1_000 }, () => logLine('x'.repeat(4_194), { resource: 'x' })));
    const repeated = (times: number) => {
      const aliases = Array.from({ length: times }, (_, index) => `a${index}: log(last: 1000) { text }`);
      return server.post(`{ session(id: "a/Tiltfile") { resources { ${aliases.join(' ')} } } }`);
    };
    expect((await repeated(4)).body.length).toBeGreaterThan(16 * 2 ** 20);
    expect((await repeated(9)).body).toContain('RESPONSE_TOO_LARGE');
  });

  it('a query that selects no log keeps its cached response while lines arrive', async () => {
    const { server, write } = await startWithLog();
    await using _ = server;
    const first = await server.get(A);
    write('one');
    expect(await server.get(A)).toEqual(first);
    expect((await server.get(A, { 'if-none-match': first.etag })).status).toBe(304);
    expect(server.executions).toBe(1);
  });
});

describe('a cached response', () => {
  it.each([
    ['GET', 'application/json'],
    ['GET', 'application/graphql-response+json'],
    ['POST', 'application/json'],
    ['POST', 'application/graphql-response+json'],
  ])(
    'a cached response has the same bytes and headers as the first response: %s, %s',
    async (method, accept) => {
      await using server = await startWithSessions();
      const body = method === 'POST' ? JSON.stringify({ query: A }) : '';
      const path = method === 'POST' ? '/graphql' : `/graphql?query=${encodeURIComponent(A)}`;
      const headers = { accept, ...(body && { ...JSON_TYPE, 'content-length': body.length }) };
      const first = await server.send({ method, path, headers, body });
      expect(first).toMatchObject({ status: 200, etag: expect.stringMatching(/^"[\w-]{22}"$/) });
      expect(first.headers).toEqual([
        'content-type',
        `${accept}; charset=utf-8`,
        'content-length',
        String(first.body.length),
        'etag',
        first.etag,
        'cache-control',
        'private, no-cache',
        'vary',
        'accept, accept-encoding, authorization, cookie, origin',
        'Connection',
        'keep-alive',
        'Keep-Alive',
        'timeout=5',
      ]);
      for (let again = 0; again < 3; again += 1) {
        expect(await server.send({ method, path, headers, body })).toEqual(first);
      }
      expect(server.executions).toBe(1);
    },
  );

  it('the Content-Length of a cached response is in bytes, and no character is lost', async () => {
    await using server = await startWithSessions();
    const reason = 'gestört – 故障 🚧';
    server.store.apply('test', { type: 'stale', error: reason });
    for (let again = 0; again < 2; again += 1) {
      const { body } = await server.post('{ session(id: "a/Tiltfile") { connection { error } } }');
      expect(JSON.parse(body)).toEqual({ data: { session: { connection: { error: reason } } } });
    }
    expect(server.executions).toBe(1);
  });

  it('a cached response is invalidated when a Session it depends on changes, and not when another does', async () => {
    await using server = await startWithSessions();
    const first = await server.post(A);
    server.store.apply('test', { type: 'upsert', session: session('b', { y: 'ready' }) });
    expect(await server.post(A)).toEqual(first);
    expect(server.executions).toBe(1);
    server.store.apply('test', { type: 'upsert', session: session('a', { x: 'ready' }) });
    const second = await server.post(A);
    expect(second.body).toContain('"READY"');
    expect(second.etag).not.toBe(first.etag);
    expect(server.executions).toBe(2);
  });

  it('a cached response is invalidated when a Session is added or removed', async () => {
    await using server = await startWithSessions();
    const ids = '{ sessions { nodes { instance } } }';
    const C = '{ session(id: "c/Tiltfile") { instance } }';
    const instances = async () => JSON.parse((await server.post(ids)).body).data.sessions.nodes;
    expect(await instances()).toHaveLength(2);
    expect(JSON.parse((await server.post(C)).body)).toEqual({ data: { session: null } });
    server.store.apply('test', { type: 'upsert', session: session('c') });
    expect(await instances()).toHaveLength(3);
    expect(JSON.parse((await server.post(C)).body)).toEqual({ data: { session: { instance: 'c' } } });
    server.store.apply('test', { type: 'remove', id: 'c/Tiltfile' });
    server.store.forget('test');
    expect(await instances()).toHaveLength(2);
    expect(JSON.parse((await server.post(C)).body)).toEqual({ data: { session: null } });
  });

  it('a cached response is invalidated when its sources change', async () => {
    await using server = await startWithSessions();
    const sources = '{ gateway { sources { name state error } } }';
    await server.post(sources);
    server.store.apply('test', { type: 'stale', error: 'connection refused' });
    expect((await server.post(sources)).body).toContain('connection refused');
  });
});

describe('the key of a cached response', () => {
  const both = 'query One { session(id: "a/Tiltfile") { id } } query Two { __typename }';
  const post = (body: object, headers: object = {}): RequestOptions => {
    const text = JSON.stringify(body);
    return { headers: { ...JSON_TYPE, 'content-length': text.length, ...headers }, body: text };
  };
  const of = 'query ($id: ID!) { node(id: $id) { id } }';
  const simple = { query: '{ __typename }' };
  const requests: RequestOptions[] = [
    post(simple),
    post({ query: '{ t: __typename }' }),
    post({ query: of, variables: { id: 'a/Tiltfile' } }),
    post({ query: of, variables: { id: 'b/Tiltfile' } }),
    post({ query: both, operationName: 'One' }),
    post({ query: both, operationName: 'Two' }),
    post(simple, { accept: 'application/json' }),
    post(simple, { accept: 'application/graphql-response+json' }),
    post(simple, { accept: 'application/json; charset=utf-8' }),
    post(simple, { accept: 'application/json; charset=iso-8859-1' }),
    post(simple, { accept: 'text/event-stream' }),
    post(simple, { accept: 'undefined' }),
    post(simple, { 'content-type': 'application/json; charset=utf-8' }),
    post(simple, { 'content-type': 'text/plain' }),
    post(simple, { 'content-type': 'application/graphql' }),
    post({ ...simple, variables: { unused: 1 } }),
    { method: 'GET', path: '/graphql?query={__typename}' },
    { method: 'GET', path: '/graphql?query={t:__typename}' },
    { method: 'GET', path: '/graphql/?query={__typename}' },
    { method: 'GET', path: '/graphql' },
    { method: 'HEAD', path: '/graphql?query={__typename}' },
    { method: 'PUT', path: '/graphql?query={__typename}' },
  ];

  it('requests that differ in any part never share a cached response', async () => {
    const alone = [];
    for (const request of requests) {
      await using server = await startWithSessions();
      alone.push(await server.send(request));
    }
    await using server = await startWithSessions();
    for (let round = 0; round < 2; round += 1) {
      for (const [index, request] of requests.entries()) {
        expect(await server.send(request), JSON.stringify(request)).toEqual(alone[index]);
      }
    }
  });

  it('clients of different scopes never share a cached response', async () => {
    await using server = await startWithSessions();
    for (const scope of ['', 'team-a', 'team-b']) await server.send(post(simple, { scope }));
    expect(server.executions).toBe(3);
    await server.send(post(simple, { scope: 'team-a' }));
    expect(server.executions).toBe(3);
  });
});

describe('If-None-Match', () => {
  it('If-None-Match is answered with 304 and no body while the response is unchanged', async () => {
    await using server = await startWithSessions();
    const { etag } = await server.get(A);
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      expect(await server.get(A, { 'if-none-match': known })).toEqual({
        status: 304,
        etag,
        body: '',
        headers: expect.arrayContaining(['etag', etag, 'cache-control', 'private, no-cache', 'vary']),
      });
    }
    expect(server.executions).toBe(1);
    expect(await server.get(A, { 'if-none-match': '"other"' })).toMatchObject({ status: 200 });
  });

  it('If-None-Match is answered with 304 also without a cache', async () => {
    await using server = await startWithSessions({ bytes: 0, responseBytes: 0 });
    const first = await server.get(A);
    expect(first.status).toBe(200);
    expect(await server.get(A, { 'if-none-match': first.etag })).toMatchObject({ status: 304, body: '' });
    expect(server.executions).toBe(2);
  });

  it('If-None-Match gets the new response after a change', async () => {
    await using server = await startWithSessions();
    const { etag } = await server.get(A);
    server.store.apply('test', { type: 'upsert', session: session('a', { x: 'ready' }) });
    expect(await server.get(A, { 'if-none-match': etag })).toMatchObject({
      status: 200,
      body: expect.stringContaining('READY'),
    });
  });

  it('If-None-Match is ignored for POST, cached or not', async () => {
    await using server = await startWithSessions();
    const body = JSON.stringify({ query: A });
    const headers = { ...JSON_TYPE, 'content-length': body.length, 'if-none-match': '*' };
    for (let again = 0; again < 2; again += 1) {
      expect(await server.send({ headers, body })).toMatchObject({ status: 200 });
    }
    expect(server.executions).toBe(1);
  });

  it('each media type has its own ETag', async () => {
    await using server = await startWithSessions();
    const tags = await Promise.all(
      ['application/json', 'application/graphql-response+json'].map((accept) => server.get(A, { accept })),
    );
    expect(tags[0]?.etag).not.toBe(tags[1]?.etag);
  });
});

describe('a response that is not cached', () => {
  it.each([
    ['a syntax error', '{', 0],
    ['a validation error', '{ nothing }', 0],
    ['a field error', '{ sessions(first: 0) { totalCount } }', 2],
    ['partial data with an error', `{ session(id: "a/Tiltfile") { id } target(name: "x") { id } }`, 2],
  ])('%s is not cached', async (_, wrong, executions) => {
    await using server = await startWithSessions();
    const first = await server.post(wrong);
    expect(JSON.parse(first.body)).toHaveProperty('errors');
    expect(first.etag).toBe('');
    expect(await server.post(wrong)).toEqual(first);
    expect(server.executions).toBe(executions);
  });

  it('a response as event stream is not cached', async () => {
    await using server = await startWithSessions();
    for (let again = 0; again < 2; again += 1) {
      const { body, etag } = await server.get(A, { accept: 'text/event-stream' });
      expect(body).toContain('event: complete');
      expect(etag).toBe('');
    }
    expect(server.executions).toBe(2);
  });

  it.each([
    ['of known length', (length: number) => ({ 'content-length': length })],
    ['in chunks', () => ({ 'transfer-encoding': 'chunked' })],
  ])('a response to a body above 64 kB is not cached, %s', async (_, lengthOf) => {
    await using server = await startWithSessions();
    const body = JSON.stringify({ query: A }) + ' '.repeat(64_000);
    for (let again = 0; again < 2; again += 1) {
      const answer = await server.send({ headers: { ...JSON_TYPE, ...lengthOf(body.length) }, body });
      expect(JSON.parse(answer.body)).toHaveProperty('data.session.id', 'a/Tiltfile');
    }
    expect(server.executions).toBe(2);
  });

  it('the least recently used response is evicted when the cache is full', async () => {
    await using server = await startWithSessions({ bytes: 5_000, responseBytes: 5_000 });
    const queries = ['one', 'two', 'three'].map((name) => `{ ${name}: __typename }`);
    for (const text of [0, 1, 0, 2]) await server.post(queries[text] ?? '');
    expect(server.executions).toBe(3);
    await server.post(queries[0] ?? '');
    expect(server.executions).toBe(3);
    await server.post(queries[1] ?? '');
    expect(server.executions).toBe(4);
  });

  it('a response above the maximum size is not cached', async () => {
    await using server = await startWithSessions({ bytes: 100_000, responseBytes: 50 });
    for (const text of ['{ __typename }', A, '{ __typename }', A]) await server.post(text);
    expect(server.executions).toBe(3);
  });
});

describe('a request body', () => {
  it('a request body may arrive in several parts', async () => {
    await using server = await startWithSessions();
    const body = JSON.stringify({ query: A });
    const headers = { ...JSON_TYPE, 'content-length': body.length };
    const whole = await server.send({ headers, body });
    expect(await server.send({ headers, body: [body.slice(0, 5), body.slice(5, 6), body.slice(6)] })).toEqual(
      whole,
    );
    expect(server.executions).toBe(1);
    const other = JSON.stringify({ query: `${A} ` });
    const pieces = { headers: { ...JSON_TYPE, 'content-length': other.length }, body: [...other] };
    expect((await server.send(pieces)).body).toBe(whole.body);
    expect(server.executions).toBe(2);
  });

  it('a chunked request body gets the same response as one of known length', async () => {
    await using server = await startWithSessions();
    const body = JSON.stringify({ query: A });
    const whole = await server.post(A);
    const headers = { ...JSON_TYPE, 'transfer-encoding': 'chunked' };
    for (const chunks of [body, [body.slice(0, 9), body.slice(9)], [...body]]) {
      expect((await server.send({ headers, body: chunks })).body).toBe(whole.body);
    }
  });

  it('a request body in 1,000 chunks of one byte is answered', async () => {
    await using server = await startWithSessions();
    const headers = { ...JSON_TYPE, 'transfer-encoding': 'chunked' };
    const body = JSON.stringify({ query: A }).padEnd(1_000);
    expect((await server.send({ headers, body: [...body] })).body).toBe((await server.post(A)).body);
  });

  it('a request body of 900 kB in chunks of one byte is rejected after 1,000 chunks', async () => {
    await using gateway = await startMemoryGateway();
    const socket = connect(Number(new URL(gateway.origin).port), '127.0.0.1');
    // The gateway closes the connection while the client still writes.
    socket.on('error', () => {});
    socket.write(
      `POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n`,
    );
    socket.write('1\r\nx\r\n'.repeat(900_000));
    const [answer] = await once(socket, 'data');
    expect(String(answer)).toMatch(/^HTTP\/1\.1 400 .*connection: close.*BODY_IN_TINY_CHUNKS/is);
    expect(String(answer)).toContain('expected at least 16 bytes per chunk on average');
    socket.destroy();
    const metrics = await (await fetch(`${gateway.origin}/metrics`)).text();
    expect(metrics).toMatch(/rejections_total\{reason="body_in_tiny_chunks"\} 1\n/);
  });

  it('a connection with a body in tiny chunks is not parsed after it was rejected, and its parser serves others', async () => {
    await using gateway = await startMemoryGateway();
    const port = Number(new URL(gateway.origin).port);
    const head = 'POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n';
    for (let round = 0; round < 3; round += 1) {
      const socket = connect(port, '127.0.0.1').resume();
      socket.on('error', () => {});
      socket.write(`${head}transfer-encoding: chunked\r\n\r\n${'1\r\nx\r\n'.repeat(900_000)}`);
      await new Promise((resolve) => socket.once('close', resolve));
      const body = '{"query":"{ __typename }"}';
      for (const rest of [
        `content-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
        `transfer-encoding: chunked\r\nconnection: close\r\n\r\n1a\r\n${body}\r\n0\r\n\r\n`,
      ]) {
        expect(await sendRaw(gateway, `${head}${rest}`)).toMatch(/^HTTP\/1\.1 200 .*"Query"/s);
      }
    }
  });

  it('a connection that goes on with tiny chunks after a body that was too long is closed', async () => {
    await using gateway = await startMemoryGateway();
    const socket = connect(Number(new URL(gateway.origin).port), '127.0.0.1').resume();
    socket.on('error', () => {});
    const long = 'x'.repeat(1_000_001);
    socket.write(
      `POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n${long.length.toString(16)}\r\n${long}\r\n`,
    );
    expect(String((await once(socket, 'data'))[0])).toMatch(/^HTTP\/1\.1 413 /);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.write('1\r\nx\r\n'.repeat(100_000));
    await closed;
  });

  it('an empty chunked request body is answered with an error', async () => {
    await using server = await startWithSessions();
    const headers = { ...JSON_TYPE, 'transfer-encoding': 'chunked' };
    const { status, body } = await server.send({ headers });
    expect([status, JSON.parse(body)]).toEqual([
      400,
      { errors: [expect.objectContaining({ extensions: { code: 'BAD_REQUEST' } })] },
    ]);
  });

  it('an empty request body may follow another request of its connection', async () => {
    await using gateway = await startMemoryGateway();
    const socket = connect(Number(new URL(gateway.origin).port), '127.0.0.1');
    const requests = ['', '', 'connection: close\r\n'].map((last) => {
      const head = `POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n${last}`;
      return `${head}transfer-encoding: chunked\r\n\r\n0\r\n\r\n`;
    });
    socket.write(requests.join(''));
    expect((await text(socket)).match(/HTTP\/1.1 400 /g)).toHaveLength(3);
  });

  it('the error for invalid JSON does not contain the request body', async () => {
    await using server = await startWithSessions();
    const { status, body } = await server.send({
      headers: JSON_TYPE,
      body: `{"query": ${'x'.repeat(1_000)}`,
    });
    expect(status).toBe(400);
    expect(JSON.parse(body)).toEqual({
      errors: [{ message: 'Expected JSON as the body.', extensions: { code: 'BAD_REQUEST' } }],
    });
  });

  it.each(['application/json', 'text/event-stream'])(
    'a request body that looks like a promise is a bad request, answered as %s',
    async (accept) => {
      await using server = await startWithSessions();
      const send = (json: string) => server.send({ headers: { ...JSON_TYPE, accept }, body: json });
      const rejected = 'Unexpected parameter \\"then\\" in the request body.';
      for (const then of ['""', 'null', '{}']) {
        const { body } = await send(`{"then":${then},"query":"{ __typename }"}`);
        expect(body).toContain(rejected);
        expect(body).toContain('BAD_REQUEST');
      }
      expect((await send('null')).body).toContain('POST body is expected to be object but received null');
      expect((await send('7')).body).toContain('POST body is expected to be object but received number');
    },
  );

  it('a request body above 1 MB is rejected, also without Content-Length', async () => {
    await using server = await startWithSessions();
    const pieces = Array.from({ length: 11 }, () => ' '.repeat(100_000));
    const headers = { ...JSON_TYPE, 'transfer-encoding': 'chunked' };
    expect(await server.send({ headers, body: pieces })).toMatchObject({ status: 413, etag: '' });
  });

  it('a client that disconnects in the middle of a request body affects no other request', async () => {
    await using server = await startWithSessions();
    const socket = connect(server.port, '127.0.0.1');
    socket.write('POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n');
    socket.write('content-length: 50\r\n\r\n{"query":');
    await once(socket, 'connect');
    socket.destroy();
    await once(socket, 'close');
    expect((await server.post(A)).status).toBe(200);
  });

  it('requests on the same connection are answered in their order', async () => {
    await using server = await startWithSessions();
    const names = ['one', 'two', 'one', 'three', 'two'];
    const requests = names.map((name, index) => {
      const body = JSON.stringify({ query: `{ ${name}: __typename }` });
      const last = index === names.length - 1 ? 'connection: close\r\n' : '';
      const head = `POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n${last}`;
      return `${head}content-length: ${body.length}\r\n\r\n${body}`;
    });
    const socket = connect(server.port, '127.0.0.1');
    socket.end(requests.join(''));
    const answers = (await text(socket)).match(/(?<="data":\{")\w+/g);
    expect(answers).toEqual(names);
  });
});

describe('a subscription by POST', () => {
  it('S7: a subscription by POST streams, and is freed when its client disconnects', async () => {
    await using gateway = await startMemoryGateway([session('a', { x: 'waiting' })]);
    const abort = new AbortController();
    const response = await fetch(gateway.url, {
      method: 'POST',
      headers: { ...JSON_TYPE, accept: 'text/event-stream' },
      body: JSON.stringify({ query: `subscription ${A}` }),
      signal: abort.signal,
    });
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    const until = async (part: string) => {
      for (let seen = ''; !seen.includes(part); ) seen += (await reader?.read())?.value ?? part;
    };
    await until('"WAITING"');
    gateway.source.put(session('a', { x: 'ready' }));
    await until('"READY"');
    expect(gateway.gateway.readers).toBe(1);
    abort.abort();
    await expect.poll(() => gateway.gateway.readers).toBe(0);
  });
});

describe('the query cache', () => {
  const QUERIES = [
    A,
    '{ session { id verdict { state reason failed { name } } connection { state error } } }',
    '{ sessions(first: 2) { totalCount nodes { id counts { ready failed } } pageInfo { hasNextPage } } }',
    '{ sessions(where: { verdict: [FAILED] }) { nodes { id } } }',
    '{ targets(where: { phase: [READY, WAITING] }) { id history { phase time } } }',
    '{ target(session: "b/Tiltfile", name: "x") { phase } node(id: "c/Tiltfile#x") { id } }',
    '{ gateway { version sources { name state since error sessionCount } } }',
    '{ session(id: "c/Tiltfile") { metadata { uid } } gateway { sources { state } } }',
  ];
  const instance = fc.constantFrom('a', 'b', 'c');
  const one = fc
    .tuple(instance, fc.constantFrom('waiting', 'ready', 'failed'), fc.constantFrom('run-1', 'run-2'))
    .map(([of, state, uid]) => session(of, { x: state satisfies keyof typeof states }, { uid }));
  const id = instance.map((of) => `${of}/Tiltfile`);
  const change: fc.Arbitrary<Change> = fc.oneof(
    one.map((made): Change => ({ type: 'upsert', session: made })),
    id.map((of): Change => ({ type: 'remove', id: of })),
    fc
      .tuple(fc.option(id), fc.constantFrom('lost', 'broken'))
      .map(([of, error]): Change => ({ type: 'stale', error, ...(of !== null && { id: of }) })),
    fc
      .uniqueArray(one, { selector: (made) => made.id })
      .map((sessions): Change => ({ type: 'snapshot', sessions })),
  );
  const source = fc.constantFrom('one', 'two');
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.record({ source, change }) },
    { weight: 1, arbitrary: fc.record({ source, turn: fc.constantFrom('open', 'close', 'forget') }) },
    { weight: 1, arbitrary: fc.record({ wait: fc.constantFrom(1_000, 3_600_000) }) },
  );

  it('after any sequence of changes, a response equals that of a fresh execution', async () => {
    let asked = 0;
    let executed = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 9 }), fc.boolean(), async (steps, byGet) => {
        await using server = await startQueryServer();
        for (const next of [null, ...steps]) {
          if (next) await applyStep(server, next);
          for (const text of QUERIES) {
            const { body } = byGet ? await server.get(text) : await server.post(text);
            asked += 1;
            const { data, errors } = await query(server.store, text);
            const fresh = { data, ...(errors && { errors: JSON.parse(JSON.stringify(errors)) }) };
            expect(JSON.parse(body)).toEqual(fresh);
          }
        }
        executed += server.executions;
      }),
      { numRuns: 25 },
    );
    expect(executed).toBeLessThan(asked);
  });

  type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

  async function applyStep({ store, clock }: QueryServer, next: Step): Promise<void> {
    if ('wait' in next) return clock.advance(next.wait);
    if ('change' in next) return store.apply(next.source, next.change);
    const isOpen = store.sources().some(({ name }) => name === next.source);
    if (next.turn === 'open' && !isOpen) store.open(next.source);
    if (next.turn === 'close') store.close(next.source, 'it has left');
    if (next.turn === 'forget') store.forget(next.source);
  }
});
