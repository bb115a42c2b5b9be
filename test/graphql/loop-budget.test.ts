import { describe, expect, it } from 'vitest';
import { createLoopBudget, LOOP_BUDGET_MS } from '../../src/graphql/loop-budget.js';

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
  it('lets operations begin at once until it is used up, and then one in each iteration', async () => {
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

  it('leaves two looks for input and output after an operation that took longer', async () => {
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

  it('lets one that has begun go on before those that have not, in the next iteration', async () => {
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
