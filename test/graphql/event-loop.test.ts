import { describe, expect, it } from 'vitest';
import {
  afterConnections,
  createLane,
  createLoopBudget,
  LOOP_BUDGET_MS,
} from '../../src/graphql/event-loop.js';

it('a long task continues after 16 iterations of the event loop, each of which accepts a connection', async () => {
  let iterations = 0;
  let isOver = false;
  const count = () => {
    if (isOver) return;
    iterations += 1;
    setImmediate(count);
  };
  setImmediate(count);
  await new Promise<void>((resolve) => afterConnections(resolve));
  isOver = true;
  expect(iterations).toBe(16);
});

/** A budget on an event loop and a clock that go on when the test says so. Time passes only by `work`. */
function createLoop() {
  let now = 0;
  let afterIo: (() => void)[] = [];
  const budget = createLoopBudget({ monotonic: () => now, afterIo: (task) => afterIo.push(task) });
  return {
    budget,
    work(ms: number): void {
      now += ms;
    },
    async iterate(): Promise<void> {
      const tasks = afterIo;
      afterIo = [];
      for (const task of tasks) task();
      await new Promise(setImmediate);
    },
    get isIdle() {
      return afterIo.length === 0;
    },
  };
}

describe('the budget of an iteration of the event loop', () => {
  it('starts operations at once until it is used up, then one per iteration', async () => {
    const loop = createLoop();
    expect(loop.budget.pass()).toBeNull();
    loop.work(LOOP_BUDGET_MS - 1);
    expect(loop.budget.pass()).toBeNull();
    loop.work(1);
    const begun: number[] = [];
    for (const index of [1, 2]) void loop.budget.pass()?.then(() => begun.push(index));
    await loop.iterate();
    await loop.iterate();
    expect(begun).toEqual([1]);
    await loop.iterate();
    expect(begun).toEqual([1, 2]);
    await loop.iterate();
    expect(loop.isIdle).toBe(true);
    expect(loop.budget.pass()).toBeNull();
  });

  it('lets the event loop poll twice after an operation that exceeded the budget', async () => {
    const loop = createLoop();
    const begun: number[] = [];
    expect(loop.budget.pass()).toBeNull();
    loop.work(LOOP_BUDGET_MS);
    for (const index of [1, 2]) {
      void loop.budget.pass()?.then(() => {
        begun.push(index);
        loop.work(LOOP_BUDGET_MS);
      });
    }
    for (const expected of [[], [1], [1], [1, 2]]) {
      await loop.iterate();
      expect(begun).toEqual(expected);
    }
  });

  it('continues a started operation before it starts others', async () => {
    const loop = createLoop();
    expect(loop.budget.pass()).toBeNull();
    expect(loop.budget.goOn()).toBeNull();
    loop.work(LOOP_BUDGET_MS);
    const order: string[] = [];
    void loop.budget.pass()?.then(() => order.push('another begins'));
    void loop.budget.goOn()?.then(() => order.push('the first goes on'));
    await loop.iterate();
    await loop.iterate();
    expect(order).toEqual(['the first goes on']);
    await loop.iterate();
    expect(order).toEqual(['the first goes on', 'another begins']);
  });
});

describe('a lane', () => {
  it('runs one task after the other, and rejects tasks above its limit', async () => {
    const lane = createLane(1);
    const order: string[] = [];
    let end = () => {};
    const first = lane.run(async () => {
      order.push('first begins');
      await new Promise<void>((resolve) => {
        end = resolve;
      });
      order.push('first ends');
    });
    const second = lane.run(async () => order.push('second begins'));
    expect(lane.run(async () => order.push('never'))).toBe(null);
    expect(lane.waiting).toBe(1);
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    expect(order).toEqual(['first begins']);
    end();
    await Promise.all([first, second]);
    expect(order).toEqual(['first begins', 'first ends', 'second begins']);
    expect(lane.waiting).toBe(0);
  });

  it('continues after a failed task', async () => {
    const lane = createLane(1);
    await expect(lane.run(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await lane.run(async () => 'yes')).toBe('yes');
  });
});
