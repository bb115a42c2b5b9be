import { expect, it } from 'vitest';
import { createReplayedSessions } from '../../../src/nats/publish/replayed-sessions.js';
import { createStore } from '../../../src/store/store.js';
import { createManualClock } from '../../support/manual-clock.js';
import { session } from '../../support/sessions.js';

function setUp() {
  const store = createStore({ clock: createManualClock(), epoch: 'test' });
  const published: string[] = [];
  const replayed = createReplayedSessions(store, ({ id, metadata }) => {
    published.push(`${id} ${metadata.resourceVersion}`);
  });
  store.open('bucket');
  store.apply('bucket', { type: 'snapshot', sessions: [] });
  const put = (instance: string, n: number) =>
    store.apply('bucket', {
      type: 'upsert',
      session: session(instance, {}, { resourceVersion: String(n) }),
    });
  return { replayed, published, put };
}

it('publishes only the newest of the states that are read together', async () => {
  const { replayed, published, put } = setUp();
  for (const n of [1, 2, 3]) {
    put('ci', n);
    replayed.add('ci/Tiltfile');
  }
  expect(published).toEqual([]);
  await Promise.resolve();
  expect(published).toEqual(['ci/Tiltfile 3']);
});

it('publishes states of the past at once when the publisher ends, and no Session twice', async () => {
  const { replayed, published, put } = setUp();
  put('ci', 1);
  replayed.add('ci/Tiltfile');
  replayed.flush();
  await Promise.resolve();
  expect(published).toEqual(['ci/Tiltfile 1']);
});

it('publishes no state of the past of a Session that was removed or published since', async () => {
  const { replayed, published, put } = setUp();
  put('ci', 1);
  replayed.add('ci/Tiltfile');
  replayed.add('unknown/Tiltfile');
  replayed.remove('ci/Tiltfile');
  await Promise.resolve();
  expect(published).toEqual([]);
});
