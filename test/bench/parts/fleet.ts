import { startNats } from '../../support/nats-server.js';
import type { FleetLoadApi } from '../clients/fleet-load.js';
import { SESSIONS_PER_HOST } from '../data/fleet.js';
import { type Bench, SERVICES } from '../harness/bench.js';
import { startChild } from '../harness/child.js';
import { measureHeap, measureIdle, openBucketReaders, sustain } from '../harness/fleet.js';
import { atLeast, atMost, atMostTimes, type Column, OURS, type Part, type Row } from './part.js';

const CPU: Column = { key: 'cpu', title: 'CPU µs/update', digits: 0 };
const P50: Column = { key: 'p50', title: 'p50 ms', digits: 1 };
const P99: Column = { key: 'p99', title: 'p99 ms', digits: 1 };
const RATE: Column = { key: 'rate', title: 'updates/s', digits: 0 };
const LOST: Column = { key: 'lost', title: 'lost', digits: 0 };
const IDLE: Column = { key: 'idleCpu', title: 'idle: µs/s a Session', digits: 1 };
const IDLE_SHARED: Column = {
  key: 'idleSharedCpu',
  title: 'idle, 100 a publisher: µs/s a Session',
  digits: 1,
};
/** Latency at which a rate counts as sustained, in milliseconds. */
const MAX_P99_MS = 250;
const WATCHER = 'raw-nats';
/** The lower bound for a gateway: it forwards each message and knows no states. */
const RELAY = 'raw-relay';

/**
 * Publishers, a broker, two gateways and their readers, compared with two programs that watch the broker
 * directly, and with two that forward its messages unread.
 */
export const fleet: Part = {
  name: 'fleet',
  title: '1,000 Sessions of 100 targets through one NATS server to two gateways with 1,000 readers each',
  entrants: [OURS, WATCHER, RELAY],
  columns: [
    CPU,
    { key: 'brokerCpu', title: 'broker µs/update', digits: 0 },
    P50,
    P99,
    RATE,
    LOST,
    { key: 'cores', title: 'cores each', digits: 2 },
    { key: 'brokerCores', title: 'broker cores', digits: 2 },
    { key: 'loadCores', title: 'publisher cores', digits: 2 },
    { key: 'rss', title: 'RSS MB each', digits: 0 },
    { key: 'brokerIn', title: 'broker in kB/update', digits: 1 },
    { key: 'brokerOut', title: 'broker out kB/update', digits: 1 },
    { key: 'heapBefore', title: 'heap MB before', digits: 0 },
    { key: 'heapAfter', title: 'heap MB after', digits: 0 },
    IDLE,
    { key: 'idleBrokerCpu', title: 'idle: broker µs/s a Session', digits: 1 },
    { key: 'idleIn', title: 'idle: in B/s a Session', digits: 0 },
    { key: 'idleOut', title: 'idle: out B/s a Session', digits: 0 },
    IDLE_SHARED,
    { key: 'idleSharedBrokerCpu', title: 'idle, 100 a publisher: broker µs/s a Session', digits: 1 },
    { key: 'idleSharedIn', title: 'idle, 100 a publisher: in B/s a Session', digits: 0 },
    { key: 'idleSharedOut', title: 'idle, 100 a publisher: out B/s a Session', digits: 0 },
  ],
  goals: [
    atMostTimes(WATCHER, CPU, 0.5),
    atMost(P99, MAX_P99_MS),
    atLeast(RATE, 980),
    atMost(LOST, 0),
    atMost(IDLE, 21),
    atMost(IDLE_SHARED, 2),
  ],
  measure,
};

/** Rates in updates per second, tried in this order until all updates are delivered at that rate. */
const RATES = [1_000, 750, 500, 350, 250, 150, 100];
/** Minimum share of the target rate that counts as sustained. */
const KEPT = 0.98;

async function measure(entrant: string, bench: Bench): Promise<Row[]> {
  const sessions = bench.quick ? 100 : 1_000;
  const seconds = bench.quick ? 2 : 20;
  await using broker = await startNats();
  const address = broker.address('fleet');
  await using load = startChild<FleetLoadApi>('clients/fleet-load', bench.signal);
  await load.call('open', { address, sessions, services: SERVICES });
  await using readings = await openBucketReaders(bench, {
    address,
    sessions,
    server: entrant === WATCHER ? null : entrant,
  });
  const parts = { broker, load, readings: readings.all };
  const heapBefore = await measureHeap(parts);
  const idleOptions = { seconds: (seconds * 3) / 4, sessions };
  const alone = await measureIdle(parts, { ...idleOptions, sessionsPerPublisher: 1 });
  const shared = await measureIdle(parts, { ...idleOptions, sessionsPerPublisher: SESSIONS_PER_HOST });
  const idle = {
    ...alone,
    idleSharedCpu: shared.idleCpu,
    idleSharedBrokerCpu: shared.idleBrokerCpu,
    idleSharedIn: shared.idleIn,
    idleSharedOut: shared.idleOut,
  };
  await sustain(parts, { perSecond: 250, count: Math.ceil((250 * seconds) / 4 / sessions) });
  const missed: string[] = [];
  for (const perSecond of bench.quick ? [100] : RATES) {
    const count = Math.max(Math.round((perSecond * seconds) / sessions), 2);
    const { values, fault } = await sustain(parts, { perSecond, count });
    const isKept = values.rate >= KEPT * perSecond && values.p99 < MAX_P99_MS && fault === null;
    const note = missed.length === 0 ? '' : `higher rates were not sustained: ${missed.join('; ')}`;
    if (isKept || perSecond === RATES.at(-1)) {
      const memory = { heapBefore, heapAfter: await measureHeap(parts) };
      return [{ name: entrant, values: { ...values, ...memory, ...idle }, fault, note }];
    }
    const { rate, p99, cores, brokerCores, loadCores } = values;
    const used = `cores of each ${cores.toFixed(2)}, broker ${brokerCores.toFixed(2)}, publishers ${loadCores.toFixed(2)}`;
    missed.push(`${perSecond}/s: measured ${rate.toFixed(0)}/s, p99 ${p99.toFixed(0)} ms (${used})`);
  }
  throw new Error('no rate was tried');
}
