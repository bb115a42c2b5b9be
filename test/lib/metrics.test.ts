import { parse } from 'graphql';
import { CloseCode } from 'graphql-ws';
import { describe, expect, it } from 'vitest';
import { trackReads } from '../../src/graphql/reads.js';
import { createSchema } from '../../src/graphql/schema.js';
import { silentLog } from '../../src/lib/log.js';
import { createMetrics, MAX_SOURCES, OTHER } from '../../src/lib/metrics.js';
import { keepWatching } from '../../src/providers/keep-watching.js';
import { createMemoryProvider } from '../../src/providers/memory.js';
import { answerOf } from '../../src/server/http/answer.js';
import { createQueryCache, DEFAULT_QUERY_CACHE_LIMITS } from '../../src/server/http/query-cache.js';
import { createStore } from '../../src/store/store.js';
import { createLive } from '../../src/subscriptions/live.js';
import { PushedReader } from '../../src/subscriptions/pushed-reader.js';
import { createSubscriptionResolvers } from '../../src/subscriptions/subscription-resolvers.js';
import { createTurn } from '../../src/subscriptions/turn.js';
import { followTilt } from '../support/follow-tilt.js';
import { createManualClock } from '../support/manual-clock.js';
import { createRecordingSink } from '../support/recording-sink.js';
import { sessionJson } from '../support/session-json.js';
import { session } from '../support/sessions.js';
import { createTiltServer } from '../support/tilt-server.js';

const limits = { updates: 3, sessions: 2 };
const schema = createSchema(createSubscriptionResolvers(limits));

/** A live layer that counts, whose turns end when the test says so. */
function startLive() {
  let endTurn = () => {};
  const turn = createTurn({
    schedule(end) {
      endTurn = end;
    },
    // By a clock that stands still no turn takes long, so that none rests: on a busy machine some would.
    clock: createManualClock(),
  });
  const store = createStore({ clock: createManualClock(), epoch: 'e' });
  store.open('test');
  const metrics = createMetrics();
  const live = createLive({ log: silentLog, turn, limits, metrics });
  const put = (phase: 'waiting' | 'running' | 'ready' | 'failed') => {
    store.apply('test', { type: 'upsert', session: session('a', { x: phase }) });
    endTurn();
  };
  put('waiting');
  const contextValue = { store, version: 'test', scope: '', lastEventId: null };
  const args = (document: string, variableValues = {}) => ({
    schema,
    document: parse(document),
    variableValues,
    contextValue,
  });
  return {
    metrics,
    store,
    put,
    async push(document: string, variables = {}) {
      const reader = await live.push(args(document, variables), { send() {} });
      if (!(reader instanceof PushedReader)) throw new Error(reader.errors?.map(String).join());
      return reader;
    },
    async pull(document: string) {
      const stream = await live.pull(args(document));
      if (!(Symbol.asyncIterator in stream)) throw new Error(stream.errors?.map(String).join());
      return stream;
    },
    open: () => [
      metrics.gauges.pushedReaders?.(),
      metrics.gauges.pulledReaders?.(),
      metrics.gauges.groups?.(),
    ],
  };
}

const CHANGES = 'subscription ($since: String) { targetChanges(since: $since) { cursor changes { type } } }';
const DONE = 'subscription { session { status { done } } }';

describe('metrics of readers count', () => {
  it('open readers by transport, and distinct subscriptions', async () => {
    const { push, pull, open } = startLive();
    expect(open()).toEqual([0, 0, 0]);
    const [one, two, three] = [await push(CHANGES), await push(DONE), await pull(DONE)];
    expect(open()).toEqual([2, 1, 2]);
    one.end();
    two.end();
    await three.return(undefined);
    expect(open()).toEqual([0, 0, 0]);
  });

  it('each payload that was delivered, and none that was not sent', async () => {
    const { metrics, push, pull, put } = startLive();
    await push(CHANGES);
    await push(CHANGES);
    await push(DONE);
    const stream = await pull(CHANGES);
    await stream.next();
    expect([metrics.pushed.payloads, metrics.pulled.payloads]).toEqual([3, 1]);
    put('ready');
    await stream.next();
    expect([metrics.pushed.payloads, metrics.pulled.payloads]).toEqual([5, 2]);
  });

  it('S5: the updates that were merged for a slow reader, and the reader as lagging meanwhile', async () => {
    const { metrics, push, pull, put } = startLive();
    const reader = await push(CHANGES);
    const stream = await pull(CHANGES);
    await stream.next();
    reader.pause();
    reader.pause();
    expect(metrics.pushed.lagging).toBe(1);
    for (const phase of ['running', 'ready', 'failed', 'running', 'ready'] as const) put(phase);
    reader.resume();
    await stream.next();
    expect([metrics.pushed.conflated, metrics.pulled.conflated]).toEqual([5, 5]);
    expect([metrics.pushed.payloads, metrics.pulled.payloads]).toEqual([2, 2]);
    expect(metrics.pushed.lagging).toBe(0);
  });

  it('S4: the updates that were merged for a reader that resumed', async () => {
    const { metrics, store, push, put } = startLive();
    const since = store.cursor();
    for (const phase of ['running', 'ready'] as const) put(phase);
    await push(CHANGES, { since });
    expect(metrics.pushed.conflated).toBe(0);
    for (const phase of ['running', 'ready'] as const) put(phase);
    await push(CHANGES, { since });
    expect(metrics.pushed.conflated).toBe(4);
  });

  it('no reader as lagging after it has left', async () => {
    const { metrics, push } = startLive();
    const reader = await push(CHANGES);
    reader.pause();
    reader.end();
    reader.end();
    expect(metrics.pushed.lagging).toBe(0);
  });
});

describe('metrics of a source count', () => {
  it('its changes, their last time, and its restarts', async () => {
    const clock = createManualClock(1_000);
    const memory = createMemoryProvider('shop', [session('shop')]);
    const metrics = createMetrics();
    const ending = new AbortController();
    const run = keepWatching({
      provider: memory.provider,
      sink: createRecordingSink(),
      clock,
      random: () => 1,
      log: silentLog,
      signal: ending.signal,
      metrics,
    });
    await clock.advance(10);
    expect(metrics.sources.get('shop')).toMatchObject({ changes: 1, lastChangeAt: 1_000, restarts: 0 });
    memory.fail(new Error('broken'));
    await clock.advance(790);
    expect(metrics.sources.get('shop')).toMatchObject({ changes: 1, lastChangeAt: 1_000, restarts: 1 });
    await clock.advance(100);
    expect(metrics.sources.get('shop')).toMatchObject({ changes: 2, lastChangeAt: 1_810, restarts: 1 });
    // A stale change is not counted.
    memory.markStale('away');
    await clock.advance(100);
    expect(metrics.sources.get('shop')).toMatchObject({ changes: 2, lastChangeAt: 1_810 });
    ending.abort();
    await run;
  });

  it('the reasons for which a Tilt was listed again', async () => {
    const metrics = createMetrics();
    await using server = await createTiltServer({ sessions: [sessionJson({ uid: 'a' })] });
    await using tilt = await followTilt(server, { metrics });
    await tilt.until(() => tilt.count('snapshot') === 1);
    await server.until(() => server.openWatches === 1);
    expect(metrics.sources.get('tilt-default')?.relists).toEqual({
      ended: 0,
      expired: 0,
      failed: 0,
      dead: 0,
    });
    await server.cut();
    await tilt.until(() => tilt.count('snapshot') === 2);
    expect(metrics.sources.get('tilt-default')?.relists).toEqual({
      ended: 1,
      expired: 0,
      failed: 0,
      dead: 0,
    });
  });
});

describe('metrics of the query cache count', () => {
  it('hits, misses, and the cached answers', () => {
    const metrics = createMetrics();
    const cache = createQueryCache(DEFAULT_QUERY_CACHE_LIMITS, metrics);
    const store = createStore({ clock: createManualClock(), epoch: 'e' });
    store.open('test');
    const reads = trackReads(store);
    reads.store.get('a/Tiltfile');
    const kept = () => [metrics.gauges.queryCacheAnswers?.(), metrics.gauges.queryCacheBytes?.()];

    cache.find('a');
    expect(kept()).toEqual([0, 0]);
    cache.keep('a', answerOf('xxx', 'application/json'), reads);
    cache.find('a');
    cache.find('a');
    expect(kept()).toEqual([1, expect.any(Number)]);
    expect(metrics.queryCache).toEqual({ hits: 2, misses: 1 });
    store.apply('test', { type: 'upsert', session: session('a') });
    cache.find('a');
    expect(metrics.queryCache).toEqual({ hits: 2, misses: 2 });
    expect(kept()).toEqual([0, 0]);
  });
});

describe('counters of a gateway', () => {
  it('continue when a source returns under the same name', () => {
    const metrics = createMetrics();
    metrics.source('shop').restarts += 1;
    metrics.source('shop').restarts += 1;
    expect(metrics.sources.get('shop')?.restarts).toBe(2);
  });

  it('are separate for a limited number of sources, and shared by all further ones', () => {
    const metrics = createMetrics();
    for (let index = 0; index < MAX_SOURCES + 50; index += 1) metrics.source(`tilt-${index}`).changes += 1;
    expect(metrics.sources.size).toBe(MAX_SOURCES + 1);
    expect(metrics.sources.get(OTHER)?.changes).toBe(50);
    metrics.source('tilt-0').changes += 1;
    expect(metrics.sources.get('tilt-0')?.changes).toBe(2);
  });

  it('start at 0 with every close code and every rejection code', () => {
    const { closes, rejections } = createMetrics();
    const known = Object.values(CloseCode).filter((code) => typeof code === 'number');
    expect([1000, 1013, ...known].map((code) => closes.get(String(code)))).toEqual([
      0,
      0,
      ...known.map(() => 0),
    ]);
    expect([rejections.get('HOST_NOT_ALLOWED'), rejections.get('QUERY_TOO_DEEP')]).toEqual([0, 0]);
  });

  it('never use a text of a client as a key', () => {
    const { closes, rejections, socketClosed, rejected } = createMetrics();
    const before = [closes.size, rejections.size];
    for (let code = 1000; code < 5000; code += 1) socketClosed(code);
    for (const text of ['', '__proto__', 'a"} 1\n', 'x'.repeat(1_000)]) rejected(text);
    rejected('FORBIDDEN');
    expect([closes.size, rejections.size]).toEqual(before);
    expect([closes.get('4400'), closes.get(OTHER)]).toEqual([1, 4_000 - (closes.size - 1)]);
    expect([rejections.get('FORBIDDEN'), rejections.get(OTHER)]).toEqual([1, 4]);
  });
});
