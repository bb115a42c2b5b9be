import { type Clock, systemClock } from '../../src/lib/clock.js';
import type { Session } from '../../src/model/session.js';
import { type Broker, connectBroker } from '../../src/nats/publish/broker.js';
import { createPublisher, type Publisher } from '../../src/nats/publish/publisher.js';
import { type BucketSettings, type NatsCredentials, parseAddress } from '../../src/nats/settings.js';
import { createMemoryProvider } from '../../src/providers/memory.js';
import { createSources } from '../../src/providers/sources.js';
import { createStore } from '../../src/store/store.js';
import type { ManualClock } from './manual-clock.js';

/**
 * A publisher in this process with its source. Closed at the end of its block without marking Sessions
 * GONE.
 */
export interface TestPublisher extends AsyncDisposable {
  readonly publisher: Publisher;
  readonly broker: Broker;
  /** Log lines so far. */
  readonly lines: readonly string[];
  /** Sets a Session of the source. */
  put(session: Session): void;
  /** Removes a Session from the source. */
  remove(session: Session): void;
  /** Marks the source as stale. */
  markStale(error: string): void;
}

/** Waits for the end of a publisher. Its deadline passes only while its clock does. */
async function ending(clock: Clock | ManualClock, closing: Promise<unknown>): Promise<void> {
  let isClosed = false;
  const closed = closing.finally(() => {
    isClosed = true;
  });
  while ('advance' in clock && !isClosed) await clock.advance(1);
  await closed;
}

/** Options of {@link startPublisher}. */
export interface TestPublisherOptions {
  readonly address: string;
  /** Name of the publisher. Default: `one`. */
  readonly name?: string;
  readonly takeOver?: boolean;
  readonly settings?: BucketSettings;
  readonly credentials?: NatsCredentials;
  readonly clock?: Clock | ManualClock;
  readonly sessions?: readonly Session[];
}

/** Starts a publisher of a memory source. */
export function startPublisher(options: TestPublisherOptions): TestPublisher {
  const { address, name = 'one', takeOver = false, settings = {}, clock = systemClock, sessions } = options;
  const lines: string[] = [];
  const log = (level: string, message: string) => lines.push(`${level} ${message}`);
  const source = createMemoryProvider('tilt', sessions);
  const store = createStore({ clock, epoch: 'source' });
  const sources = createSources({ sink: store, clock, random: Math.random, log });
  sources.add(source.provider);
  const broker = connectBroker({
    address: parseAddress(address),
    credentials: options.credentials ?? {},
    settings,
    clock,
    random: Math.random,
    log,
  });
  const publisher = createPublisher({
    store,
    broker,
    publisher: name,
    instanceOf: ({ instance }) => instance,
    takeOver,
    clock,
    random: Math.random,
    log,
  });
  return {
    publisher,
    broker,
    lines,
    put: (session) => source.put(session),
    remove: ({ id }) => source.remove(id),
    markStale: (error) => source.markStale(error),
    async [Symbol.asyncDispose]() {
      await ending(clock, publisher.close('the test is over', 0));
      await sources.close();
      store.dispose();
    },
  };
}
