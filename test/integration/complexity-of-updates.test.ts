import { describe, expect, it } from 'vitest';
import { createMemoryProvider, type MemorySource } from '../../src/providers/memory.js';
import type { Limits } from '../../src/server/limits.js';
import { startGateway, type TestGateway } from '../support/gateway.js';
import { largeSession, WAIT_REASON_FIELDS } from '../support/large-session.js';
import { openPausableSocket } from '../support/pausable-socket.js';
import { session } from '../support/sessions.js';
import { initWebSocket } from '../support/web-socket-client.js';

/** Larger than the socket buffers of a local connection. */
const LONG = 16 * 1_000_000;

const LONG_QUERY = `{ session(id: "long/Tiltfile") { status { targets { ${WAIT_REASON_FIELDS} } } } }`;

const ONE_QUERY = `{ target(session: "long/Tiltfile", name: "t0") { ${WAIT_REASON_FIELDS} } }`;

const TARGETS = '{ session(id: "late/Tiltfile") { status { targets { id name phase } } } }';

/** Starts a gateway that does not know the Session `late` yet. */
async function start(limits: Partial<Limits>): Promise<TestGateway & { readonly source: MemorySource }> {
  const source = createMemoryProvider('test', [largeSession('long', 16, LONG / 16)]);
  const gateway = await startGateway({ providers: [source.provider], limits });
  await gateway.gateway.ready();
  return { ...gateway, source };
}

/** The Session `late` with so many targets and `tiltfile:update`. */
function lateSession(count: number) {
  return session('late', Object.fromEntries(Array.from({ length: count }, (_, n) => [`t${n}`, 'running'])));
}

/** Opens an event stream and collects its text. */
async function openEventStream({ url }: TestGateway, query: string) {
  const abort = new AbortController();
  const response = await fetch(`${url}?query=${encodeURIComponent(query)}`, {
    headers: { accept: 'text/event-stream' },
    signal: abort.signal,
  });
  const stream = { text: '', abort: () => abort.abort() };
  void (async () => {
    try {
      for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? [])
        stream.text += chunk;
    } catch {
      // Aborted.
    }
  })();
  return stream;
}

function countOf(text: string, part: string): number {
  return text.split(part).length - 1;
}

describe('the complexity of data that appears after an operation was accepted', () => {
  it('S4: an SSE reader receives an error without an id above the limit, and a reset afterwards', async () => {
    await using gateway = await start({ complexity: 1_000 });
    const stream = await openEventStream(
      gateway,
      'subscription { targetChanges(session: "late/Tiltfile") { reset changes { target { id name phase } } } }',
    );
    await expect.poll(() => stream.text).toContain('"changes":[]');
    gateway.source.put(lateSession(300));
    await expect.poll(() => stream.text).toMatch(/\n\nevent: next\ndata: .*QUERY_TOO_COMPLEX.*\n\n$/);
    gateway.source.put(lateSession(299));
    gateway.source.put(lateSession(2));
    await expect.poll(() => countOf(stream.text, '"reset":true')).toBe(2);
    expect(countOf(stream.text, 'QUERY_TOO_COMPLEX')).toBe(1);
    const late = await openEventStream(gateway, `subscription ${TARGETS}`);
    await expect.poll(() => late.text).toContain('tiltfile:update');
    const metrics = await (await fetch(`${gateway.origin}/metrics`)).text();
    expect(metrics).toMatch(/rejections_total\{reason="query_too_complex"\} [1-9]/);
    for (const { abort } of [stream, late]) abort();
  });

  it('the sum of a WebSocket includes the largest payload of each subscription', async () => {
    await using gateway = await start({ complexity: 60_000 });
    const client = await initWebSocket(gateway.webSocketUrl);
    const subscribe = (id: string) =>
      client.send({ id, type: 'subscribe', payload: { query: `subscription ${TARGETS}` } });
    subscribe('first');
    await expect.poll(() => JSON.stringify(client.messages)).toContain('"session":null');
    gateway.source.put(lateSession(10_000));
    await expect.poll(() => JSON.stringify(client.messages)).toContain('tiltfile:update');
    subscribe('second');
    await expect.poll(() => client.messages.at(-1)).toMatchObject({ id: 'second', type: 'error' });
    expect(JSON.stringify(client.messages.at(-1))).toMatch(/at most 60000 in total, got 60\d\d\d\./);
    client.socket.terminate();
  });

  it('a queued query is rejected if its data has grown above the limit before it is executed', async () => {
    await using gateway = await start({ complexity: 50_000, unsentBytes: 1 });
    gateway.source.put(lateSession(5_000));
    const held = openPausableSocket(gateway.origin);
    held.pause();
    held.socket.write(
      `GET /graphql?query=${encodeURIComponent(LONG_QUERY)} HTTP/1.1\r\nhost: localhost\r\naccept: application/json\r\n\r\n`,
    );
    const load = async () =>
      (await (await fetch(`${gateway.origin}/metrics`)).text()).match(
        /^\w*unsent_large_bytes.* (\d+)$/m,
      )?.[1];
    await expect.poll(load, { timeout: 20_000 }).toMatch(/^\d{8}$/);
    const answer = gateway.query<object>(TARGETS);
    await new Promise((resolve) => setTimeout(resolve, 200));
    gateway.source.put(lateSession(19_000));
    held.socket.destroy();
    expect(await answer).toMatchObject({ errors: [{ extensions: { code: 'QUERY_TOO_COMPLEX' } }] });
  });

  it('a query that waits until its WebSocket drains is rejected if its data has grown above the limit', async () => {
    await using gateway = await start({ complexity: 1_000 });
    const held = openPausableSocket(gateway.webSocketUrl);
    const client = await initWebSocket(gateway.webSocketUrl, undefined, {
      createConnection: () => held.socket,
    });
    client.socket.pause();
    // Their answers of 1 MB are sent at once, until the buffer is full.
    held.socket.cork();
    for (let n = 0; n < 12; n += 1)
      client.send({ id: `long${n}`, type: 'subscribe', payload: { query: ONE_QUERY } });
    client.send({ id: 'late', type: 'subscribe', payload: { query: TARGETS } });
    held.socket.uncork();
    await new Promise((resolve) => setTimeout(resolve, 200));
    gateway.source.put(lateSession(400));
    client.socket.resume();
    await expect
      .poll(() => client.messages.find((message) => JSON.stringify(message).startsWith('{"id":"late"')), {
        timeout: 20_000,
      })
      .toMatchObject({ type: 'error', payload: [{ extensions: { code: 'QUERY_TOO_COMPLEX' } }] });
    client.socket.terminate();
  });
});
