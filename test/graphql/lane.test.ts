import { describe, expect, it } from 'vitest';
import { createLane } from '../../src/graphql/lane.js';

describe('a lane', () => {
  it('runs one task after the other, and refuses those beyond the number that may wait', async () => {
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

  it('goes on after a task that fails', async () => {
    const lane = createLane(1);
    await expect(lane.run(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await lane.run(async () => 'yes')).toBe('yes');
  });
});
