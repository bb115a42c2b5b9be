import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { answerCalls } from '../../bench/processes/answer-calls.js';
import type { Internals, PublisherApi } from './api.js';
import { type CountingClock, createCountingClock } from './counting-clock.js';
import { readFiguresWithoutObjects } from './figures.js';
import { createShortDelays } from './short-delays.js';

/** Time for the final states, in milliseconds. */
const CLOSE_MS = 10_000;

let clock: CountingClock | null = null;
let close: () => Promise<void> = async () => {};

const api: PublisherApi = {
  async start({ kubeconfig, bucket }) {
    const [{ systemClock }, { silentLog }, { createMetrics }, { parseAddress }] = await Promise.all([
      load<typeof import('../../../src/lib/clock.js')>('lib/clock.js'),
      load<typeof import('../../../src/lib/log.js')>('lib/log.js'),
      load<typeof import('../../../src/lib/metrics.js')>('lib/metrics.js'),
      load<typeof import('../../../src/nats/settings.js')>('nats/settings.js'),
    ]);
    const [{ createStore }, { createSources }, { followTilts }, { connectBroker }, { createPublisher }] =
      await Promise.all([
        load<typeof import('../../../src/store/store.js')>('store/store.js'),
        load<typeof import('../../../src/providers/sources.js')>('providers/sources.js'),
        load<typeof import('../../../src/tilts.js')>('tilts.js'),
        load<typeof import('../../../src/nats/publish/broker.js')>('nats/publish/broker.js'),
        load<typeof import('../../../src/nats/publish/publisher.js')>('nats/publish/publisher.js'),
      ]);
    clock = createCountingClock(systemClock);
    const parts = { clock, log: silentLog, random: createShortDelays(2) };
    const store = createStore({ clock, epoch: 'publish' });
    const sources = createSources({ ...parts, sink: store });
    followTilts({ kubeconfig }, { ...parts, store, sources, metrics: createMetrics() });
    const broker = connectBroker({ ...parts, address: parseAddress(bucket), credentials: {}, settings: {} });
    const publisher = createPublisher({
      ...parts,
      store,
      broker,
      publisher: 'soak',
      instanceOf: ({ instance }) => instance,
      takeOver: false,
    });
    void publisher.failed.then((error) => {
      throw error;
    });
    close = async () => {
      await publisher.close('the soak is over', CLOSE_MS);
      await sources.close();
      store.dispose();
    };
    await broker.bucket();
  },
  caughtUp() {},
  figures: () => readFiguresWithoutObjects(inside),
  async close() {
    await close();
    return inside();
  },
};
answerCalls(api);

function inside(): Internals {
  return { readers: 0, timers: clock?.pending ?? 0 };
}

/** Loads a module of the built program. The process runs in the project's root. */
function load<T>(module: string): Promise<T> {
  return import(pathToFileURL(resolve('dist', module)).href);
}
