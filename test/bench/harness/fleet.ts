import { setTimeout as sleep } from 'node:timers/promises';
import type { NatsServer } from '../../support/nats-server.js';
import type { FleetLoadApi } from '../clients/fleet-load.js';
import type { NatsWatcherApi } from '../clients/nats-watcher.js';
import type { ReadersApi } from '../clients/readers.js';
import { FLEET_UPDATES } from '../data/fleet.js';
import { targetChange } from '../data/operations.js';
import { sessionId } from '../data/session.js';
import { faultOf } from '../parts/flow.js';
import { OURS } from '../parts/part.js';
import type { Usage } from '../processes/usage.js';
import type { Bench } from './bench.js';
import { type Child, startChild } from './child.js';
import { cpuMicrosOf } from './process-usage.js';
import { quantile } from './statistics.js';

/** How long the last updates are waited for. */
const PATIENCE_MS = 60_000;

/** How many read the bucket. */
const READERS = 2;

/** One who reads the bucket, and what its updates come to. */
export interface Reading extends AsyncDisposable {
  /** The process that is measured. */
  usage(options?: { readonly collect: boolean }): Promise<Usage>;
  /** The process that gets the updates. */
  readonly receiver: Pick<Child<Omit<ReadersApi, 'read'> & Pick<NatsWatcherApi, 'read'>>, 'call'>;
}

/** What is read. */
export interface Watched {
  readonly address: string;
  readonly sessions: number;
}

/** Those who read a bucket: gateways, or programs that watch it by themselves. */
export async function openReadings(
  bench: Bench,
  { hasGateway, ...watched }: Watched & { readonly hasGateway: boolean },
) {
  const all: Reading[] = [];
  for (let index = 0; index < READERS; index += 1) {
    all.push(await (hasGateway ? openGateway(bench, watched) : openWatcher(bench, watched)));
  }
  return {
    all,
    async [Symbol.asyncDispose]() {
      for (const one of all) await one[Symbol.asyncDispose]();
    },
  };
}

/** A gateway, and readers that follow a Session each. */
async function openGateway(bench: Bench, { address, sessions }: Watched): Promise<Reading> {
  const gateway = await bench.startServer(OURS, { upstream: { nats: address } });
  const receiver = await bench.openReaders({
    port: gateway.port,
    sockets: sessions,
    documents: Array.from({ length: sessions }, (_, stream) => targetChange(sessionId(stream)).document),
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

async function openWatcher(bench: Bench, watched: Watched): Promise<Reading> {
  const watcher = startChild<NatsWatcherApi>('clients/nats-watcher', bench.signal);
  await watcher.call('open', watched, PATIENCE_MS);
  return {
    usage: (options = { collect: false }) => watcher.call('usage', options),
    receiver: watcher,
    [Symbol.asyncDispose]: () => watcher[Symbol.asyncDispose](),
  };
}

/** Publishers, their broker, and those who read it. */
export interface Fleet {
  readonly broker: NatsServer;
  readonly load: Child<FleetLoadApi>;
  readonly readings: readonly Reading[];
}

/** What it costs for a time that nothing changes: publishers say that they are there, and the broker passes it on. */
export async function rest(
  fleet: Fleet,
  { seconds, sessions }: { readonly seconds: number; readonly sessions: number },
) {
  const before = await usages(fleet);
  await sleep(seconds * 1_000);
  const after = await usages(fleet);
  const perSession = (value: number) => value / seconds / sessions;
  return {
    idleCpu: perSession(after.readings - before.readings) / fleet.readings.length,
    idleBrokerCpu: perSession(after.broker - before.broker),
    idleIn: perSession(after.bytesIn - before.bytesIn),
    idleOut: perSession(after.bytesOut - before.bytesOut),
  };
}

/** What those who read the bucket hold in memory, each, in megabytes, once what is not needed is collected. */
export async function heapOf({ readings }: Fleet): Promise<number> {
  const usages = await Promise.all(readings.map((reading) => reading.usage({ collect: true })));
  return usages.reduce((sum, { heapBytes }) => sum + heapBytes, 0) / readings.length / 1e6;
}

/** So many updates of each Session at a pace: what they cost, and what came of them. */
export async function sustain(fleet: Fleet, pace: { readonly count: number; readonly perSecond: number }) {
  const { load, readings } = fleet;
  const ofAll = <T>(ask: (reading: Reading) => Promise<T>) => Promise.all(readings.map(ask));
  await ofAll(({ receiver }) => receiver.call('reset'));
  await ofAll(({ receiver }) => receiver.call('record'));
  const before = await usages(fleet);
  const { first, times, failures } = await load.call('pace', pace, 10 * PATIENCE_MS);
  const n = first + pace.count - 1;
  const reached = await ofAll(({ receiver }) =>
    receiver.call('reached', { n, ms: PATIENCE_MS }, 2 * PATIENCE_MS),
  );
  const after = await usages(fleet);
  const latencies = await ofAll(({ receiver }) => receiver.call('latencies', { first, times }, PATIENCE_MS));
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
        ? `not every reader had the last update ${PATIENCE_MS / 1_000} s after it`
        : (received.map(faultOf).find((fault) => fault !== null) ?? null)),
  };
}

/** As much as is needed of what a server says of itself. */
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
    broker: cpuMicrosOf(broker.pid ?? 0),
    bytesIn: status.in_bytes,
    bytesOut: status.out_bytes,
  };
}

/** How many were really sent a second. */
function rateOf(sent: readonly number[]): number {
  const first = sent.reduce((least, time) => Math.min(least, time), Number.POSITIVE_INFINITY);
  const last = sent.reduce((most, time) => Math.max(most, time), 0);
  return ((sent.length - 1) / (last - first)) * 1e9;
}
