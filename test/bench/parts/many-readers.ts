import type { ReadersApi } from '../clients/readers.js';
import { targetChange } from '../data/operations.js';
import { sessionId } from '../data/session.js';
import type { Bench, RunningServer } from '../harness/bench.js';
import { openFilesLimit } from '../harness/machine.js';
import { quantile } from '../harness/statistics.js';
import type { Child } from '../processes/child-calls.js';
import { faultOf } from './flow.js';
import { atLeast, atMost, type Column, OURS, type Part, type Row } from './part.js';

const MEAN: Column = { key: 'mean', title: 'mean ms', digits: 1 };
const LOST: Column = { key: 'lost', title: 'lost', digits: 0 };
/** Minimum rate in updates per second that counts as sustained. */
const ON_TIME = 0.98;
const PACE: Column = { key: 'pace', title: 'updates/s each', digits: 2 };

/** Number of subscriptions that one gateway process can serve for a minute. */
export const manyReaders: Part = {
  name: 'readers-50k',
  title: '50,000 subscriptions on one gateway process, one update a second each',
  entrants: [OURS],
  rounds: 1,
  columns: [
    MEAN,
    { key: 'p50', title: 'p50 ms', digits: 1 },
    { key: 'p99', title: 'p99 ms', digits: 1 },
    { key: 'subscriptions', title: 'subscriptions', digits: 0 },
    { key: 'sockets', title: 'sockets', digits: 0 },
    PACE,
    LOST,
    { key: 'serverCores', title: 'server cores', digits: 2 },
    { key: 'clientCores', title: 'client cores', digits: 2 },
    { key: 'rss', title: 'server RSS MB', digits: 0 },
  ],
  goals: [atMost(MEAN, 1_000), atLeast(PACE, ON_TIME), atMost(LOST, 0)],
  measure,
};

/**
 * Ten sessions that change once a second, one after the other. The subscriptions of a socket are to different
 * sessions.
 */
const STREAMS = 10;
const CLIENTS = 2;
const PER_SOCKET = 3;
/** Timeout for the last updates to arrive. */
const ARRIVAL_TIMEOUT_MS = 30_000;

async function measure(entrant: string, bench: Bench): Promise<Row[]> {
  const seconds = bench.quick ? 5 : 60;
  const subscriptions = bench.quick ? 1_800 : 50_000;
  const sockets = Math.min(
    Math.ceil(subscriptions / PER_SOCKET / CLIENTS),
    Math.floor(maxSockets() / CLIENTS),
  );
  await using server = await bench.startServer(entrant, { streams: STREAMS });
  await using one = await openClient(bench, server, sockets, '127.0.0.2');
  await using other = await openClient(bench, server, sockets, '127.0.0.3');
  const clients = [one, other];
  await sustain(server, clients, 2);
  return [await sustain(server, clients, seconds)].map(({ values, fault }) => ({
    name: entrant,
    values: { ...values, subscriptions: sockets * CLIENTS * PER_SOCKET, sockets: sockets * CLIENTS },
    fault,
    note: describeLimit(values),
  }));
}

/**
 * Maximum number of sockets: each is an open file of the server, and 1,000 are reserved for everything else.
 */
function maxSockets(): number {
  return Math.min(openFilesLimit(), 1_000_000) - 1_000;
}

function openClient(bench: Bench, server: RunningServer, sockets: number, localAddress: string) {
  const documents = Array.from({ length: STREAMS }, (_, stream) => targetChange(sessionId(stream)).document);
  return bench.openReaders({
    port: server.port,
    sockets,
    localAddress,
    perSocket: PER_SOCKET,
    documents,
    streams: STREAMS,
  });
}

/** Sends one update a second to each subscription. Returns cost and delivery. */
async function sustain(server: RunningServer, clients: readonly Child<ReadersApi>[], seconds: number) {
  const ofAll = <T>(ask: (client: Child<ReadersApi>) => Promise<T>) => Promise.all(clients.map(ask));
  await ofAll((client) => client.call('reset'));
  await ofAll((client) => client.call('record'));
  const before = await usages(server, clients);
  const pace = { count: seconds, everyMs: 1_000 };
  const { first, times } = await server.call('pace', pace, seconds * 1_000 + 5 * ARRIVAL_TIMEOUT_MS);
  const n = first + seconds - 1;
  const reached = await ofAll((client) =>
    client.call('reached', { n, ms: ARRIVAL_TIMEOUT_MS }, 3 * ARRIVAL_TIMEOUT_MS),
  );
  const after = await usages(server, clients);
  const received = await ofAll((client) => client.call('read'));
  const latencies = await ofAll((client) => client.call('latencies', { first, times }, 120_000));
  const samples = latencies.flatMap((each) => each.samples);
  const micros = (after.at - before.at) / 1_000;
  const lost = sum(received.map((each) => each.lost));
  return {
    values: {
      mean: sum(latencies.map((each) => each.sum)) / sum(latencies.map(({ count }) => count)),
      p50: quantile(samples, 0.5),
      p99: quantile(samples, 0.99),
      pace: paceOf(times[0] ?? []),
      lost,
      serverCores: (after.server - before.server) / micros,
      clientCores: (after.clients - before.clients) / micros,
      rss: after.rss / 1e6,
    },
    fault: reached.includes(false)
      ? `not every reader received the last update within ${ARRIVAL_TIMEOUT_MS / 1_000} s`
      : (received.map(faultOf).find((fault) => fault !== null) ?? null),
  };
}

async function usages(server: RunningServer, clients: readonly Child<ReadersApi>[]) {
  const ofServer = await server.call('usage', {});
  const ofClients = await Promise.all(clients.map((client) => client.call('usage', {})));
  return {
    at: ofServer.at,
    server: ofServer.cpuMicros,
    clients: sum(ofClients.map(({ cpuMicros }) => cpuMicros)),
    rss: ofServer.rssBytes,
  };
}

/** Updates sent per second, by their send times. */
function paceOf(times: readonly number[]): number {
  const [first = 0, last = 0] = [times.at(0), times.at(-1)];
  return ((times.length - 1) / (last - first)) * 1e9;
}

interface Utilization {
  readonly pace: number;
  readonly serverCores: number;
  readonly clientCores: number;
}

/** Names the resource that limited the run. */
function describeLimit({ pace, serverCores, clientCores }: Utilization): string {
  const files = `sockets: the limit is ${openFilesLimit()} open files per process`;
  if (serverCores > 0.95) return `limited by the server's core; ${files}`;
  if (pace < ON_TIME)
    return `limited by the machine, which gave the server ${serverCores.toFixed(2)} of a core; ${files}`;
  const left = Math.round((1 - serverCores) * 100);
  return `the server had ${left} % of a core left, the clients used ${clientCores.toFixed(2)} cores; ${files}`;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
