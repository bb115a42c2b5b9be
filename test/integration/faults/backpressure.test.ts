import { describe, expect, it } from 'vitest';
import { BIG_CHANGES, bigJson, SMALL_CHANGES, startCliGateway } from '../../support/cli-gateway.js';
import { createMany } from '../../support/create-many.js';
import { openStuckReader } from '../../support/stuck-reader.js';

/** Number of rounds, about 10 MB in total: far more than the socket buffers hold. */
const ROUNDS = 100;
const NEWEST = '{ session { status { targets { name } } } }';

describe('U1: readers that never read do not block Tilt', () => {
  it.each([0, 1_000])(
    'U1: with %i readers that never read, each write of Tilt is read completely before the next',
    async (count) => {
      await using gateway = await startCliGateway();
      const { server, url, webSocketUrl } = gateway;
      // One in ten falls megabytes behind, more than the system's buffers hold. The system lacks memory for
      // all of them.
      const big = await createMany(count / 10, () => openStuckReader(webSocketUrl, BIG_CHANGES));
      const small = await createMany(count - big.length, () => openStuckReader(webSocketUrl, SMALL_CHANGES));
      for (let round = 1; round <= ROUNDS; round += 1) {
        server.put(bigJson(round));
        await server.drained();
      }
      await expect.poll(() => queryNewestRound(url), { timeout: 30_000 }).toContain(`"round-${ROUNDS}"`);
      expect(server.count('watch')).toBe(1);
      expect(server.openWatches).toBe(1);
      for (const reader of [...big, ...small]) await reader[Symbol.asyncDispose]();
    },
    120_000,
  );
});

async function queryNewestRound(url: string): Promise<string> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query: NEWEST }) });
  return response.text();
}
