import { setTimeout as sleep } from 'node:timers/promises';
import type { NatsServer } from '../../support/nats-server.js';
import type { FleetLoadApi } from '../clients/fleet-load.js';
import type { NatsWatcherApi } from '../clients/nats-watcher.js';
import type { ReadersApi } from '../clients/readers.js';
import { FLEET_UPDATES, fleetSessionId } from '../data/fleet.js';
import { targetChange } from '../data/operations.js';
import { faultOf } from '../parts/flow.js';
import type { Child } from '../processes/child-calls.js';
import type { Usage } from '../processes/usage.js';
import type { Bench } from './bench.js';
import { startChild } from './child.js';
import { readCpuMicros } from './process-usage.js';
import { median, quantile } from './statistics.js';

/** Timeout for the last updates to arrive. */
const ARRIVAL_TIMEOUT_MS = 60_000;

/** Number of processes that read the bucket. */
const READERS = 2;

/** A process that reads the bucket, and the receiver of its updates. */
export interface BucketReader extends AsyncDisposable {
  /** Reads the usage of the measured process. */
  usage(options?: { readonly collect: boolean }): Promise<Usage>;
  /** The process that receives the updates. */
  readonly receiver: Pick<Child<Omit<ReadersApi, 'read'> & Pick<NatsWatcherApi, 'read'>>, 'call'>;
}

/** Address and size of the watched bucket. */
export interface WatchedBucket {
  readonly address: string;
  readonly sessions: number;
}

/**
 * Starts the processes that read a bucket.
 *
 * @param server a server with one reader for each session; null for programs that watch the bucket directly
 */
export async function openBucketReaders(
  bench: Bench,
  { server, ...watched }: WatchedBucket & { readonly server: string | null },
) {
  const all: BucketReader[] = [];
  for (let index = 0; index < READERS; index += 1) {
    all.push(await (server === null ? openWatcher(bench, watched) : openGateway(bench, server, watched)));
  }
  return {
    all,
    async [Symbol.asyncDispose]() {
      for (const one of all) await one[Symbol.asyncDispose]();
    },
  };
}

/** Starts a gateway, or a server in its place, with one reader for each session. */
async function openGateway(
  bench: Bench,
  server: string,
  { address, sessions }: WatchedBucket,
): Promise<BucketReader> {
  const gateway = await bench.startServer(server, { upstream: { nats: address } });
  const receiver = await bench.openReaders({
    port: gateway.port,
    sockets: sessions,
    documents: Array.from({ length: sessions }, (_, stream) => targetChange(fleetSessionId(stream)).document),
    streams: sessions,
    updates: FLEET_UPDATES,
  });
  return {
    usage: (options = { collect: false }) => gateway.call('usage', options),
    receiver,
    async [Symbol.asyncDispose]() {
      await receiver[Symbol.asyncDispose]();
      await gateway[Symbol.asyncDispose]();
    },
  };
}

async function openWatcher(bench: Bench, watched: WatchedBucket): Promise<BucketReader> {
  const watcher = startChild<NatsWatcherApi>('clients/nats-watcher', bench.signal);
  await watcher.call('open', watched, ARRIVAL_TIMEOUT_MS);
  return {
    usage: (options = { collect: false }) => watcher.call('usage', options),
    receiver: watcher,
    [Symbol.asyncDispose]: () => watcher[Symbol.asyncDispose](),
  };
}

/** Publishers, their broker, and the processes that read the bucket. */
export interface Fleet {
  readonly broker: NatsServer;
  readonly load: Child<FleetLoadApi>;
  readonly readings: readonly BucketReader[];
}

/** Options of {@link measureIdle}. */
export interface IdleOptions {
  readonly seconds: number;
  readonly sessions: number;
  readonly sessionsPerPublisher: number;
}

/**
 * Time after a change of the publishers before their cost is measured: longer than the 15 s after which the
 * heartbeats of the publishers before expire, which is an event for each Session.
 */
const SETTLING_MS = 20_000;

/**
 * Number of periods of a measurement, whose median is reported. V8 collects the garbage of the start once,
 * about half a minute later: a second of CPU time for each gateway, in one of the periods.
 */
const IDLE_PERIODS = 3;

/**
 * Measures the cost per session while nothing changes: the publishers' heartbeats, and the broker that
 * forwards them.
 */
export async function measureIdle(fleet: Fleet, { seconds, sessions, sessionsPerPublisher }: IdleOptions) {
  await fleet.load.call('beat', { sessionsPerPublisher });
  // The first heartbeats of other publishers are those of new Sessions.
  await sleep(SETTLING_MS);
  const periodSeconds = seconds / IDLE_PERIODS;
  const moments = [await usages(fleet)];
  for (let index = 0; index < IDLE_PERIODS; index += 1) {
    await sleep(periodSeconds * 1_000);
    moments.push(await usages(fleet));
  }
  const perSession = (read: (moment: Moment) => number) => {
    const costs = moments.slice(1).map((moment, index) => read(moment) - read(moments[index] ?? moment));
    return median(costs) / periodSeconds / sessions;
  };
  return {
    idleCpu: perSession(({ readings }) => readings) / fleet.readings.length,
    idleBrokerCpu: perSession(({ broker }) => broker),
    idleIn: perSession(({ bytesIn }) => bytesIn),
    idleOut: perSession(({ bytesOut }) => bytesOut),
  };
}

type Moment = Awaited<ReturnType<typeof usages>>;

/** Mean heap of a bucket reader in megabytes, after garbage collection. */
export async function measureHeap({ readings }: Fleet): Promise<number> {
  const usages = await Promise.all(readings.map((reading) => reading.usage({ collect: true })));
  return usages.reduce((sum, { heapBytes }) => sum + heapBytes, 0) / readings.length / 1e6;
}

/** Sends `count` updates of each session at a fixed rate. Returns their cost and delivery. */
export async function sustain(fleet: Fleet, pace: { readonly count: number; readonly perSecond: number }) {
  const { load, readings } = fleet;
  const ofAll = <T>(ask: (reading: BucketReader) => Promise<T>) => Promise.all(readings.map(ask));
  await ofAll(({ receiver }) => receiver.call('reset'));
  await ofAll(({ receiver }) => receiver.call('record'));
  const before = await usages(fleet);
  const { first, times, failures } = await load.call('pace', pace, 10 * ARRIVAL_TIMEOUT_MS);
  const n = first + pace.count - 1;
  const reached = await ofAll(({ receiver }) =>
    receiver.call('reached', { n, ms: ARRIVAL_TIMEOUT_MS }, 2 * ARRIVAL_TIMEOUT_MS),
  );
  const after = await usages(fleet);
  const latencies = await ofAll(({ receiver }) =>
    receiver.call('latencies', { first, times }, ARRIVAL_TIMEOUT_MS),
  );
  const received = await ofAll(({ receiver }) => receiver.call('read'));
  const samples = latencies.flatMap((each) => each.samples);
  const sent = times.flat();
  const updates = sent.length;
  const micros = after.at - before.at;
  const each = (after.readings - before.readings) / readings.length;
  const lost = received.reduce((sum, one) => sum + one.lost, 0);
  return {
    values: {
      cpu: each / updates,
      brokerCpu: (after.broker - before.broker) / updates,
      p50: quantile(samples, 0.5),
      p99: quantile(samples, 0.99),
      rate: rateOf(sent),
      lost,
      cores: each / micros,
      brokerCores: (after.broker - before.broker) / micros,
      loadCores: (after.load - before.load) / micros,
      rss: after.rss / readings.length / 1e6,
      brokerIn: (after.bytesIn - before.bytesIn) / updates / 1e3,
      brokerOut: (after.bytesOut - before.bytesOut) / updates / 1e3,
    },
    fault:
      failures[0] ??
      (reached.includes(false)
        ? `not every reader received the last update within ${ARRIVAL_TIMEOUT_MS / 1_000} s`
        : (received.map(faultOf).find((fault) => fault !== null) ?? null)),
  };
}

/** The fields read from the server's monitoring page `/varz`. */
interface BrokerStatus {
  readonly in_bytes: number;
  readonly out_bytes: number;
}

async function usages({ broker, load, readings }: Fleet) {
  const ofReadings = await Promise.all(readings.map((reading) => reading.usage()));
  const ofLoad = await load.call('usage', {});
  const status: BrokerStatus = await (await fetch(`${broker.monitor}/varz`)).json();
  return {
    at: ofLoad.at / 1_000,
    load: ofLoad.cpuMicros,
    readings: ofReadings.reduce((sum, { cpuMicros }) => sum + cpuMicros, 0),
    rss: ofReadings.reduce((sum, { rssBytes }) => sum + rssBytes, 0),
    broker: readCpuMicros(broker.pid ?? 0),
    bytesIn: status.in_bytes,
    bytesOut: status.out_bytes,
  };
}

/** Updates sent per second, by their send times. */
function rateOf(sent: readonly number[]): number {
  const first = sent.reduce((min, time) => Math.min(min, time), Number.POSITIVE_INFINITY);
  const last = sent.reduce((max, time) => Math.max(max, time), 0);
  return ((sent.length - 1) / (last - first)) * 1e9;
}
