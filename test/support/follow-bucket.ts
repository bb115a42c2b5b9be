import { systemClock } from '../../src/lib/clock.js';
import { createNatsProvider } from '../../src/nats/nats-provider.js';
import type { NatsCredentials } from '../../src/nats/settings.js';
import { createSources } from '../../src/providers/sources.js';
import { createStore } from '../../src/store/store.js';

/** A reader of a bucket with retries, as in a gateway. */
export interface FollowedBucket extends AsyncDisposable {
  /** Ids of its Sessions with their connections, such as `ci/Tiltfile live`. */
  states(): readonly string[];
}

/** Follows a bucket until the end of the block (`await using`). */
export function followBucket(address: string, credentials: NatsCredentials = {}): FollowedBucket {
  const clock = systemClock;
  const store = createStore({ clock, epoch: 'gateway' });
  const sources = createSources({ sink: store, clock, random: Math.random, log: () => {} });
  sources.add(createNatsProvider({ address, credentials, clock }));
  return {
    states: () => store.ids().map((id) => `${id} ${store.get(id)?.connection.state}`),
    async [Symbol.asyncDispose]() {
      await sources.close();
      store.dispose();
    },
  };
}
