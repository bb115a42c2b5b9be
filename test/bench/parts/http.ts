import { deepStrictEqual } from 'node:assert';
import type { HttpLoadApi, LoadResult } from '../clients/http-load.js';
import { bigQuery, type Operation, smallQuery } from '../data/operations.js';
import { type Bench, type RunningServer, SERVICES } from '../harness/bench.js';
import { quantile } from '../harness/statistics.js';
import type { Child } from '../processes/child-calls.js';
import { type Column, type Goal, OURS, type Part, type Row, ratio, timesLess } from './part.js';

const CPU: Column = { key: 'cpu', title: 'CPU µs/request', digits: 1 };

const BYTES: Column = { key: 'bytes', title: 'bytes/request', digits: 0 };
const COLUMNS: readonly Column[] = [
  CPU,
  { key: 'rate', title: 'requests/s', digits: 0 },
  { key: 'p50', title: 'p50 ms', digits: 2 },
  { key: 'p99', title: 'p99 ms', digits: 2 },
  { key: 'serverCores', title: 'server cores', digits: 2 },
  { key: 'clientCores', title: 'client cores', digits: 2 },
];

/** Load of a measurement. */
interface HttpLoad {
  /** Server to start. Default: the entrant. */
  readonly server?: string;
  readonly operation: Operation;
  /** Changes of the session per second during the measurement. */
  readonly changesPerSecond: number;
  /** Value of `Accept-Encoding`. Default: none. */
  readonly acceptEncoding?: string;
}

/** Options in which the HTTP parts differ. */
interface HttpPart extends HttpLoad {
  readonly name: string;
  readonly title: string;
  readonly goals: readonly Goal[];
}

/** Queries over HTTP, with an unchanged and with a changing answer. */
export const httpParts: readonly Part[] = [
  http({
    name: 'http-big',
    title: 'a query of 100 targets, unchanged state, 50 connections',
    operation: bigQuery,
    changesPerSecond: 0,
    goals: [timesLess('raw-http', CPU, 0.7), timesLess('mercurius-jit', CPU, 3.5)],
  }),
  http({
    name: 'http-small',
    title: 'a query of name and done, unchanged state, 50 connections',
    operation: smallQuery,
    changesPerSecond: 0,
    goals: [timesLess('raw-http', CPU, 0.75), timesLess('mercurius-jit', CPU, 1.05)],
  }),
  http({
    name: 'http-big-changing',
    title: 'the query of 100 targets while the Session changes 10 times a second',
    operation: bigQuery,
    changesPerSecond: 10,
    goals: [timesLess('raw-http', CPU, 0.5)],
  }),
  http({
    name: 'http-small-changing',
    title: 'the query of name and done while the Session changes 10 times a second',
    operation: smallQuery,
    changesPerSecond: 10,
    goals: [timesLess('raw-http', CPU, 0.5)],
  }),
];

/** The gateway with clients that accept gzip. */
const OURS_GZIP = `${OURS}-gzip`;

/** The query of `http-big` by clients that accept compression, and by clients that do not. */
export const httpCompressed: Part = {
  name: 'http-compressed',
  title: 'a query of 100 targets with and without Accept-Encoding: gzip, 50 connections',
  goals: [
    ratio(CPU, { above: OURS_GZIP, below: OURS }, { atMost: 1.1 }),
    ratio(BYTES, { above: OURS_GZIP, below: OURS }, { atMost: 0.12 }),
  ],
  entrants: [OURS, OURS_GZIP],
  columns: [CPU, BYTES, ...COLUMNS.slice(1)],
  measure: (entrant, bench) =>
    measure(entrant, bench, {
      operation: bigQuery,
      changesPerSecond: 10,
      server: OURS,
      ...(entrant === OURS_GZIP && { acceptEncoding: 'gzip' }),
    }),
};

function http(options: HttpPart): Part {
  const { name, title, goals } = options;
  return {
    name,
    title,
    goals,
    entrants: [OURS, 'yoga', 'apollo', 'mercurius', 'mercurius-jit', 'raw-http'],
    columns: COLUMNS,
    measure: (entrant, bench) => measure(entrant, bench, options),
  };
}

async function measure(entrant: string, bench: Bench, options: HttpLoad): Promise<Row[]> {
  const { server: name = entrant, operation, changesPerSecond, acceptEncoding } = options;
  const seconds = bench.quick ? 0.5 : 3;
  await using server = await bench.startServer(name);
  await using load = bench.startHttpLoad();
  const run = (connections: number, duration: number) =>
    load.call('run', {
      port: server.port,
      query: operation.document,
      connections,
      seconds: duration,
      ...(acceptEncoding !== undefined && connections > 1 && { acceptEncoding }),
    });
  const measured = async () => {
    await run(50, seconds / 2);
    const before = await usages(server, load);
    const result = await run(50, seconds);
    return { before, result, after: await usages(server, load) };
  };
  const changing = change(server, changesPerSecond, seconds * 1.5);
  const [{ before, result, after }, n] = await Promise.all([measured(), changing]);
  const last = await run(1, 0);
  deepStrictEqual(JSON.parse(last.body), { data: operation.expected({ services: SERVICES, stream: 0, n }) });
  return [{ name: entrant, values: valuesOf(result, before, after), fault: faultOf(result) }];
}

/** Changes the session during the measurement. Resolves with the number of the last update. */
async function change(server: RunningServer, perSecond: number, seconds: number): Promise<number> {
  if (perSecond === 0) return 0;
  const count = Math.ceil(perSecond * seconds);
  const { first } = await server.call('pace', { count, everyMs: 1_000 / perSecond });
  return first + count - 1;
}

async function usages(server: RunningServer, load: Child<HttpLoadApi>) {
  const [ofServer, ofClient] = await Promise.all([server.call('usage', {}), load.call('usage', {})]);
  return { server: ofServer, client: ofClient };
}

type Usages = Awaited<ReturnType<typeof usages>>;

function valuesOf({ answers, bytes, samples }: LoadResult, before: Usages, after: Usages): Row['values'] {
  const micros = (after.server.at - before.server.at) / 1_000;
  const serverMicros = after.server.cpuMicros - before.server.cpuMicros;
  return {
    cpu: serverMicros / answers,
    bytes: bytes / answers,
    rate: (answers / micros) * 1e6,
    p50: quantile(samples, 0.5),
    p99: quantile(samples, 0.99),
    serverCores: serverMicros / micros,
    clientCores: (after.client.cpuMicros - before.client.cpuMicros) / micros,
  };
}

function faultOf({ failures }: LoadResult): string | null {
  return failures === 0 ? null : `${failures} answers with an error`;
}
