import { setTimeout as sleep } from 'node:timers/promises';
import type { HttpLoadApi } from '../clients/http-load.js';
import { bigQuery, targetChange } from '../data/operations.js';
import type { Bench, RunningServer } from '../harness/bench.js';
import { median } from '../harness/statistics.js';
import type { Child } from '../processes/child-calls.js';
import { createFlow, type Flow } from './flow.js';
import { type Column, OURS, type Part, type Row, ratio } from './part.js';

const FAN_OUT: Column = { key: 'fanOut', title: 'CPU µs/payload', digits: 2 };
const QUERY: Column = { key: 'query', title: 'CPU µs/request', digits: 1 };
const MEMORY: Column = { key: 'memory', title: 'heap kB/reader', digits: 2 };
const WITHOUT = 'without logs';
const WITH = 'with logs';

/**
 * Readers and queries that do not select logs, while lines arrive. The CPU time of reading the log itself, which
 * does not depend on the readers, is measured without any load and subtracted.
 */
export const logReaders: Part = {
  name: 'log-readers',
  title: '1,000 readers and 50 connections that select no logs, while 1,000 lines of log arrive a second',
  entrants: [OURS],
  columns: [FAN_OUT, QUERY, MEMORY, { key: 'idle', title: 'CPU ms/s without load', digits: 1 }],
  goals: [FAN_OUT, QUERY, MEMORY].map((column) =>
    ratio(column, { above: WITH, below: WITHOUT }, { atMost: 1.05 }),
  ),
  measure,
};

const LINES_PER_SECOND = 1_000;

/**
 * Number of alternating measurements. Over minutes, the same measurement varies by a tenth, so that many short
 * ones are better than a few long ones.
 */
const CYCLES = 15;

async function measure(entrant: string, bench: Bench): Promise<Row[]> {
  await using without = await startCase(entrant, bench, {});
  await using withLogs = await startCase(entrant, bench, { logLines: LINES_PER_SECOND });
  const cases: Measured[] = [
    { name: WITHOUT, setUp: without, idle: 0, fanOut: [], query: [] },
    { name: WITH, setUp: withLogs, idle: 0, fanOut: [], query: [] },
  ];
  const seconds = bench.quick ? 0.5 : 1;
  const cycles = bench.quick ? 1 : CYCLES;
  for (const one of cases) one.idle = await readCores(one.setUp.server, () => sleep(10 * seconds * 1_000));
  for (let cycle = 0; cycle < cycles; cycle += 1) {
    for (const { setUp, idle, fanOut, query } of cycle % 2 === 0 ? cases : cases.toReversed()) {
      const { cpu, serverCores } = await setUp.flow.saturate({ chunk: 8, perTurn: 1 }, seconds);
      fanOut.push(cpu * (1 - idle / serverCores));
      query.push(await costOfQuery(setUp, seconds, idle));
    }
  }
  return Promise.all(
    cases.map(async ({ name, setUp, idle, fanOut, query }) => ({
      name,
      values: {
        fanOut: median(fanOut),
        query: median(query),
        memory: setUp.memory,
        idle: idle * 1_000,
      },
      fault: await setUp.flow.fault(),
    })),
  );
}

/** A case, and its costs in the cycles. */
interface Measured {
  readonly name: string;
  readonly setUp: Case;
  /** CPU time without load, in cores. */
  idle: number;
  readonly fanOut: number[];
  readonly query: number[];
}

/** A server with its readers. */
interface Case extends AsyncDisposable {
  readonly server: RunningServer;
  readonly flow: Flow;
  readonly load: Child<HttpLoadApi>;
  /** Heap of a reader, in kB. */
  readonly memory: number;
}

async function startCase(
  entrant: string,
  bench: Bench,
  options: { readonly logLines?: number },
): Promise<Case> {
  const sockets = bench.quick ? 100 : 1_000;
  const server = await bench.startServer(entrant, options);
  const open = { port: server.port, documents: [targetChange().document] };
  // Memory that every server needs once is allocated before the first measurement.
  const first = await bench.openReaders({ ...open, sockets: 100 });
  await createFlow(server, first).join();
  const before = await settledHeapKb(server);
  const readers = await bench.openReaders({ ...open, sockets });
  const flow = createFlow(server, readers);
  await flow.join();
  const memory = ((await settledHeapKb(server)) - before) / sockets;
  await first[Symbol.asyncDispose]();
  const load = bench.startHttpLoad();
  await flow.saturate({ chunk: 8, perTurn: 1 }, bench.quick ? 0.5 : 4);
  return {
    server,
    flow,
    load,
    memory,
    async [Symbol.asyncDispose]() {
      for (const child of [load, readers, server]) await child[Symbol.asyncDispose]();
    },
  };
}

async function costOfQuery({ server, load }: Case, seconds: number, idle: number): Promise<number> {
  const options = { port: server.port, query: bigQuery.document, connections: 50, seconds };
  const before = await server.call('usage', {});
  const { answers } = await load.call('run', options, seconds * 1_000 + 10_000);
  const after = await server.call('usage', {});
  const ofLog = (idle * (after.at - before.at)) / 1_000;
  return (after.cpuMicros - before.cpuMicros - ofLog) / answers;
}

/** CPU time of a server during a task, in cores. */
async function readCores(server: RunningServer, task: () => Promise<unknown>): Promise<number> {
  const before = await server.call('usage', {});
  await task();
  const after = await server.call('usage', {});
  return ((after.cpuMicros - before.cpuMicros) * 1_000) / (after.at - before.at);
}

async function settledHeapKb(server: RunningServer): Promise<number> {
  for (let round = 0; round < 3; round += 1) await server.call('usage', { collect: true });
  return (await server.call('usage', { collect: true })).heapBytes / 1_000;
}
