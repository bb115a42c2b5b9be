import fc from 'fast-check';
import { parse } from 'graphql';
import { describe, expect, it } from 'vitest';
import type { Context } from '../../src/graphql/context.js';
import { createSchema } from '../../src/graphql/schema.js';
import { silentLog } from '../../src/lib/log.js';
import { createReaderCounts } from '../../src/lib/metrics.js';
import type { LogLimits } from '../../src/logs/session-log.js';
import { scopedStore } from '../../src/store/scoped.js';
import { createStore } from '../../src/store/store.js';
import { createFlushScheduler } from '../../src/subscriptions/flush-scheduler.js';
import type { Payload } from '../../src/subscriptions/payload.js';
import { Reader } from '../../src/subscriptions/reader.js';
import { subscriptionResolvers } from '../../src/subscriptions/subscription-resolvers.js';
import { createSubscriptions } from '../../src/subscriptions/subscriptions.js';
import { createTestLog, logLine, type TestLog } from '../support/log-lines.js';
import { createManualClock } from '../support/manual-clock.js';
import { session } from '../support/sessions.js';

interface Lines {
  readonly session: string | null;
  readonly isAvailable: boolean;
  readonly reset: boolean;
  readonly lines: readonly { readonly text: string }[];
  readonly dropped: number;
}

const LOG = `subscription ($session: ID, $resource: String, $level: LogLevel, $last: Int) {
  log(session: $session, resource: $resource, level: $level, last: $last) {
    session isAvailable reset lines { text } dropped } }`;

const schema = createSchema(subscriptionResolvers);

interface SetUpOptions {
  readonly limits?: Partial<LogLimits>;
  readonly isScoped?: boolean;
}

/** Subscriptions to a store with the Session `a/Tiltfile`, which has a log with these limits. */
function setUp({ limits, isScoped = false }: SetUpOptions = {}) {
  const clock = createManualClock();
  const store = createStore({ clock, epoch: 'e' });
  const scheduler = createFlushScheduler({ clock: createManualClock() });
  const subscriptions = createSubscriptions({ log: silentLog, scheduler, clock });
  const log = createTestLog(limits);
  store.open('test');
  store.apply('test', { type: 'snapshot', sessions: [session('a')] });
  store.apply('test', { type: 'log', id: 'a/Tiltfile', log });
  const visible = isScoped ? scopedStore(store, (instance) => instance === 'b') : store;

  return {
    store,
    clock,
    log,
    subscriptions,
    put: (instance: string) => store.apply('test', { type: 'upsert', session: session(instance) }),
    setLog: (newLog: TestLog | null, id = 'a/Tiltfile') =>
      store.apply('test', { type: 'log', id, log: newLog }),
    async subscribe(variableValues: Record<string, unknown> = {}, query = LOG) {
      const contextValue: Context = { store: visible, version: 'test', scope: '', lastEventId: null };
      const payloads: Payload[] = [];
      const sink = {
        isCompressed: false,
        isPaused: false,
        isEnded: false,
        send: (payload: Payload) => void payloads.push(payload),
      };
      const args = { schema, document: parse(query), variableValues, contextValue };
      const reader = await subscriptions.subscribe(args, sink, createReaderCounts());
      if (!(reader instanceof Reader)) throw new Error(reader.errors?.map(String).join());
      return {
        reader,
        payloads,
        /** Removes and returns the payloads up to the end of the tick. */
        async take(): Promise<Lines[]> {
          await new Promise(setImmediate);
          return payloads.splice(0).map(({ body }) => JSON.parse(String(body)).data.log);
        },
      };
    },
  };
}

const texts = (payloads: readonly Lines[]) => payloads.map(({ lines }) => lines.map(({ text }) => text));
/** Memory of a short line. */
const LINE_BYTES = 203;

const numbered = (count: number, prefix = '') =>
  Array.from({ length: count }, (_, index) => logLine(`${prefix}${index}`));

describe('the subscription log', () => {
  it('S1: the first payload is the tail, and later ones have the new lines', async () => {
    const { log, clock, subscribe } = setUp();
    log.append(...numbered(30));
    const { take } = await subscribe({ last: 2 });
    expect(await take()).toEqual([
      {
        session: 'a/Tiltfile',
        isAvailable: true,
        reset: true,
        lines: [{ text: '28' }, { text: '29' }],
        dropped: 0,
      },
    ]);
    log.append(logLine('30'));
    expect(await take()).toEqual([
      { session: 'a/Tiltfile', isAvailable: true, reset: false, lines: [{ text: '30' }], dropped: 0 },
    ]);
    await clock.advance(100);
    expect(await take()).toEqual([]);
  });

  it('lines are sent at once after a pause, and otherwise gathered for 100 ms', async () => {
    const { log, clock, subscribe } = setUp();
    const { take } = await subscribe({ last: 0 });
    expect(texts(await take())).toEqual([[]]);
    log.append(logLine('a'));
    expect(texts(await take())).toEqual([['a']]);
    log.append(logLine('b'));
    await clock.advance(50);
    log.append(logLine('c'));
    await clock.advance(49);
    expect(await take()).toEqual([]);
    await clock.advance(1);
    expect(texts(await take())).toEqual([['b', 'c']]);
  });

  it('S6: lines of other resources or lower levels are no payload', async () => {
    const { log, clock, subscribe } = setUp();
    const { take } = await subscribe({ resource: 'api', level: 'WARN' });
    await take();
    log.append(logLine('other', { resource: 'web', level: 'error' }), logLine('info'));
    await clock.advance(1_000);
    expect(await take()).toEqual([]);
    log.append(logLine('other', { resource: 'web', level: 'error' }), logLine('error', { level: 'error' }));
    await clock.advance(1_000);
    expect(texts(await take())).toEqual([['error']]);
  });

  it('S5: readers of every selection receive the number of lines that Tilt dropped, at most an Int', async () => {
    const { log, clock, subscribe } = setUp();
    const readers = [await subscribe(), await subscribe({ resource: 'api', level: 'WARN' })];
    for (const { take } of readers) await take();
    for (const [missing, dropped] of [
      [7, 7],
      [2 ** 40, 2 ** 31 - 1],
    ] as const) {
      log.miss(missing);
      await clock.advance(1_000);
      for (const { take } of readers)
        expect(await take()).toMatchObject([{ reset: false, lines: [], dropped }]);
    }
  });

  it('S6: new lines are no payload for other subscriptions', async () => {
    const { log, clock, subscribe } = setUp();
    const { take } = await subscribe({}, 'subscription { session { resources { log { text } } } }');
    await take();
    log.append(logLine('one', { resource: 'tiltfile' }));
    await clock.advance(1_000);
    expect(await take()).toEqual([]);
  });

  it('S1: a reader that joins another subscription with lines has the newest ones', async () => {
    const { log, subscribe } = setUp();
    const query = 'subscription { session { resources { log { text } } } }';
    const readers = [await subscribe({}, query)];
    log.append(logLine('one', { resource: 'tiltfile' }));
    readers.push(await subscribe({}, query));
    await new Promise(setImmediate);
    expect(readers.map(({ payloads }) => payloads.map(({ body }) => String(body)))).toEqual([
      ['{"data":{"session":{"resources":[{"log":[]}]}}}'],
      ['{"data":{"session":{"resources":[{"log":[{"text":"one"}]}]}}}'],
    ]);
  });

  it('a reader that joins between two batches has each line once', async () => {
    const { log, clock, subscribe } = setUp();
    const first = await subscribe();
    log.append(logLine('a'));
    await first.take();
    log.append(logLine('b'));
    const second = await subscribe();
    await clock.advance(100);
    expect(texts(await first.take())).toEqual([['b']]);
    expect(texts(await second.take())).toEqual([['a'], ['b']]);
  });

  it('readers of equal subscriptions share the bytes of snapshots and batches', async () => {
    const { log, subscribe, subscriptions } = setUp();
    const readers = [await subscribe(), await subscribe()] as const;
    log.append(logLine('a'));
    await new Promise(setImmediate);
    expect(subscriptions.groups).toBe(1);
    const [first, second] = readers.map(({ payloads }) => payloads.map(({ body }) => body));
    expect(first).toHaveLength(2);
    expect(first?.every((body, index) => body === second?.[index])).toBe(true);
  });

  it('S5: a reader that is paused receives the newest lines in one payload, and the number of the others', async () => {
    const { log, clock, subscribe } = setUp({ limits: { lines: 3 } });
    const { reader, take } = await subscribe();
    await take();
    reader.pause();
    for (const prefix of ['a', 'b', 'c']) {
      log.append(...numbered(2, prefix));
      await clock.advance(100);
    }
    expect(await take()).toEqual([]);
    reader.resume();
    expect(await take()).toMatchObject([
      { reset: false, lines: [{ text: 'b1' }, { text: 'c0' }, { text: 'c1' }], dropped: 3 },
    ]);
    log.append(logLine('d'));
    await clock.advance(100);
    expect(await take()).toMatchObject([{ reset: false, lines: [{ text: 'd' }], dropped: 0 }]);
  });

  it('a payload has at most 1,000 lines and 256 KiB of text', async () => {
    const { log, clock, subscribe } = setUp();
    const { take } = await subscribe();
    await take();
    log.append(...numbered(1_500));
    const [many] = await take();
    expect([many?.lines.length, many?.lines[0]?.text, many?.dropped]).toEqual([1_000, '500', 500]);
    log.append(...Array.from({ length: 100 }, () => logLine('x'.repeat(4_096))));
    await clock.advance(100);
    expect((await take()).map(({ lines, dropped }) => [lines.length, dropped])).toEqual([[64, 36]]);
    const later = await subscribe({ last: 1_000 });
    expect((await later.take()).map(({ lines, dropped }) => [lines.length, dropped])).toEqual([[64, 0]]);
  });

  it('S7: the last reader that leaves frees listeners and timers', async () => {
    const { log, store, clock, subscribe, subscriptions } = setUp();
    const { subscribers } = store;
    const readers = [await subscribe(), await subscribe(), await subscribe({ last: 3 })];
    expect(log.listeners).toBe(1);
    log.append(logLine('a'));
    log.append(logLine('b'));
    expect(clock.pending).toBe(1);
    for (const { reader } of readers) reader.end();
    expect([log.listeners, clock.pending, store.subscribers, subscriptions.groups]).toEqual([
      0,
      0,
      subscribers,
      0,
    ]);
  });

  it('S1: a Session that appears later sends the tail of its log', async () => {
    const { put, setLog, subscribe } = setUp();
    const { take } = await subscribe({ session: 'b/Tiltfile' });
    expect(await take()).toEqual([{ session: null, isAvailable: false, reset: true, lines: [], dropped: 0 }]);
    put('b');
    expect(await take()).toMatchObject([{ session: 'b/Tiltfile', isAvailable: false, reset: true }]);
    const log = createTestLog();
    log.append(logLine('one'));
    setLog(log, 'b/Tiltfile');
    log.append(logLine('two'));
    expect(await take()).toMatchObject([
      { session: 'b/Tiltfile', isAvailable: true, reset: true, lines: [{ text: 'one' }] },
      { reset: false, lines: [{ text: 'two' }] },
    ]);
  });

  it('the first Session that appears is followed if none was known', async () => {
    const { store, put, setLog, subscribe } = setUp();
    store.close('test', 'it ended');
    store.forget('test');
    const { take } = await subscribe();
    expect(await take()).toMatchObject([{ session: null, isAvailable: false }]);
    store.open('test');
    put('c');
    put('d');
    const [log, other] = [createTestLog(), createTestLog()];
    setLog(log, 'c/Tiltfile');
    setLog(other, 'd/Tiltfile');
    await take();
    log.append(logLine('mine'));
    other.append(logLine('other'));
    expect(texts(await take())).toEqual([['mine']]);
  });

  it('without an id, the tail of the Session that replaces a deleted one follows as a reset, also for a paused reader', async () => {
    const { store, log, setLog, put, subscribe } = setUp();
    const [fast, slow] = [await subscribe(), await subscribe()];
    for (const { take } of [fast, slow]) await take();
    slow.reader.pause();
    log.append(logLine('of a'));
    put('b');
    store.apply('test', { type: 'remove', id: 'a/Tiltfile' });
    store.forget('test');
    const newer = createTestLog();
    newer.append(logLine('of b'));
    setLog(newer, 'b/Tiltfile');
    const seen = (payloads: readonly Lines[]) =>
      payloads.map((lines) => [lines.session, lines.isAvailable, lines.reset, ...texts([lines]).flat()]);
    expect(seen(await fast.take()).at(-1)).toEqual(['b/Tiltfile', true, true, 'of b']);
    expect(await slow.take()).toEqual([]);
    slow.reader.resume();
    expect(seen(await slow.take())).toEqual([['b/Tiltfile', true, true, 'of b']]);
  });

  it('without an id, a Session without a log that replaces another one without a log is a payload', async () => {
    const { store, setLog, put, subscribe } = setUp();
    setLog(null);
    const { take } = await subscribe();
    await take();
    put('b');
    store.apply('test', { type: 'remove', id: 'a/Tiltfile' });
    store.forget('test');
    expect(await take()).toMatchObject([{ session: 'b/Tiltfile', isAvailable: false, reset: true }]);
  });

  it('a log that is replaced after a restart of Tilt is a reset with its tail, also for a paused reader', async () => {
    const { log, setLog, subscribe } = setUp();
    const readers = [await subscribe(), await subscribe()] as const;
    for (const { take } of readers) await take();
    readers[1].reader.pause();
    log.append(logLine('old'));
    const next = createTestLog();
    next.append(...numbered(3, 'new'));
    setLog(next);
    next.append(logLine('newest'));
    expect(texts(await readers[0].take())).toEqual([['new0', 'new1', 'new2'], ['newest']]);
    readers[1].reader.resume();
    expect(await readers[1].take()).toMatchObject([
      {
        reset: true,
        lines: [...numbered(3, 'new'), logLine('newest')].map(({ styledText }) => ({ text: styledText })),
      },
    ]);
    log.append(logLine('too late'));
    expect([await readers[0].take(), log.listeners, next.listeners]).toEqual([[], 0, 1]);
  });

  it('the log of a Session that is GONE can be read, until the Session is deleted', async () => {
    const { store, log, subscribe } = setUp();
    const { take } = await subscribe();
    await take();
    store.apply('test', { type: 'remove', id: 'a/Tiltfile' });
    expect(await take()).toEqual([]);
    log.append(logLine('the end'));
    expect(texts(await take())).toEqual([['the end']]);
    store.forget('test');
    expect(await take()).toEqual([{ session: null, isAvailable: false, reset: true, lines: [], dropped: 0 }]);
    expect(log.listeners).toBe(0);
  });

  it('the scope of a client hides the logs of other instances', async () => {
    const { log, subscribe } = setUp({ isScoped: true });
    const { take } = await subscribe({ session: 'a/Tiltfile' });
    log.append(logLine('secret'));
    expect(await take()).toEqual([{ session: null, isAvailable: false, reset: true, lines: [], dropped: 0 }]);
  });

  it('a number of lines out of range is rejected', async () => {
    const { subscribe } = setUp();
    await expect(subscribe({ last: 1_001 })).rejects.toThrow('last: expected 0 to 1000, got 1001.');
  });

  it('S5: folding the payloads gives the newest lines in order, with the number of those that are missing, at any speed', async () => {
    const step = fc.oneof(
      {
        weight: 4,
        arbitrary: fc.record({
          lines: fc.array(fc.constantFrom('api', 'web'), { maxLength: 9 }),
          isSplit: fc.boolean(),
        }),
      },
      { weight: 3, arbitrary: fc.record({ ms: fc.constantFrom(1, 60, 100, 250) }) },
      { weight: 2, arbitrary: fc.record({ reader: fc.nat(2), isPaused: fc.boolean() }) },
      { weight: 1, arbitrary: fc.record({ join: fc.constantFrom(null, 'api') }) },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 40 }),
        fc.integer({ min: 1, max: 8 }),
        async (steps, kept) => {
          const { log, clock, subscribe } = setUp({ limits: { totalBytes: kept * LINE_BYTES } });
          const written: { text: string; resource: string }[] = [];
          const readers = [await open(null), await open('api')];
          for (const next of steps) {
            if ('lines' in next) {
              const lines = next.lines.map((resource, index) =>
                logLine(`${written.length + index}`, { resource }),
              );
              written.push(...lines.map(({ styledText, resource }) => ({ text: styledText, resource })));
              if (next.isSplit) for (const line of lines) log.append(line);
              else log.append(...lines);
            } else if ('ms' in next) await clock.advance(next.ms);
            else if ('join' in next) readers.push(await open(next.join));
            else if (next.isPaused) readers[next.reader]?.pause();
            else readers[next.reader]?.resume();
            for (const reader of readers) await reader.fold();
          }
          await clock.advance(100);
          for (const reader of readers) {
            reader.resume();
            await reader.fold();
            expect(reader.rest()).toEqual([]);
          }

          async function open(resource: string | null) {
            const { reader, take } = await subscribe({ resource, last: 3 });
            const selected = () => written.filter((line) => resource === null || line.resource === resource);
            let position: number | null = null;
            return {
              pause: () => reader.pause(),
              resume: () => reader.resume(),
              /** Lines that the client has neither received nor counted. */
              rest: () => selected().slice(position ?? Number.POSITIVE_INFINITY),
              async fold() {
                for (const { reset, lines, dropped } of await take()) {
                  const texts = lines.map(({ text }) => text);
                  const all = selected().map(({ text }) => text);
                  // The tail is as of the last batch. An empty one does not say how many lines precede it.
                  const start = all.indexOf(texts[0] ?? '');
                  if (reset) position = start === -1 ? null : start;
                  else if (position !== null) position += dropped;
                  else if (start !== -1) position = start;
                  if (position === null) continue;
                  expect(texts).toEqual(all.slice(position, position + texts.length));
                  position += texts.length;
                }
              },
            };
          }
        },
      ),
      { numRuns: 200 },
    );
  });
});
