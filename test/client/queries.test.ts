import { parse } from 'graphql';
import { describe, expect, it } from 'vitest';
import { createClient, type TypedDocument } from '../../src/client/client.js';
import { openDisposableClient } from '../support/disposable-client.js';
import { startGateway, startMemoryGateway } from '../support/gateway.js';
import { readIterator } from '../support/iterator-reader.js';
import { advanceUntil, createManualClock } from '../support/manual-clock.js';
import { withFacts } from '../support/resource-facts.js';
import { type ScriptedResponse, startScriptedGateway } from '../support/scripted-gateway.js';
import { session } from '../support/sessions.js';

describe('query', () => {
  it('query executes a string with variables', async () => {
    await using gateway = await startMemoryGateway([session('a', { x: 'ready' })]);
    await using client = openDisposableClient({ url: gateway.url });
    const document = 'query ($name: String!) { target(name: $name) { phase } }';
    expect(await client.query(document, { name: 'x' })).toEqual({ target: { phase: 'READY' } });
  });

  it('query executes a typed document and returns its type', async () => {
    await using gateway = await startMemoryGateway([session('a')]);
    await using client = openDisposableClient({ url: gateway.url });
    const document: TypedDocument<{ session: { id: string } | null }, { id: string }> = {
      toString: () => 'query ($id: ID) { session(id: $id) { id } }',
    };
    const { session: found } = await client.query(document, { id: 'a/Tiltfile' });
    expect(found?.id).toBe('a/Tiltfile');
  });

  it('query rejects a parsed document, which has no text', async () => {
    await using client = openDisposableClient({});
    await expect(client.query({ ...parse('{ session { id } }') })).rejects.toThrow(
      /^document: expected a string or a typed document/,
    );
  });

  it('session returns one Session, and sessions returns all 1,001 of them', async () => {
    const all = Array.from({ length: 1_001 }, (_, n) => session(`tilt-${10_000 + n}`));
    await using gateway = await startMemoryGateway(all);
    await using client = openDisposableClient({ url: gateway.url });
    expect((await client.session('tilt-10007/Tiltfile'))?.instance).toBe('tilt-10007');
    expect(await client.session('tilt-1/Tiltfile')).toBeNull();
    expect((await client.sessions()).map(({ id }) => id)).toEqual(all.map(({ id }) => id));
  });

  it('resources returns the resources of one Session with their facts, and null without the Session', async () => {
    await using gateway = await startMemoryGateway([withFacts(session('a', { 'api:serve': 'ready' }))]);
    await using client = openDisposableClient({ url: gateway.url });
    expect(await client.resources({ session: 'a/Tiltfile' })).toMatchObject([
      { name: 'api', labels: ['backend'], links: [{ url: 'http://localhost:8080', name: 'page' }] },
      { name: 'tiltfile', labels: null, links: null },
    ]);
    expect(await client.resources()).toHaveLength(2);
    expect(await client.resources({ session: 'b/Tiltfile' })).toBeNull();
  });

  it('query rejects an invalid document with the error of the gateway', async () => {
    await using gateway = await startMemoryGateway();
    await using client = openDisposableClient({ url: gateway.url });
    await expect(client.query('{ sesion { id } }')).rejects.toMatchObject({
      name: 'ClientError',
      code: 'GRAPHQL',
      message: 'Cannot query field "sesion" on type "Query". Did you mean "session" or "sessions"?',
    });
  });

  const answers: [string, ScriptedResponse, string, string | RegExp][] = [
    [
      'an HTML page',
      { status: 200, body: '<html>' },
      'PROTOCOL',
      /: expected a GraphQL response, got status 200$/,
    ],
    ['an empty body', { status: 200, body: '' }, 'PROTOCOL', /got status 200$/],
    ['null', { status: 200, body: 'null' }, 'PROTOCOL', /got status 200$/],
    ['no data', { status: 200, body: '{"data":null}' }, 'PROTOCOL', /got status 200$/],
    ['a list', { status: 200, body: '[1]' }, 'PROTOCOL', /got status 200$/],
    ['status 404', { status: 404, body: '' }, 'PROTOCOL', /got status 404$/],
    ['status 502 of a proxy', { status: 502, body: '<html>' }, 'UNREACHABLE', /: status 502$/],
    [
      'status 401',
      { status: 401, body: '{"errors":[{"message":"A token is required."}]}' },
      'UNAUTHENTICATED',
      /: A token is required.$/,
    ],
    [
      'status 403',
      { status: 403, body: '{"errors":[{"message":"Origin not allowed."}]}' },
      'REFUSED',
      /: Origin not allowed.$/,
    ],
    ['status 429', { status: 429, body: '' }, 'REFUSED', /: status 429$/],
    [
      'two errors, one with a line break',
      { status: 400, body: '{"errors":[{"message":"a\\nb"},{"message":"c"}]}' },
      'GRAPHQL',
      'a b; c',
    ],
    [
      'an error with an empty message',
      { status: 200, body: '{"errors":[{"message":""}]}' },
      'GRAPHQL',
      /without a message/,
    ],
    ['malformed errors', { status: 200, body: '{"errors":[7]}' }, 'GRAPHQL', 'an error without a message'],
  ];

  it.each(answers)('the error for %s has a code and one line', async (_, answer, code, message) => {
    await using gateway = await startScriptedGateway({ onQuery: () => answer });
    await using client = openDisposableClient({ url: gateway.url });
    const error = await client.session().catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: 'ClientError', code, message: expect.stringMatching(message) });
    expect(String(error)).not.toContain('\n');
  });

  it('query tries the next gateway when one is unreachable, and rejects with the cause when all are', async () => {
    const gone = await startGateway();
    await gone.gateway.close();
    await using broken = await startScriptedGateway({ onQuery: () => ({ status: 503, body: '' }) });
    await using gateway = await startMemoryGateway([session('a')]);
    await using client = openDisposableClient({ urls: [gone.url, broken.url, gateway.url] });
    expect((await client.session())?.id).toBe('a/Tiltfile');
    await using lost = openDisposableClient({ url: gone.url });
    await expect(lost.session()).rejects.toMatchObject({
      code: 'UNREACHABLE',
      message: expect.stringMatching(/^http:\S+ cannot be reached: connect ECONNREFUSED \S+$/),
    });
  });

  it('query names every gateway if none of several answers, up to three', async () => {
    const urls = [2, 3, 4, 5, 6].map((port) => `http://127.0.0.1:${port}/graphql`);
    const refused = (url = '') => `${url} cannot be reached: connect ECONNREFUSED ${new URL(url).host}`;
    await using two = openDisposableClient({ urls: urls.slice(0, 2) });
    await expect(two.session()).rejects.toMatchObject({
      code: 'UNREACHABLE',
      message: urls.slice(0, 2).map(refused).join('; '),
    });
    await using five = openDisposableClient({ urls });
    await expect(five.session()).rejects.toMatchObject({
      message: `${urls.slice(0, 3).map(refused).join('; ')}; and 2 more`,
    });
  });

  it('query and watch say that the address of a gateway without TLS starts with http', async () => {
    await using gateway = await startMemoryGateway([session('a')]);
    const url = gateway.url.replace('http:', 'https:');
    await using client = openDisposableClient({ url });
    const error = `${url} cannot be reached: the server does not speak TLS; use http://`;
    await expect(client.session()).rejects.toMatchObject({ code: 'UNREACHABLE', message: error });
    await using views = readIterator(client.watchTargets());
    expect((await views.next()).link.error).toBe(error);
  });

  it('query rejects after 30 s without a response', async () => {
    const clock = createManualClock();
    await using gateway = await startScriptedGateway({ onQuery: () => null });
    await using client = openDisposableClient({ url: gateway.url }, { clock, random: () => 1 });
    const answer = client.session().catch((error: unknown) => error);
    await expect.poll(() => clock.pending).toBe(1);
    await clock.advance(30_000);
    expect(await answer).toMatchObject({
      code: 'UNREACHABLE',
      message: `${gateway.url} cannot be reached: no response within 30 s`,
    });
    expect(clock.pending).toBe(0);
  });

  it('a token function that never returns fails a query after 30 s and a connection after 10 s', async () => {
    const clock = createManualClock();
    await using client = openDisposableClient(
      { token: () => new Promise(() => {}) },
      { clock, random: () => 1 },
    );
    const answer = client.session().catch((error: unknown) => error);
    await clock.advance(30_000);
    expect(await answer).toMatchObject({ code: 'UNREACHABLE' });
    await using views = readIterator(client.watchTargets());
    const first = views.next();
    await clock.advance(10_000);
    expect((await first).link.error).toBe('token: the token function did not return within 10 s');
  });

  it('a query rejects with the reason of its signal, and with CLOSED when the client is closed', async () => {
    await using gateway = await startMemoryGateway([session('a')]);
    const client = createClient({ url: gateway.url });
    await expect(
      client.session(undefined, { signal: AbortSignal.abort(new Error('enough')) }),
    ).rejects.toThrow('enough');
    const aborting = new AbortController();
    const aborted = client.session(undefined, { signal: aborting.signal });
    aborting.abort(new Error('enough'));
    await expect(aborted).rejects.toThrow('enough');
    const pending = client.session();
    client.close();
    await expect(pending).rejects.toMatchObject({ code: 'CLOSED', message: 'The client was closed.' });
    await expect(client.sessions()).rejects.toMatchObject({ code: 'CLOSED' });
  });
});

describe('subscribe', () => {
  it('subscribe yields each payload unchanged', async () => {
    await using gateway = await startMemoryGateway([session('a', { x: 'waiting' })]);
    await using client = openDisposableClient({ url: gateway.url });
    const seen: unknown[] = [];
    for await (const data of client.subscribe(
      'subscription ($id: ID) { session(id: $id) { verdict { state } } }',
      { id: 'a/Tiltfile' },
    )) {
      seen.push(data);
      if (seen.length === 2) break;
      gateway.source.put(session('a', { x: 'ready' }));
    }
    expect(seen).toEqual([
      { session: { verdict: { state: 'PENDING' } } },
      { session: { verdict: { state: 'PASSED' } } },
    ]);
    await expect.poll(() => gateway.gateway.readers).toBe(0);
  });

  it('subscribe yields the result of a query and ends', async () => {
    await using gateway = await startMemoryGateway([session('a')]);
    await using client = openDisposableClient({ url: gateway.url });
    const seen: unknown[] = [];
    for await (const data of client.subscribe('{ session { id } }')) seen.push(data);
    expect(seen).toEqual([{ session: { id: 'a/Tiltfile' } }]);
  });

  it('subscribe throws GraphQL errors and the loss of the connection', async () => {
    await using gateway = await startMemoryGateway([session('a')]);
    await using client = openDisposableClient({ url: gateway.url });
    const wrong = client.subscribe('subscription { sesion { id } }')[Symbol.asyncIterator]();
    await expect(wrong.next()).rejects.toMatchObject({ code: 'GRAPHQL' });
    expect(await wrong.next()).toEqual({ done: true, value: undefined });
    const right = client.subscribe('subscription { session { id } }')[Symbol.asyncIterator]();
    await right.next();
    const refused = expect(right.next()).rejects.toMatchObject({
      code: 'UNREACHABLE',
      message: expect.stringContaining('closed the connection with code 1001'),
    });
    await gateway.gateway.close();
    await refused;
  });

  it('subscribe uses the second gateway if the first one cannot be reached or is silent', async () => {
    const clock = createManualClock();
    await using gone = await startGateway();
    await gone.gateway.close();
    await using silent = await startScriptedGateway({ onMessage() {} });
    await using gateway = await startMemoryGateway([session('a')]);
    for (const first of [gone, silent]) {
      const urls = [first.url, gateway.url];
      await using client = openDisposableClient({ urls }, { clock, random: () => 1 });
      await using payloads = readIterator(client.subscribe('subscription { session { id } }'));
      const payload = payloads.next();
      if (first === silent) await expect.poll(() => silent.received.length).toBe(1);
      await advanceUntil(clock, () => gateway.gateway.readers === 1);
      expect(await payload).toEqual({ session: { id: 'a/Tiltfile' } });
    }
  });

  it('subscribe throws when all gateways have failed, and when the one that it uses is lost', async () => {
    const gone = [await startGateway(), await startGateway()];
    for (const { gateway } of gone) await gateway.close();
    const urls = gone.map(({ url }) => url);
    await using client = openDisposableClient({ urls });
    const message = expect.stringMatching(`${urls[0]} cannot be reached.*; ${urls[1]} cannot be reached`);
    const payload = readIterator(client.subscribe('subscription { session { id } }')).next();
    await expect(payload).rejects.toMatchObject({ code: 'UNREACHABLE', message });

    await using used = await startMemoryGateway([session('a')]);
    await using other = await startMemoryGateway([session('a')]);
    await using both = openDisposableClient({ urls: [used.url, other.url] });
    await using payloads = readIterator(both.subscribe('subscription { session { id } }'));
    await payloads.next();
    await used.gateway.close();
    await expect(payloads.next()).rejects.toMatchObject({ code: 'UNREACHABLE' });
    expect(other.gateway.readers).toBe(0);
  });

  it('subscribe throws TOO_SLOW when more than 1,000 payloads are unread', async () => {
    const payload = { type: 'next', payload: { data: { n: 1 } } };
    await using gateway = await startScriptedGateway({
      onMessage(message, socket) {
        if (message.type === 'connection_init') socket.send('{"type":"connection_ack"}');
        if (message.type !== 'subscribe') return;
        for (let n = 0; n <= 1_001; n += 1) socket.send(JSON.stringify({ ...payload, id: message.id }));
      },
    });
    await using client = openDisposableClient({ url: gateway.url });
    const stream = client.subscribe('subscription { n }')[Symbol.asyncIterator]();
    await expect.poll(() => gateway.received.at(-1)?.type, { timeout: 20_000 }).toBe('complete');
    for (let n = 0; n < 1_000; n += 1) expect(await stream.next()).toEqual({ done: false, value: { n: 1 } });
    await expect(stream.next()).rejects.toMatchObject({ code: 'TOO_SLOW' });
  });
});
