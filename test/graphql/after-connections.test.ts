import { expect, it } from 'vitest';
import { afterConnections } from '../../src/graphql/after-connections.js';

it('a long task goes on after 16 iterations of the event loop, each of which accepts a connection', async () => {
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
