import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { createNatsProvider } from '../../../src/nats/nats-provider.js';
import { startNats } from '../../support/nats-server.js';
import { startProviderWatch } from '../../support/provider-watch.js';
import { session } from '../../support/sessions.js';
import { openSlowProxy } from '../../support/slow-proxy.js';
import { openTestBucket } from '../../support/test-bucket.js';

it.each([
  [6, 80_000, 100],
  [12, 100_000, 200],
])(
  'a gateway reads a bucket over a link that takes %i s for its states, with all publishers alive',
  async (_, bytesPerSecond, count) => {
    await using nats = await startNats();
    await using bucket = await openTestBucket(nats.address('slow'), { presenceMs: 60_000 });
    for (let index = 0; index < count; index += 1) {
      // Does not become smaller when it is compressed.
      const error = randomBytes(4_500).toString('base64');
      await bucket.put(session(`ci.${index}`, {}, { status: { error } }));
    }
    await using proxy = await openSlowProxy(nats.port, bytesPerSecond);
    const watching = startProviderWatch(
      createNatsProvider({ address: `nats://127.0.0.1:${proxy.port}/slow` }),
    );
    await expect.poll(() => watching.outcome !== null || watching.changes.length > 0).toBe(true);
    expect(watching.outcome).toBeNull();
    expect(watching.state.sessions.size).toBe(count);
    expect([...watching.state.stale]).toEqual([]);
    watching.abort();
  },
);
