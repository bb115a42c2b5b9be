import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { createSchema } from '../../src/graphql/schema.js';
import { createMemoryProvider } from '../../src/providers/memory.js';
import { subscriptionResolvers } from '../../src/subscriptions/subscription-resolvers.js';
import { startGateway, startMemoryGateway } from '../support/gateway.js';
import { largeSession, WAIT_REASON_FIELDS } from '../support/large-session.js';
import { createManualClock } from '../support/manual-clock.js';
import { startQueryServer } from '../support/query-server.js';
import { session } from '../support/sessions.js';

const SUBSCRIPTION = 'subscription { targetChanges { reset changes { target { name phase } } } }';

/** A server-sent event. */
interface ServerSentEvent {
  event: string;
  id?: string;
  data: string;
}

/** Opens an event stream with GET, like `EventSource`. */
async function openEventStream(url: string, query: string, lastEventId?: string) {
  const abort = new AbortController();
  const response = await fetch(`${url}?query=${encodeURIComponent(query)}`, {
    headers: {
      accept: 'text/event-stream',
      ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
    },
    signal: abort.signal,
  });
  return { response, events: eventsOf(response), abort: () => abort.abort() };
}

/** A schema that counts the payloads of `targetChanges` that are executed. */
function createCountingSchema() {
  const schema = createSchema(subscriptionResolvers);
  const field = schema.getSubscriptionType()?.getFields().targetChanges;
  if (!field) throw new Error('Expected the field targetChanges.');
  let executions = 0;
  field.resolve = ({ targetChanges }) => {
    executions += 1;
    return targetChanges;
  };
  return {
    schema,
    get executions() {
      return executions;
    },
  };
}

describe('readers of one subscription over server-sent events', () => {
  it('100 of them cost one execution per update, and receive equal payloads', async () => {
    const counting = createCountingSchema();
    await using server = await startQueryServer(undefined, counting.schema);
    const put = (x: 'waiting' | 'running' | 'ready') =>
      server.store.apply('test', { type: 'upsert', session: session('a', { x }) });
    server.store.open('test');
    put('waiting');
    const url = `http://127.0.0.1:${server.port}/graphql`;
    const readers = await Promise.all(Array.from({ length: 100 }, () => openEventStream(url, SUBSCRIPTION)));
    const next = async () => {
      const events = await Promise.all(readers.map(({ events }) => events.next()));
      return new Set(events.map(({ value }) => JSON.stringify(value)));
    };
    expect(await next()).toHaveLength(1);
    expect(counting.executions).toBe(1);
    for (const phase of ['running', 'ready'] as const) {
      put(phase);
      expect(await next()).toHaveLength(1);
    }
    expect(counting.executions).toBe(3);
    for (const { abort } of readers) abort();
  });

  it('S5: an SSE client that stops reading later receives the newest state in one conflated payload, and slows no other', async () => {
    const characters = 500_000;
    const source = createMemoryProvider('wordy', [largeSession('a', 1, characters)]);
    // Its clock stands still: the connection would be closed after 10 s without progress.
    await using gateway = await startGateway({ clock: createManualClock(), providers: [source.provider] });
    await gateway.gateway.ready();
    const query = `subscription { targetChanges { conflated changes { target { ${WAIT_REASON_FIELDS} } } } }`;
    const [slow, healthy] = [
      await openEventStream(gateway.url, query),
      await openEventStream(gateway.url, query),
    ];
    const next = async ({ events }: typeof slow) => {
      const { value } = await events.next();
      const { conflated, changes } = JSON.parse(value?.data ?? '').data.targetChanges;
      return { conflated, round: Number.parseInt(changes[0].target.state.waitReason, 10) };
    };
    for (const reader of [slow, healthy]) expect(await next(reader)).toEqual({ conflated: 0, round: 0 });
    for (let round = 1; round <= 40; round += 1) {
      source.put(largeSession('a', 1, characters, round));
      expect(await next(healthy)).toEqual({ conflated: 0, round });
    }
    let last = await next(slow);
    while (last.round < 40) last = await next(slow);
    expect(last.conflated).toBeGreaterThan(0);
    for (const { abort } of [slow, healthy]) abort();
  });

  it('S4, S5: an SSE client that resumes and does not read is sent what the buffers of the system hold, and the rest when it reads', async () => {
    const characters = 500_000;
    const source = createMemoryProvider('wordy', [largeSession('a', 1, characters)]);
    await using gateway = await startGateway({ clock: createManualClock(), providers: [source.provider] });
    await gateway.gateway.ready();
    const query = `subscription { targetChanges { changes { target { ${WAIT_REASON_FIELDS} } } } }`;
    const first = await openEventStream(gateway.url, query);
    const cursor = (await first.events.next()).value?.id;
    first.abort();
    await expect.poll(() => gateway.gateway.readers).toBe(0);
    for (let round = 1; round <= 60; round += 1) source.put(largeSession('a', 1, characters, round));
    const { events, abort } = await openEventStream(gateway.url, query, cursor);
    const metrics = await (await fetch(`${gateway.origin}/metrics`)).text();
    const [, sent] = /^tilt_graphql_payloads_total\{transport="sse"\} (\d+)$/m.exec(metrics) ?? [];
    expect(Number(sent)).toBeLessThan(50);
    const rounds: number[] = [];
    while (rounds.at(-1) !== 60) {
      const { changes } = JSON.parse((await events.next()).value?.data ?? '').data.targetChanges;
      rounds.push(Number.parseInt(changes[0].target.state.waitReason, 10));
    }
    expect(rounds).toEqual(Array.from({ length: 60 }, (_, index) => index + 1));
    abort();
  });
});

describe('server-sent events', () => {
  it('server-sent events contain each payload with its cursor as id', async () => {
    await using gateway = await startMemoryGateway([session('a', { x: 'waiting' })]);
    const { response, events, abort } = await openEventStream(gateway.url, SUBSCRIPTION);
    expect(response.headers.get('content-type')).toMatch('text/event-stream');
    expect(response.headers.get('cache-control')).toBe('no-cache, no-transform');
    expect((await events.next()).value).toMatchObject({ event: 'next', id: expect.stringMatching(/.+-\d+/) });
    gateway.source.put(session('a', { x: 'ready' }));
    const { value } = await events.next();
    expect(JSON.parse(value?.data ?? '')).toEqual({
      data: { targetChanges: { reset: false, changes: [{ target: { name: 'x', phase: 'READY' } }] } },
    });
    abort();
  });

  it('S4: an SSE stream resumes after Last-Event-ID with the missed changes', async () => {
    await using gateway = await startMemoryGateway([session('a', { x: 'waiting' })]);
    const first = await openEventStream(gateway.url, SUBSCRIPTION);
    const { value } = await first.events.next();
    first.abort();
    gateway.source.put(session('a', { x: 'running' }));
    gateway.source.put(session('a', { x: 'ready' }));
    const second = await openEventStream(gateway.url, SUBSCRIPTION, value?.id);
    for (const phase of ['RUNNING', 'READY']) {
      const { value: next } = await second.events.next();
      expect(JSON.parse(next?.data ?? '')).toMatchObject({
        data: { targetChanges: { reset: false, changes: [{ target: { name: 'x', phase } }] } },
      });
    }
    second.abort();
  });

  it('S7: a gateway that was closed has no pending timer, although its clients have not disconnected', async () => {
    const clock = createManualClock();
    await using started = await startGateway({ clock });
    await fetch(`${started.origin}/healthz`);
    const { abort } = await openEventStream(started.url, SUBSCRIPTION);
    expect(clock.pending).toBeGreaterThan(0);
    await started.gateway.close();
    await expect.poll(() => clock.pending).toBe(0);
    abort();
  });

  it('S7: an idle SSE stream is freed when its client disconnects', async () => {
    await using gateway = await startMemoryGateway([session('a')]);
    const { events, abort } = await openEventStream(gateway.url, SUBSCRIPTION);
    await events.next();
    expect(gateway.gateway.readers).toBe(1);
    abort();
    await expect.poll(() => gateway.gateway.readers).toBe(0);
  });

  it('an SSE stream of an invalid subscription contains the errors and ends', async () => {
    await using gateway = await startMemoryGateway([session('a'), session('b')]);
    const { events } = await openEventStream(gateway.url, SUBSCRIPTION);
    const { value } = await events.next();
    expect(value?.data).toContain('Specify the id of one: a/Tiltfile, b/Tiltfile');
    expect((await events.next()).value?.event).toBe('complete');
  });

  it('SSE streams end without "complete" when the gateway stops, so that clients reconnect', async () => {
    const gateway = await startMemoryGateway([session('a')]);
    const { events } = await openEventStream(gateway.url, SUBSCRIPTION);
    await events.next();
    await gateway[Symbol.asyncDispose]();
    expect((await events.next()).done).toBe(true);
  });

  it('S7: SSE streams can follow one another on one connection and are freed when it closes', async () => {
    await using gateway = await startMemoryGateway([session('a')]);
    const { port } = new URL(gateway.url);
    const socket = connect(Number(port), '127.0.0.1');
    const path = `/graphql?query=${encodeURIComponent('subscription { sessionChanges { cursor } }')}`;
    const request = `GET ${path} HTTP/1.1\r\nhost: localhost\r\naccept: text/event-stream\r\n\r\n`;
    socket.write(request.repeat(3));
    await expect.poll(() => gateway.gateway.readers).toBe(1);
    socket.destroy();
    await expect.poll(() => gateway.gateway.readers).toBe(0);
  });
});

async function* eventsOf(response: Response): AsyncGenerator<ServerSentEvent, undefined> {
  let buffered = '';
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    buffered += chunk;
    const blocks = buffered.split('\n\n');
    buffered = blocks.pop() ?? '';
    for (const block of blocks) {
      const fields = block.split('\n').filter((line) => !line.startsWith(':'));
      if (fields.length === 0) continue;
      const pairs = fields.map((line) => [
        line.split(':', 1)[0],
        line.slice(line.indexOf(':') + 1).trimStart(),
      ]);
      yield { event: '', data: '', ...Object.fromEntries(pairs) };
    }
  }
  return undefined;
}
