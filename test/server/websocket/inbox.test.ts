import { describe, expect, it } from 'vitest';
import { createLoopBudget, LOOP_BUDGET_MS } from '../../../src/graphql/event-loop.js';
import { Inbox } from '../../../src/server/websocket/inbox.js';

/**
 * Creates an event loop that the test advances, and connections whose long messages take `LOOP_BUDGET_MS`
 * each.
 */
function createLoop() {
  let now = 0;
  let afterIo: (() => void)[] = [];
  const clock = { monotonic: () => now };
  const budget = createLoopBudget({ ...clock, afterIo: (task) => afterIo.push(task) });
  const log: string[] = [];

  return {
    log,
    open(name: string) {
      const owner = {
        isOpen: true,
        onMessage(bytes: Buffer) {
          log.push(`${name} handles ${bytes.length < 20 ? bytes : `${bytes.length} bytes`}`);
          now += bytes.length < LONG.length ? 0.01 : LOOP_BUDGET_MS;
        },
        onFlood() {
          owner.isOpen = false;
          log.push(`${name} is closed`);
        },
        pauseReading: () => void log.push(`${name} pauses`),
        resumeReading: () => void log.push(`${name} reads on`),
      };
      return { owner, inbox: new Inbox(owner, { budget, clock }) };
    },
    /** Runs the next iteration. After a long one, the event loop polls for I/O twice. */
    async turn() {
      const { length } = log;
      for (let count = 0; count < 2 && log.length === length; count += 1) {
        const tasks = afterIo;
        afterIo = [];
        for (const task of tasks) task();
        await new Promise(setImmediate);
      }
    },
  };
}

const LONG = Buffer.alloc(1_000_000);

describe('the messages of a WebSocket', () => {
  it('short messages of a WebSocket are handled at once', () => {
    const { log, open } = createLoop();
    const { inbox } = open('a');
    for (let count = 0; count < 100; count += 1) inbox.take(Buffer.from('{"type":"ping"}'));
    expect(log).toEqual(Array.from({ length: 100 }, () => 'a handles {"type":"ping"}'));
  });

  it('long messages of a WebSocket are handled one per loop iteration, in order, while reading is paused', async () => {
    const loop = createLoop();
    const [a, b] = [loop.open('a'), loop.open('b')];
    for (const { inbox } of [a, b]) {
      inbox.take(LONG);
      inbox.take(Buffer.from('short'));
    }
    expect(loop.log).toEqual(['a handles 1000000 bytes', 'a handles short', 'b pauses']);
    await loop.turn();
    expect(loop.log.slice(3)).toEqual(['b handles 1000000 bytes']);
    await loop.turn();
    expect(loop.log.slice(4)).toEqual(['b handles short', 'b reads on']);
    expect(b.inbox.isWaiting).toBe(false);
  });

  it('long messages of one WebSocket do not delay those of others', async () => {
    const loop = createLoop();
    const [a, b] = [loop.open('a'), loop.open('b')];
    for (let count = 0; count < 3; count += 1) a.inbox.take(LONG);
    b.inbox.take(LONG);
    for (let count = 0; count < 4; count += 1) await loop.turn();
    expect(loop.log.filter((line) => line.includes('handles'))).toEqual(
      ['a', 'a', 'b', 'a'].map((name) => `${name} handles 1000000 bytes`),
    );
  });

  it('thousands of short messages of a WebSocket are spread over loop iterations', async () => {
    const loop = createLoop();
    const { inbox } = loop.open('a');
    for (let count = 0; count < 10_000; count += 1) inbox.take(Buffer.from('{"type":"ping"}'));
    const handled = loop.log.length;
    expect(handled).toBeLessThan(3_000);
    expect(loop.log.at(-1)).toBe('a pauses');
    for (let count = 0; count < 10; count += 1) await loop.turn();
    expect(loop.log).toHaveLength(10_002);
    expect(loop.log.at(-1)).toBe('a reads on');
  });

  it('a WebSocket is closed when more than 4 MiB of its messages wait, as compressed ones can', async () => {
    const loop = createLoop();
    const { inbox } = loop.open('a');
    for (let count = 0; count < 100; count += 1) inbox.take(LONG);
    expect(loop.log).toEqual(['a handles 1000000 bytes', 'a pauses', 'a is closed']);
    await loop.turn();
    expect(loop.log.slice(3)).toEqual(['a reads on']);
    expect(inbox.isWaiting).toBe(false);
  });

  it('waiting messages of a WebSocket are discarded when it closes', async () => {
    const loop = createLoop();
    const { owner, inbox } = loop.open('a');
    for (let count = 0; count < 3; count += 1) inbox.take(LONG);
    owner.isOpen = false;
    await loop.turn();
    expect(loop.log).toEqual(['a handles 1000000 bytes', 'a pauses', 'a reads on']);
    expect(inbox.isWaiting).toBe(false);
  });
});

it('thousands of pongs make a WebSocket wait for the next loop iteration', async () => {
  const loop = createLoop();
  const [a, b] = [loop.open('a'), loop.open('b')];
  a.inbox.take(LONG);
  for (let count = 0; count < 10_000; count += 1) b.inbox.count();
  expect(loop.log.at(-1)).toBe('b pauses');
  await loop.turn();
  expect(loop.log.at(-1)).toBe('b reads on');
});
