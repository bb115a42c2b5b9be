import { parse } from 'graphql';
import { describe, expect, it } from 'vitest';
import { createSchema } from '../../src/graphql/schema.js';
import { silentLog } from '../../src/lib/log.js';
import { createStore } from '../../src/store/store.js';
import { createLive } from '../../src/subscriptions/live.js';
import type { Payload } from '../../src/subscriptions/payload.js';
import { type Outlet, PushedReader } from '../../src/subscriptions/pushed-reader.js';
import { createSubscriptionResolvers } from '../../src/subscriptions/subscription-resolvers.js';
import { createTurn } from '../../src/subscriptions/turn.js';
import { createManualClock } from '../support/manual-clock.js';
import { session, type TargetStates } from '../support/sessions.js';
import { createSteppedClock } from '../support/stepped-clock.js';

const schema = createSchema(createSubscriptionResolvers());
const CHANGES = `subscription ($since: String, $session: ID) { targetChanges(since: $since, session: $session) {
  cursor reset conflated changes { type target { name phase } } } }`;

/** A live layer whose turns end when the test says so. */
function setUp({ sharedSource }: { readonly sharedSource?: string } = {}) {
  let endTurn = () => {};
  const clock = createSteppedClock();
  const turn = createTurn({
    clock,
    schedule(end) {
      endTurn = end;
    },
  });
  const store = createStore({
    clock: createManualClock(),
    epoch: 'e',
    ...(sharedSource !== undefined && { sharedSource }),
  });
  store.open('test');
  store.apply('test', { type: 'snapshot', sessions: [session('a', { x: 'waiting' })] });
  const live = createLive({ log: silentLog, turn, limits: { updates: 3, sessions: 2 } });
  const contextValue = { store, version: 'test', scope: '', lastEventId: null };
  return {
    store,
    live,
    clock,
    endTurn: () => endTurn(),
    put: (targets: TargetStates, instance = 'a') =>
      store.apply('test', { type: 'upsert', session: session(instance, targets) }),
    async push(variableValues: Record<string, unknown> = {}, query = CHANGES, onSend = () => {}) {
      const outlet = createOutlet(onSend);
      const reader = await live.push(
        { schema, document: parse(query), variableValues, contextValue },
        outlet,
      );
      if (!(reader instanceof PushedReader)) throw new Error(reader.errors?.map(String).join());
      return {
        ...outlet,
        pause: () => reader.pause(),
        resume: () => reader.resume(),
        end: () => reader.end(),
      };
    },
  };
}

/** An outlet that keeps what it was sent. */
function createOutlet(onSend: () => void): Outlet & { readonly sent: Payload[] } {
  const sent: Payload[] = [];
  return {
    sent,
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

describe('readers of equal subscriptions', () => {
  it('get the same bytes: executed and serialised once an update', async () => {
    const { live, put, push, endTurn } = setUp();
    const readers = [await push(), await push(), await push({ since: 'unknown' })];
    expect(live.groups).toBe(1);
    expect(live.readers).toBe(3);
    put({ x: 'ready' });
    endTurn();
    const [first, ...others] = readers.map(({ sent }) => sent);
    expect(first?.map(brief)).toEqual([SNAPSHOT, 'MODIFIED x READY']);
    for (const sent of others) {
      expect(sent).toHaveLength(2);
      for (const [index, { body }] of sent.entries()) expect(body).toBe(first?.[index]?.body);
    }
  });

  it('S1, S2: each get the state of their own tick, and then each update after it, however many a turn brings', async () => {
    const { put, push, endTurn } = setUp();
    const early = await push();
    put({ x: 'running' });
    const late = await push();
    put({ x: 'ready' });
    put({ x: 'failed' });
    endTurn();
    const after = ['MODIFIED x READY', 'MODIFIED x FAILED'];
    expect(early.sent.map(brief)).toEqual([SNAPSHOT, 'MODIFIED x RUNNING', ...after]);
    expect(late.sent.map(brief)).toEqual([SNAPSHOT.replace('WAITING', 'RUNNING'), ...after]);
  });

  it('S2: each get every update of its own, though two of them stand at one place of the log, and so have one cursor', async () => {
    const { store, push, endTurn } = setUp({ sharedSource: 'test' });
    const query = `subscription { targetChanges { cursor session { connection { state } } changes { target { phase } } } }`;
    const reader = await push({}, query);
    const at = { log: 'log', number: 5 };
    const ready = session('a', { x: 'ready' });
    store.apply('test', { type: 'upsert', session: ready, at });
    store.apply('test', { type: 'stale', error: 'the broker is away' });
    store.apply('test', { type: 'snapshot', sessions: [ready], at });
    endTurn();
    const told = reader.sent.slice(1).map(({ body }) => JSON.parse(String(body)).data.targetChanges);
    expect(told.map(({ session, changes }) => [session.connection.state, changes.length])).toEqual([
      ['LIVE', 1],
      ['STALE', 0],
      ['LIVE', 0],
    ]);
    expect(told.map(({ cursor }) => cursor)).toEqual(['log-5', 'log-5.5.e', 'log-5']);
  });

  it('S4: each get what they missed, and share from there on', async () => {
    const { store, live, put, push, endTurn } = setUp();
    const since = store.cursor();
    put({ x: 'running' });
    put({ x: 'ready' });
    const [back, fresh] = [await push({ since }), await push()];
    put({ x: 'failed' });
    endTurn();
    expect(live.groups).toBe(1);
    expect(back.sent.map(brief)).toEqual(['MODIFIED x RUNNING', 'MODIFIED x READY', 'MODIFIED x FAILED']);
    expect(back.sent.at(-1)?.body).toBe(fresh.sent.at(-1)?.body);
  });

  it('S4, S5: a reader that missed more than a backlog holds gets it folded into one', async () => {
    const { store, put, push } = setUp();
    const since = store.cursor();
    for (const state of ['running', 'ready', 'failed', 'running', 'ready'] as const) put({ x: state });
    const back = await push({ since });
    expect(back.sent.map(brief)).toEqual(['conflated 5, MODIFIED x READY']);
  });

  it('S5: one whose outlet takes no more is told nothing until it does, and then the newest state in one payload', async () => {
    const { put, push, endTurn } = setUp();
    const [slow, healthy] = [await push(), await push()];
    slow.pause();
    for (const state of ['running', 'ready', 'failed'] as const) {
      put({ x: state });
      endTurn();
    }
    expect(slow.sent).toHaveLength(1);
    expect(healthy.sent).toHaveLength(4);
    slow.resume();
    expect(slow.sent.map(brief)).toEqual([SNAPSHOT, 'conflated 3, MODIFIED x FAILED']);
    put({ x: 'ready' });
    endTurn();
    expect(slow.sent.at(-1)?.body).toBe(healthy.sent.at(-1)?.body);
  });

  it('S1, S2, S5: miss nothing and get nothing twice while their group rests from a long turn', async () => {
    const { clock, put, push, endTurn } = setUp();
    const [early, lagging] = [await push(), await push()];
    // 20 ms for one write: what comes in the next 5 waits for their end.
    const busy = await push({}, CHANGES, () => clock.step(20));
    put({ x: 'running' });
    endTurn();
    lagging.pause();
    for (const state of ['ready', 'failed'] as const) put({ x: state });
    endTurn();
    expect(early.sent).toHaveLength(2);
    const late = await push();
    lagging.resume();
    put({ x: 'running' });
    await clock.advance(5);
    endTurn();
    const after = ['MODIFIED x READY', 'MODIFIED x FAILED', 'MODIFIED x RUNNING'];
    expect(early.sent.map(brief)).toEqual([SNAPSHOT, 'MODIFIED x RUNNING', ...after]);
    expect(lagging.sent.map(brief)).toEqual(early.sent.map(brief));
    expect(busy.sent.map(brief)).toEqual(early.sent.map(brief));
    expect(late.sent.map(brief)).toEqual([SNAPSHOT.replace('WAITING', 'FAILED'), 'MODIFIED x RUNNING']);
  });

  it('S2, S5: one that gets everything anew while its group rests is not told again what that had in it', async () => {
    const { clock, put, push, endTurn } = setUp();
    const query = 'subscription { sessionChanges { reset changes { type session { id } } } }';
    const lost = await push({}, query);
    const busy = await push({}, query, () => clock.step(20));
    lost.pause();
    for (const instance of ['b', 'c', 'd']) put({}, instance);
    endTurn();
    put({}, 'e');
    lost.resume();
    await clock.advance(10);
    put({}, 'f');
    endTurn();
    const told = ({ sent }: typeof lost) =>
      sent.map(({ body }) => {
        const { reset, changes } = JSON.parse(String(body)).data.sessionChanges;
        const ids = changes.map(({ session }: { session: { id: string } }) => session.id[0]).join('');
        return reset ? `reset ${ids}` : ids;
      });
    expect(told(busy)).toEqual(['reset a', 'b', 'c', 'd', 'e', 'f']);
    expect(told(lost)).toEqual(['reset a', 'reset abcde', 'f']);
  });

  it('S6: get nothing where what they selected did not change', async () => {
    const { put, push, endTurn } = setUp();
    const reader = await push({}, 'subscription { session { status { done } } }');
    put({ x: 'ready' });
    put({ x: 'failed' });
    endTurn();
    expect(reader.sent).toHaveLength(1);
  });

  it('S7: leave nothing behind, in the midst of a turn too', async () => {
    const { store, live, put, push, endTurn } = setUp();
    const [one, two] = [await push(), await push()];
    put({ x: 'ready' });
    one.end();
    one.end();
    expect([live.readers, live.groups, store.subscribers]).toEqual([1, 1, 1]);
    two.end();
    expect([live.readers, live.groups, store.subscribers]).toEqual([0, 0, 0]);
    endTurn();
    expect(one.sent).toHaveLength(1);
  });

  it('do not share with those of another Session, though neither names it', async () => {
    const { store, live, put, push } = setUp();
    await push();
    put({}, 'b');
    store.apply('test', { type: 'remove', id: 'a/Tiltfile' });
    store.forget('test');
    await push();
    expect(live.groups).toBe(2);
  });
});
