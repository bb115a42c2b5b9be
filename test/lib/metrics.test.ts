import { parse } from 'graphql';
import { CloseCode } from 'graphql-ws';
import { describe, expect, it } from 'vitest';
import { trackDependencies } from '../../src/graphql/dependencies.js';
import { createSchema } from '../../src/graphql/schema.js';
import { silentLog } from '../../src/lib/log.js';
import { createMetrics, MAX_SOURCES, OTHER } from '../../src/lib/metrics.js';
import { keepWatching } from '../../src/providers/keep-watching.js';
import { createMemoryProvider } from '../../src/providers/memory.js';
import { createAnswer } from '../../src/server/http/answer.js';
import { AnswerForms } from '../../src/server/http/answer-forms.js';
import { createQueryCache, DEFAULT_QUERY_CACHE_LIMITS } from '../../src/server/http/query-cache.js';
import { createStore } from '../../src/store/store.js';
import { createFlushScheduler } from '../../src/subscriptions/flush-scheduler.js';
import { Reader } from '../../src/subscriptions/reader.js';
import { subscriptionResolvers } from '../../src/subscriptions/subscription-resolvers.js';
import { createSubscriptions } from '../../src/subscriptions/subscriptions.js';
import { followTilt } from '../support/follow-tilt.js';
import { createManualClock } from '../support/manual-clock.js';
import { createRecordingSink } from '../support/recording-sink.js';
import { sessionJson } from '../support/session-json.js';
import { session } from '../support/sessions.js';
import { createTiltServer } from '../support/tilt-server.js';

const limits = { updates: 3, sessions: 2 };
const schema = createSchema(subscriptionResolvers);

/** Subscriptions that are counted, and flushed when the test says so. */
function start() {
  let endTurn = () => {};
  const scheduler = createFlushScheduler({
    atEndOfTick(end) {
      endTurn = end;
    },
    // By a clock that stands still no turn takes long, so that none rests: on a busy machine some would.
    clock: createManualClock(),
  });
  const store = createStore({ clock: createManualClock(), epoch: 'e' });
  store.open('test');
  const metrics = createMetrics();
  const subscriptions = createSubscriptions({ log: silentLog, scheduler, limits, metrics });
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
    async subscribe(document: string, variables = {}, counts = metrics.webSocket) {
      const reader = await subscriptions.subscribe(
        args(document, variables),
        { isCompressed: false, isPaused: false, isEnded: false, send() {} },
        counts,
      );
      if (!(reader instanceof Reader)) throw new Error(reader.errors?.map(String).join());
      return reader;
    },
    open: () => [metrics.webSocket.open, metrics.sse.open, metrics.gauges.groups?.()],
  };
}

const CHANGES = 'subscription ($since: String) { targetChanges(since: $since) { cursor changes { type } } }';
const DONE = 'subscription { session { status { done } } }';

describe('of its readers, a gateway counts', () => {
  it('how many are open, by transport, and how many different subscriptions that is', async () => {
    const { metrics, subscribe, open } = start();
    expect(open()).toEqual([0, 0, 0]);
    const [one, two] = [await subscribe(CHANGES), await subscribe(DONE)];
    const three = await subscribe(DONE, {}, metrics.sse);
    expect(open()).toEqual([2, 1, 2]);
    for (const reader of [one, two, three]) reader.end();
    expect(open()).toEqual([0, 0, 0]);
  });

  it('each payload that was sent to one, and none that was not sent', async () => {
    const { metrics, subscribe, put } = start();
    await subscribe(CHANGES);
    await subscribe(CHANGES);
    await subscribe(DONE);
    await subscribe(CHANGES, {}, metrics.sse);
    expect([metrics.webSocket.payloads, metrics.sse.payloads]).toEqual([3, 1]);
    put('ready');
    expect([metrics.webSocket.payloads, metrics.sse.payloads]).toEqual([5, 2]);
  });

  it.each(['webSocket', 'sse'] as const)(
    'S5: the updates that were merged for a slow one, and for how long it lags: %s',
    async (transport) => {
      const { metrics, subscribe, put } = start();
      const counts = metrics[transport];
      const reader = await subscribe(CHANGES, {}, counts);
      reader.pause();
      reader.pause();
      expect(counts.lagging).toBe(1);
      for (const phase of ['running', 'ready', 'failed', 'running', 'ready'] as const) put(phase);
      reader.resume();
      expect(counts).toEqual({ open: 1, payloads: 2, conflated: 5, lagging: 0 });
    },
  );

  it('S4: those that one missed which came back, if they had to be folded', async () => {
    const { metrics, store, subscribe, put } = start();
    const since = store.cursor();
    for (const phase of ['running', 'ready'] as const) put(phase);
    await subscribe(CHANGES, { since });
    expect(metrics.webSocket.conflated).toBe(0);
    for (const phase of ['running', 'ready'] as const) put(phase);
    await subscribe(CHANGES, { since });
    expect(metrics.webSocket.conflated).toBe(4);
  });

  it('none as lagging that has gone', async () => {
    const { metrics, subscribe } = start();
    const reader = await subscribe(CHANGES);
    reader.pause();
    reader.end();
    reader.end();
    expect(metrics.webSocket.lagging).toBe(0);
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
    const reads = trackDependencies(store);
    reads.store.get('a/Tiltfile');
    const kept = () => [metrics.gauges.queryCacheResponses?.(), metrics.gauges.queryCacheBytes?.()];

    cache.find('a');
    expect(kept()).toEqual([0, 0]);
    cache.keep('a', new AnswerForms(createAnswer('xxx', 'application/json')), reads);
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
