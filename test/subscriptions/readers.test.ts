import { parse } from 'graphql';
import { describe, expect, it } from 'vitest';
import { createSchema } from '../../src/graphql/schema.js';
import { silentLog } from '../../src/lib/log.js';
import { createReaderCounts } from '../../src/lib/metrics.js';
import { createStore } from '../../src/store/store.js';
import { createFlushScheduler } from '../../src/subscriptions/flush-scheduler.js';
import type { Payload } from '../../src/subscriptions/payload.js';
import { Reader, type Sink } from '../../src/subscriptions/reader.js';
import { subscriptionResolvers } from '../../src/subscriptions/subscription-resolvers.js';
import { createSubscriptions } from '../../src/subscriptions/subscriptions.js';
import { createManualClock } from '../support/manual-clock.js';
import { session, type TargetStates } from '../support/sessions.js';
import { createSteppedClock } from '../support/stepped-clock.js';

const schema = createSchema(subscriptionResolvers);
const CHANGES = `subscription ($since: String, $session: ID) { targetChanges(since: $since, session: $session) {
  cursor reset conflated changes { type target { name phase } } } }`;

/** Subscriptions that are flushed when the test says so. */
function setUp({ sharedSource }: { readonly sharedSource?: string } = {}) {
  let flush = () => {};
  const clock = createSteppedClock();
  const scheduler = createFlushScheduler({
    clock,
    atEndOfTick(end) {
      flush = end;
    },
  });
  const store = createStore({
    clock: createManualClock(),
    epoch: 'e',
    ...(sharedSource !== undefined && { sharedSource }),
  });
  store.open('test');
  store.apply('test', { type: 'snapshot', sessions: [session('a', { x: 'waiting' })] });
  const subscriptions = createSubscriptions({
    log: silentLog,
    scheduler,
    limits: { updates: 3, sessions: 2 },
  });
  const contextValue = { store, version: 'test', scope: '', lastEventId: null };
  return {
    store,
    subscriptions,
    clock,
    flush: () => flush(),
    put: (targets: TargetStates, instance = 'a') =>
      store.apply('test', { type: 'upsert', session: session(instance, targets) }),
    subscribe: (variableValues: Record<string, unknown> = {}, query = CHANGES, onSend = () => {}) =>
      subscribeOver(createSink(onSend), variableValues, query),
    subscribeOver,
  };

  async function subscribeOver(
    sink: TestSink,
    variableValues: Record<string, unknown> = {},
    query = CHANGES,
  ) {
    const args = { schema, document: parse(query), variableValues, contextValue };
    const reader = await subscriptions.subscribe(args, sink, createReaderCounts());
    if (!(reader instanceof Reader)) throw new Error(reader.errors?.map(String).join());
    return {
      ...sink,
      pause: () => reader.pause(),
      resume: () => reader.resume(),
      end: () => reader.end(),
    };
  }
}

/** A sink whose connection the test pauses. */
interface TestSink extends Sink {
  readonly sent: Payload[];
  isPaused: boolean;
}

/** Creates a sink that keeps what it is sent. */
function createSink(onSend = () => {}): TestSink {
  const sent: Payload[] = [];
  return {
    sent,
    isCompressed: false,
    isPaused: false,
    isEnded: false,
    send(payload) {
      sent.push(payload);
      onSend();
    },
  };
}

function brief({ body }: Payload): string {
  const { reset, conflated, changes } = JSON.parse(String(body)).data.targetChanges;
  const told = changes.map(
    ({ type, target }: { type: string; target: { name: string; phase: string } }) =>
      `${type} ${target.name} ${target.phase}`,
  );
  return [reset && 'reset', conflated && `conflated ${conflated}`, ...told].filter(Boolean).join(', ');
}

const SNAPSHOT = 'reset, ADDED tiltfile:update SUCCEEDED, ADDED x WAITING';

describe('readers of one group', () => {
  it('receive the same bytes, executed and serialised once per update', async () => {
    const { subscriptions, put, subscribe, flush } = setUp();
    const readers = [await subscribe(), await subscribe(), await subscribe({ since: 'unknown' })];
    expect(subscriptions.groups).toBe(1);
    expect(subscriptions.readers).toBe(3);
    put({ x: 'ready' });
    flush();
    const [first, ...others] = readers.map(({ sent }) => sent);
    expect(first?.map(brief)).toEqual([SNAPSHOT, 'MODIFIED x READY']);
    for (const sent of others) {
      expect(sent).toHaveLength(2);
      for (const [index, { body }] of sent.entries()) expect(body).toBe(first?.[index]?.body);
    }
  });

  it('S1, S2: each receive the state of the tick in which they subscribed, then every later update, also several of one tick', async () => {
    const { put, subscribe, flush } = setUp();
    const early = await subscribe();
    put({ x: 'running' });
    const late = await subscribe();
    put({ x: 'ready' });
    put({ x: 'failed' });
    flush();
    const after = ['MODIFIED x READY', 'MODIFIED x FAILED'];
    expect(early.sent.map(brief)).toEqual([SNAPSHOT, 'MODIFIED x RUNNING', ...after]);
    expect(late.sent.map(brief)).toEqual([SNAPSHOT.replace('WAITING', 'RUNNING'), ...after]);
  });

  it('S2: each receive one payload per update, also if two updates have the same position in a log and so the same cursor', async () => {
    const { store, subscribe, flush } = setUp({ sharedSource: 'test' });
    const query = `subscription { targetChanges { cursor session { connection { state } } changes { target { phase } } } }`;
    const reader = await subscribe({}, query);
    const at = { log: 'log', number: 5 };
    const ready = session('a', { x: 'ready' });
    store.apply('test', { type: 'upsert', session: ready, at });
    store.apply('test', { type: 'stale', error: 'the broker is away' });
    store.apply('test', { type: 'snapshot', sessions: [ready], at });
    flush();
    const told = reader.sent.slice(1).map(({ body }) => JSON.parse(String(body)).data.targetChanges);
    expect(told.map(({ session, changes }) => [session.connection.state, changes.length])).toEqual([
      ['LIVE', 1],
      ['STALE', 0],
      ['LIVE', 0],
    ]);
    expect(told.map(({ cursor }) => cursor)).toEqual(['log-5', 'log-5.5.e', 'log-5']);
  });

  it('S4: each receive what they missed since their cursor, and share payloads afterwards', async () => {
    const { store, subscriptions, put, subscribe, flush } = setUp();
    const since = store.cursor();
    put({ x: 'running' });
    put({ x: 'ready' });
    const [back, fresh] = [await subscribe({ since }), await subscribe()];
    put({ x: 'failed' });
    flush();
    expect(subscriptions.groups).toBe(1);
    expect(back.sent.map(brief)).toEqual(['MODIFIED x RUNNING', 'MODIFIED x READY', 'MODIFIED x FAILED']);
    expect(back.sent.at(-1)?.body).toBe(fresh.sent.at(-1)?.body);
  });

  it('S4, S5: a reader that missed more updates than a backlog holds receives them merged into one payload', async () => {
    const { store, put, subscribe } = setUp();
    const since = store.cursor();
    for (const state of ['running', 'ready', 'failed', 'running', 'ready'] as const) put({ x: state });
    const back = await subscribe({ since });
    expect(back.sent.map(brief)).toEqual(['conflated 5, MODIFIED x READY']);
  });

  it('S5: a paused reader is sent nothing until it resumes, then the newest state in one payload', async () => {
    const { put, subscribe, flush } = setUp();
    const [slow, healthy] = [await subscribe(), await subscribe()];
    slow.pause();
    for (const state of ['running', 'ready', 'failed'] as const) {
      put({ x: state });
      flush();
    }
    expect(slow.sent).toHaveLength(1);
    expect(healthy.sent).toHaveLength(4);
    slow.resume();
    expect(slow.sent.map(brief)).toEqual([SNAPSHOT, 'conflated 3, MODIFIED x FAILED']);
    put({ x: 'ready' });
    flush();
    expect(slow.sent.at(-1)?.body).toBe(healthy.sent.at(-1)?.body);
  });

  it('S5: a reader over a paused connection is sent nothing until it resumes, then the state of that time', async () => {
    const { put, subscribeOver, flush } = setUp();
    const sink = createSink();
    sink.isPaused = true;
    const late = await subscribeOver(sink);
    for (const state of ['running', 'ready'] as const) {
      put({ x: state });
      flush();
    }
    expect(late.sent).toEqual([]);
    sink.isPaused = false;
    late.resume();
    put({ x: 'failed' });
    flush();
    expect(late.sent.map(brief)).toEqual([SNAPSHOT.replace('WAITING', 'READY'), 'MODIFIED x FAILED']);
  });

  it('S4, S5: a reader over a paused connection is sent what it missed when it resumes', async () => {
    const { store, put, subscribeOver, flush } = setUp();
    const since = store.cursor();
    put({ x: 'running' });
    const sink = createSink();
    sink.isPaused = true;
    const back = await subscribeOver(sink, { since });
    put({ x: 'ready' });
    flush();
    expect(back.sent).toEqual([]);
    sink.isPaused = false;
    back.resume();
    expect(back.sent.map(brief)).toEqual(['MODIFIED x RUNNING', 'MODIFIED x READY']);
  });

  it('S4, S5: a reader whose connection is paused by one of the updates that it missed is sent the others when it resumes', async () => {
    const { store, put, subscribeOver } = setUp();
    const since = store.cursor();
    for (const state of ['running', 'ready', 'failed'] as const) put({ x: state });
    const sink = createSink(() => {
      sink.isPaused = true;
    });
    const back = await subscribeOver(sink, { since });
    expect(back.sent.map(brief)).toEqual(['MODIFIED x RUNNING']);
    sink.isPaused = false;
    back.resume();
    expect(back.sent.map(brief)).toEqual(['MODIFIED x RUNNING', 'MODIFIED x READY']);
  });

  it('S1, S2, S5: miss no update and receive none twice during the cooldown after a long flush', async () => {
    const { clock, put, subscribe, flush } = setUp();
    const [early, lagging] = [await subscribe(), await subscribe()];
    // 20 ms for one write: what comes in the next 5 waits for their end.
    const busy = await subscribe({}, CHANGES, () => clock.step(20));
    put({ x: 'running' });
    flush();
    lagging.pause();
    for (const state of ['ready', 'failed'] as const) put({ x: state });
    flush();
    expect(early.sent).toHaveLength(2);
    const late = await subscribe();
    lagging.resume();
    put({ x: 'running' });
    await clock.advance(5);
    flush();
    const after = ['MODIFIED x READY', 'MODIFIED x FAILED', 'MODIFIED x RUNNING'];
    expect(early.sent.map(brief)).toEqual([SNAPSHOT, 'MODIFIED x RUNNING', ...after]);
    expect(lagging.sent.map(brief)).toEqual(early.sent.map(brief));
    expect(busy.sent.map(brief)).toEqual(early.sent.map(brief));
    expect(late.sent.map(brief)).toEqual([SNAPSHOT.replace('WAITING', 'FAILED'), 'MODIFIED x RUNNING']);
  });

  it('S2, S5: a reader that is reset during the cooldown does not receive the updates that the reset included', async () => {
    const { clock, put, subscribe, flush } = setUp();
    const query = 'subscription { sessionChanges { reset changes { type session { id } } } }';
    const lost = await subscribe({}, query);
    const busy = await subscribe({}, query, () => clock.step(20));
    lost.pause();
    for (const instance of ['b', 'c', 'd']) put({}, instance);
    flush();
    put({}, 'e');
    lost.resume();
    await clock.advance(10);
    put({}, 'f');
    flush();
    const told = ({ sent }: typeof lost) =>
      sent.map(({ body }) => {
        const { reset, changes } = JSON.parse(String(body)).data.sessionChanges;
        const ids = changes.map(({ session }: { session: { id: string } }) => session.id[0]).join('');
        return reset ? `reset ${ids}` : ids;
      });
    expect(told(busy)).toEqual(['reset a', 'b', 'c', 'd', 'e', 'f']);
    expect(told(lost)).toEqual(['reset a', 'reset abcde', 'f']);
  });

  it('S6: receive nothing if what they selected did not change', async () => {
    const { put, subscribe, flush } = setUp();
    const reader = await subscribe({}, 'subscription { session { status { done } } }');
    put({ x: 'ready' });
    put({ x: 'failed' });
    flush();
    expect(reader.sent).toHaveLength(1);
  });

  it('S7: release everything when they end, also before a scheduled flush', async () => {
    const { store, subscriptions, put, subscribe, flush } = setUp();
    const [one, two] = [await subscribe(), await subscribe()];
    put({ x: 'ready' });
    one.end();
    one.end();
    expect([subscriptions.readers, subscriptions.groups, store.subscribers]).toEqual([1, 1, 1]);
    two.end();
    expect([subscriptions.readers, subscriptions.groups, store.subscribers]).toEqual([0, 0, 0]);
    flush();
    expect(one.sent).toHaveLength(1);
  });

  it('are not shared by different Sessions that the subscriptions do not name', async () => {
    const { store, subscriptions, put, subscribe } = setUp();
    await subscribe();
    put({}, 'b');
    store.apply('test', { type: 'remove', id: 'a/Tiltfile' });
    store.forget('test');
    await subscribe();
    expect(subscriptions.groups).toBe(2);
  });

  it('are not shared by readers that began while no Session was known, once those show one', async () => {
    const { store, subscriptions, put, subscribe, flush } = setUp();
    const query = 'subscription { session { id } }';
    const remove = (instance: string) => {
      store.apply('test', { type: 'remove', id: `${instance}/Tiltfile` });
      store.forget('test');
    };
    const ids = ({ sent }: Awaited<ReturnType<typeof subscribe>>) =>
      sent.map(({ body }) => JSON.parse(String(body)).data.session?.id ?? null);
    remove('a');
    const [early, another] = [await subscribe({}, query), await subscribe({}, query)];
    expect(subscriptions.groups).toBe(1);
    put({}, 'b');
    flush();
    remove('b');
    flush();
    const late = await subscribe({}, query);
    expect(subscriptions.groups).toBe(2);
    put({}, 'c');
    flush();
    for (const reader of [early, another])
      expect(ids(reader)).toEqual([null, 'b/Tiltfile', null, 'c/Tiltfile']);
    expect(ids(late)).toEqual([null, 'c/Tiltfile']);
    for (const reader of [early, another, late]) reader.end();
    expect([subscriptions.readers, subscriptions.groups, store.subscribers]).toEqual([0, 0, 0]);
  });
});

describe('updates that were read from a log together', () => {
  const version = (number: number, targets: TargetStates) => ({
    type: 'upsert' as const,
    session: session('a', targets),
    at: { log: 'log1', number },
  });

  it('S5: reach an open reader as one payload with the newest state, and a reader that resumes one by one', async () => {
    const { store, subscribe, flush } = setUp({ sharedSource: 'test' });
    store.apply('test', {
      type: 'snapshot',
      sessions: [session('a', { x: 'waiting' })],
      at: { log: 'log1', number: 1 },
    });
    const open = await subscribe({ session: 'a/Tiltfile' });
    const other = await subscribe({ session: 'a/Tiltfile' });
    const cursor = store.cursor();
    store.apply('test', {
      type: 'snapshot',
      sessions: [session('a', { x: 'waiting' })],
      at: { log: 'log1', number: 1 },
      followedBy: [version(2, { x: 'ready' }), version(3, { x: 'failed' })],
      upTo: { log: 'log1', number: 3 },
    });
    flush();
    expect(open.sent.slice(1).map(brief)).toEqual(['conflated 2, MODIFIED x FAILED']);
    // Executed once for all readers.
    expect(other.sent[1]?.body).toBe(open.sent[1]?.body);
    const resumed = await subscribe({ session: 'a/Tiltfile', since: cursor });
    // The last one is the present connection, which is not in the log.
    expect(resumed.sent.map(brief)).toEqual(['MODIFIED x READY', 'MODIFIED x FAILED', '']);
    store.apply('test', version(4, { x: 'ready' }));
    flush();
    expect(open.sent.slice(2).map(brief)).toEqual(['MODIFIED x READY']);
  });
});
