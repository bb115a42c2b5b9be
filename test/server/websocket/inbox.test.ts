import { describe, expect, it } from 'vitest';
import { createLoopBudget, LOOP_BUDGET_MS } from '../../../src/graphql/loop-budget.js';
import { Inbox } from '../../../src/server/websocket/inbox.js';

/** An event loop that goes on when the test says so, and connections whose long messages take `LOOP_BUDGET_MS` each. */
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
        pauseReading: () => void log.push(`${name} pauses`),
        resumeReading: () => void log.push(`${name} reads on`),
      };
      return { owner, inbox: new Inbox(owner, { budget, clock }) };
    },
    /** Goes on until the next turn: after a long one, the event loop looks for input and output twice. */
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

describe('the messages of a connection', () => {
  it('are handed over at once while they are short', () => {
    const { log, open } = createLoop();
    const { inbox } = open('a');
    for (let count = 0; count < 100; count += 1) inbox.take(Buffer.from('{"type":"ping"}'));
    expect(log).toEqual(Array.from({ length: 100 }, () => 'a handles {"type":"ping"}'));
  });

  it('wait for a turn each when they are long, in their order, and nothing is read meanwhile', async () => {
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

  it('of one connection do not keep those of others waiting', async () => {
    const loop = createLoop();
    const [a, b] = [loop.open('a'), loop.open('b')];
    for (let count = 0; count < 3; count += 1) a.inbox.take(LONG);
    b.inbox.take(LONG);
    for (let count = 0; count < 4; count += 1) await loop.turn();
    expect(loop.log.filter((line) => line.includes('handles'))).toEqual(
      ['a', 'a', 'b', 'a'].map((name) => `${name} handles 1000000 bytes`),
    );
  });

  it('wait for a turn when there are thousands of short ones', async () => {
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

  it('are forgotten when it closes before their turn', async () => {
    const loop = createLoop();
    const { owner, inbox } = loop.open('a');
    for (let count = 0; count < 3; count += 1) inbox.take(LONG);
    owner.isOpen = false;
    await loop.turn();
    expect(loop.log).toEqual(['a handles 1000000 bytes', 'a pauses', 'a reads on']);
    expect(inbox.isWaiting).toBe(false);
  });
});

it('pongs by the thousand make a connection wait for a turn', async () => {
  const loop = createLoop();
  const [a, b] = [loop.open('a'), loop.open('b')];
  a.inbox.take(LONG);
  for (let count = 0; count < 10_000; count += 1) b.inbox.count();
  expect(loop.log.at(-1)).toBe('b pauses');
  await loop.turn();
  expect(loop.log.at(-1)).toBe('b reads on');
});
