import { describe, expect, it } from 'vitest';
import type { Alert } from '../../../src/cli/watch/alerts.js';
import { createExecQueue } from '../../../src/cli/watch/exec-queue.js';

/** A queue whose commands end when the test says so. */
function heldQueue() {
  const started: string[] = [];
  const troubles: string[] = [];
  const killed: string[] = [];
  let finish: (trouble: string | null) => void = () => {};
  const queue = createExecQueue({
    run({ WHAT = '' }) {
      started.push(WHAT);
      return {
        ended: new Promise((resolve) => {
          finish = resolve;
        }),
        kill: () => void killed.push(WHAT),
      };
    },
    onTrouble: (message) => void troubles.push(message),
  });
  return {
    queue,
    started,
    troubles,
    killed,
    async end(trouble: string | null = null) {
      finish(trouble);
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

function alert(key: string, what = key): Alert {
  return { key, env: { WHAT: what } };
}

describe('the queue of --exec', () => {
  it('runs one command at a time, in order', async () => {
    const { queue, started, end } = heldQueue();
    for (const key of ['a', 'b', 'c']) queue.add(alert(key));
    expect(started).toEqual(['a']);
    await end();
    expect(started).toEqual(['a', 'b']);
    await end();
    await end();
    queue.add(alert('d'));
    expect(started).toEqual(['a', 'b', 'c', 'd']);
  });

  it('keeps the newest of one key that waits', async () => {
    const { queue, started, end } = heldQueue();
    for (const what of ['one', 'two', 'three']) queue.add(alert('a', what));
    await end();
    await end();
    expect(started).toEqual(['one', 'three']);
  });

  it('drops the oldest beyond a hundred, and says so', async () => {
    const { queue, started, troubles, end } = heldQueue();
    for (let index = 0; index <= 101; index += 1) queue.add(alert(`t${index}`));
    expect(troubles).toEqual([expect.stringMatching(/more than 100 wait, the oldest was dropped/)]);
    await end();
    expect(started).toEqual(['t0', 't2']);
  });

  it('says what did not end well, and goes on', async () => {
    const { queue, started, troubles, end } = heldQueue();
    queue.add(alert('a'));
    queue.add(alert('b'));
    await end('it failed');
    expect([started, troubles]).toEqual([['a', 'b'], ['it failed']]);
  });

  it('ends what runs and forgets what waits when it is closed', async () => {
    const { queue, started, troubles, killed, end } = heldQueue();
    queue.add(alert('a'));
    queue.add(alert('b'));
    queue.close();
    expect(killed).toEqual(['a']);
    await end('SIGTERM');
    queue.add(alert('c'));
    expect([started, troubles]).toEqual([['a'], []]);
  });
});
