import { setTimeout as sleep } from 'node:timers/promises';
import { bigQuery, targetChange } from '../data/operations.js';
import type { Bench, RunningServer } from '../harness/bench.js';
import { median } from '../harness/statistics.js';
import { createFlow, type Flow } from './flow.js';
import { type Column, OURS, type Part, type Row, ratio } from './part.js';

const FAN_OUT: Column = { key: 'fanOut', title: 'CPU µs/payload', digits: 2 };
const QUERY: Column = { key: 'query', title: 'CPU µs/request', digits: 1 };
const MEMORY: Column = { key: 'memory', title: 'heap kB/reader', digits: 2 };
const WITHOUT = 'without logs';
const WITH = 'with logs';

/**
 * Readers and queries that do not select logs, while lines arrive. The CPU time of reading the log itself,
 * which does not depend on the readers, is measured without any load and subtracted.
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
 * Number of alternating measurements. Over minutes, the same measurement varies by a tenth, so that many
 * short ones are better than a few long ones.
 */
const CYCLES = 15;

async function measure(entrant: string, bench: Bench): Promise<Row[]> {
  await using without = await bench.startServer(entrant);
  await using withLogs = await bench.startServer(entrant, { logLines: LINES_PER_SECOND });
  const cases: Case[] = [
    { name: WITHOUT, server: without, idle: 0 },
    { name: WITH, server: withLogs, idle: 0 },
  ];
  const seconds = bench.quick ? 0.5 : 1;
  const cycles = bench.quick ? 1 : CYCLES;
  for (const one of cases) one.idle = await readCores(one.server, () => sleep(10 * seconds * 1_000));
  const queries = await measureQueries(cases, bench, { seconds, cycles });
  await using readers = await openReaders(cases, bench);
  const payloads = await measurePayloads(cases, readers.flows, { seconds, cycles });
  return cases.map(({ name, idle }, index) => ({
    name,
    values: {
      fanOut: payloads.costs[index] ?? Number.NaN,
      query: queries[index] ?? Number.NaN,
      memory: readers.memory[index] ?? Number.NaN,
      idle: idle * 1_000,
    },
    fault: payloads.faults[index] ?? null,
  }));
}

/** A server, and its CPU time without load in cores. */
interface Case {
  readonly name: string;
  readonly server: RunningServer;
  idle: number;
}

interface Cycles {
  readonly seconds: number;
  readonly cycles: number;
}

/** Measures each case in each cycle, in changing order. Returns the median of each case. */
async function alternate(
  cases: readonly Case[],
  cycles: number,
  task: (one: Case, index: number) => Promise<number>,
): Promise<number[]> {
  const costs = cases.map((): number[] => []);
  for (let cycle = 0; cycle < cycles; cycle += 1) {
    const indexes = cases.map((_, index) => index);
    for (const index of cycle % 2 === 0 ? indexes : indexes.reverse()) {
      const one = cases[index];
      if (one) costs[index]?.push(await task(one, index));
    }
  }
  return costs.map(median);
}

/** CPU time of a request, in microseconds. */
async function measureQueries(
  cases: readonly Case[],
  bench: Bench,
  { seconds, cycles }: Cycles,
): Promise<number[]> {
  await using load = bench.startHttpLoad();
  const run = ({ server: { port } }: Case) =>
    load.call('run', { port, query: bigQuery.document, connections: 50, seconds }, seconds * 1_000 + 10_000);
  // Compiles the code.
  for (let warmUp = 0; warmUp < 4; warmUp += 1) for (const one of cases) await run(one);
  return await alternate(cases, cycles, async (one) => {
    const before = await one.server.call('usage', {});
    const { answers } = await run(one);
    const after = await one.server.call('usage', {});
    const ofLog = (one.idle * (after.at - before.at)) / 1_000;
    return (after.cpuMicros - before.cpuMicros - ofLog) / answers;
  });
}

/** Opens readers of each case. `memory` is the heap of a reader in kB. */
async function openReaders(cases: readonly Case[], bench: Bench) {
  const opened: AsyncDisposable[] = [];
  const flows: Flow[] = [];
  const memory: number[] = [];
  const sockets = bench.quick ? 100 : 1_000;
  for (const { server } of cases) {
    const open = { port: server.port, documents: [targetChange().document] };
    // Memory that every server needs once is allocated before the first measurement.
    await using first = await bench.openReaders({ ...open, sockets: 100 });
    await createFlow(server, first).join();
    const before = await settledHeapKb(server);
    const readers = await bench.openReaders({ ...open, sockets });
    opened.push(readers);
    const flow = createFlow(server, readers);
    await flow.join();
    memory.push(((await settledHeapKb(server)) - before) / sockets);
    flows.push(flow);
  }
  return {
    flows,
    memory,
    async [Symbol.asyncDispose]() {
      for (const one of opened) await one[Symbol.asyncDispose]();
    },
  };
}

/** CPU time of a payload, in microseconds, and delivery errors. */
async function measurePayloads(cases: readonly Case[], flows: readonly Flow[], { seconds, cycles }: Cycles) {
  const load = { chunk: 8, perTurn: 1 };
  // Compiles the code.
  for (const flow of flows) await flow.saturate(load, 4 * seconds);
  const costs = await alternate(cases, cycles, async ({ idle }, index) => {
    const result = await flows[index]?.saturate(load, seconds);
    return result ? result.cpu * (1 - idle / result.serverCores) : Number.NaN;
  });
  return { costs, faults: await Promise.all(flows.map((flow) => flow.fault())) };
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
