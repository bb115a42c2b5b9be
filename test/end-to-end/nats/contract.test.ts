import { afterAll, beforeAll } from 'vitest';
import { systemClock } from '../../../src/lib/clock.js';
import { decodeSession } from '../../../src/model/decode.js';
import { createNatsProvider } from '../../../src/nats/nats-provider.js';
import { type NatsServer, startNats } from '../../support/nats-server.js';
import { describeProvider } from '../../support/provider-contract.js';
import { openTestBucket } from '../../support/test-bucket.js';

let nats: NatsServer;
beforeAll(async () => {
  nats = await startNats();
});
afterAll(() => nats[Symbol.asyncDispose]());

let buckets = 0;

describeProvider('nats', {
  ids: ['team-a.ci.1/Tiltfile', 'team-b/other'],
  abilities: ['put', 'remove', 'disconnect', 'watchAgain'],
  histories: 8,
  async make(initial) {
    buckets += 1;
    const address = nats.address(`contract-${buckets}`);
    const bucket = await openTestBucket(address);
    const put = ({ json, instance }: (typeof initial)[number]) => bucket.put(decodeSession(json, instance));
    for (const session of initial) await put(session);
    return {
      provider: createNatsProvider({ address, clock: systemClock }),
      put,
      async remove(id) {
        const [instance = '', name = ''] = id.split('/');
        await bucket.remove(instance, name);
      },
      disconnect: () => bucket.drop(),
      dispose: () => bucket[Symbol.asyncDispose](),
    };
  },
});
