import { setTimeout as sleep } from 'node:timers/promises';
import type { CostlyLoadApi } from '../clients/costly-load.js';
import type { HealthProbeApi } from '../clients/health-probe.js';
import { COSTLY } from '../data/costly.js';
import { sessionAt } from '../data/session.js';
import { type Bench, SERVICES } from '../harness/bench.js';
import { type BuiltGateway, startBuiltGateway } from '../harness/built-gateway.js';
import { startChild } from '../harness/child.js';
import { quantile } from '../harness/statistics.js';
import type { Child } from '../processes/child-calls.js';
import { atMost, type Column, OURS, type Part, type Row } from './part.js';

const HOLD: Column = { key: 'hold', title: 'hold ms', digits: 0 };
const HOLD_CPU: Column = { key: 'holdCpu', title: 'hold CPU ms', digits: 0 };
const HEALTH: Column = { key: 'health', title: '/healthz max ms', digits: 0 };
const GROWTH: Column = { key: 'growth', title: 'heap growth MB', digits: 0 };

/** The response cache and the document caches of HTTP and WebSocket hold about 32 MiB each, by estimate. */
const MAX_CACHES_MB = 160;

/** Longest time for which clients can block the event loop within the default limits. */
export const eventLoopHold: Part = {
  name: 'hold',
  title:
    '20 clients that send the most expensive requests within the default limits; 200 Sessions of 100 targets, one changing',
  entrants: [OURS],
  rounds: 1,
  columns: [
    HOLD_CPU,
    HOLD,
    HEALTH,
    { key: 'healthP99', title: '/healthz p99 ms', digits: 1 },
    { key: 'probeHold', title: 'probe hold ms', digits: 0 },
    { key: 'rssBefore', title: 'RSS MB before', digits: 0 },
    { key: 'rssPeak', title: 'peak', digits: 0 },
    { key: 'rssAfter', title: 'after a minute', digits: 0 },
    { key: 'rssCollected', title: 'after collection', digits: 0 },
    GROWTH,
    { key: 'answered', title: 'answered', digits: 0 },
  ],
  goals: [atMost(HOLD_CPU, 250), atMost(HOLD, 250), atMost(HEALTH, 500), atMost(GROWTH, MAX_CACHES_MB)],
  measure,
};

const CLIENTS = 20;
const SESSIONS = 200;
const UPDATE_MS = 50;
const MB = 1e6;

/** The gateway, its load and its health probe. */
interface Setup {
  readonly gateway: BuiltGateway;
  readonly load: Child<CostlyLoadApi>;
  readonly probe: Child<HealthProbeApi>;
}

async function measure(entrant: string, bench: Bench): Promise<Row[]> {
  const seconds = bench.quick ? 1 : 10;
  await using gateway = await startBuiltGateway(bench.signal);
  for (let session = 0; session < SESSIONS; session += 1) gateway.put(sessionOf(session, 0));
  await waitForAllSessions(gateway.port);
  await using load = startChild<CostlyLoadApi>('clients/costly-load', bench.signal);
  await using probe = startChild<HealthProbeApi>('clients/health-probe', bench.signal);
  await probe.call('start', { port: gateway.port });
  const updates = keepChanging(gateway);
  const setup = { gateway, load, probe };

  await sleep(seconds * 500);
  const before = await gateway.call('usage', { collect: true });
  const all: Measured[] = [await measureKinds(setup, 'nothing', [], seconds)];
  for (const { name } of COSTLY) all.push(await measureKinds(setup, name, [name], seconds));
  const names = COSTLY.map(({ name }) => name);
  all.push(await measureKinds(setup, 'all of them', names, 3 * seconds));
  await sleep(bench.quick ? 2_000 : 60_000);
  clearInterval(updates);
  const { rssBytes } = await gateway.call('usage', {});
  const after = await gateway.call('usage', { collect: true });
  const total = {
    ...valuesOf(all.slice(1)),
    rssBefore: before.rssBytes / MB,
    rssAfter: rssBytes / MB,
    rssCollected: after.rssBytes / MB,
    growth: (after.heapBytes - before.heapBytes) / MB,
  };
  return [
    { name: entrant, values: total, fault: null },
    ...all.map((measured) => ({ name: measured.name, values: valuesOf([measured]), fault: null })),
  ];
}

/** Figures measured while requests of some kinds were sent. */
interface Measured {
  readonly name: string;
  readonly holdMs: number;
  readonly holdCpuMs: number;
  readonly rssPeak: number;
  readonly answered: number;
  readonly latencies: readonly number[];
  readonly probeHoldMs: number;
}

async function measureKinds(
  { gateway, load, probe }: Setup,
  name: string,
  kinds: readonly string[],
  seconds: number,
): Promise<Measured> {
  await Promise.all([gateway.call('read'), probe.call('read')]);
  const run = { port: gateway.port, clients: CLIENTS, seconds, kinds };
  const { answered } = await load.call('run', run, CALL_TIMEOUT_MS);
  // Work that was started finishes.
  await sleep(1_000);
  const { holdMs, holdCpuMs, peakRssBytes } = await gateway.call('read', undefined, CALL_TIMEOUT_MS);
  const { latencies, probeHoldMs } = await probe.call('read');
  const rssPeak = peakRssBytes / MB;
  return { name, holdMs, holdCpuMs, rssPeak, answered, latencies, probeHoldMs };
}

/** Timeout of a call, which waits while the gateway's event loop is blocked. */
const CALL_TIMEOUT_MS = 300_000;

function valuesOf(all: readonly Measured[]): Row['values'] {
  const latencies = all.flatMap((measured) => measured.latencies);
  const maxOf = (key: 'holdMs' | 'holdCpuMs' | 'rssPeak' | 'probeHoldMs') =>
    Math.max(...all.map((measured) => measured[key]));
  return {
    hold: maxOf('holdMs'),
    holdCpu: maxOf('holdCpuMs'),
    health: latencies.reduce((max, latency) => Math.max(max, latency), 0),
    healthP99: quantile(latencies, 0.99),
    probeHold: maxOf('probeHoldMs'),
    rssPeak: maxOf('rssPeak'),
    answered: all.reduce((sum, { answered }) => sum + answered, 0),
  };
}

/** A session in the format of `tilt get session -w -o json`. */
function sessionOf(index: number, n: number): object {
  const session = sessionAt({ services: SERVICES, stream: 0, n });
  const name = `s${String(index).padStart(3, '0')}`;
  return { ...session, metadata: { ...session.metadata, name, uid: `uid-${index}` } };
}

/** Changes the first session until the interval is cleared. */
function keepChanging(gateway: BuiltGateway): NodeJS.Timeout {
  let n = 0;
  return setInterval(() => {
    n += 1;
    gateway.put(sessionOf(0, n));
  }, UPDATE_MS);
}

async function waitForAllSessions(port: number): Promise<void> {
  const query = encodeURIComponent('{ sessions(first: 1000) { nodes { id } } }');
  for (let tries = 0; tries < 300; tries += 1) {
    const answer = await (await fetch(`http://127.0.0.1:${port}/graphql?query=${query}`)).text();
    if (answer.split('"id"').length === SESSIONS + 1) return;
    await sleep(100);
  }
  throw new Error(`not all ${SESSIONS} Sessions arrived within 30 s`);
}
