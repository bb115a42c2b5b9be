import { wholeSession } from '../data/operations.js';
import type { Bench, RunningServer } from '../harness/bench.js';
import { median } from '../harness/statistics.js';
import { createFlow, type Flow, type FlowResult, type Load } from './flow.js';
import { atMost, type Column, OURS, type Part, type Row, ratio } from './part.js';

const CPU: Column = { key: 'cpu', title: 'CPU µs/payload', digits: 2 };
const MEMORY: Column = { key: 'memory', title: 'kB/stuck reader', digits: 0 };

/**
 * Maximum memory kept for a stuck reader, in kB: the high-water mark of 256 KiB, at which sending pauses, one
 * payload above it, and the reader's own objects.
 */
const MAX_STUCK_KB = 300;
const WITHOUT = 'healthy readers alone';
const WITH = 'with 50 stuck readers';

/** Effect of readers that stop reading, on other readers and on the gateway's memory. */
export const stuck: Part = {
  name: 'stuck',
  title: '50 stuck readers among 1,000 healthy ones, the whole Session (16 kB) at each update',
  entrants: [OURS],
  columns: [CPU, { key: 'rate', title: 'payloads/s', digits: 0 }, MEMORY],
  goals: [ratio(CPU, { above: WITHOUT, below: WITH }, { atLeast: 0.95 }), atMost(MEMORY, MAX_STUCK_KB, WITH)],
  measure,
};

const STUCK = 50;
const LOAD: Load = { chunk: 8, perTurn: 1 };
/**
 * Number of updates that fill the system's socket buffers, a few megabytes each. Only then does the server
 * keep bytes.
 */
const FILLING = 250;

/** Number of alternating measurements. Over minutes, the same measurement varies by a tenth. */
const CYCLES = 3;

async function measure(entrant: string, bench: Bench): Promise<Row[]> {
  const seconds = bench.quick ? 0.5 : 3;
  const healthy = bench.quick ? 100 : 1_000;
  const documents = [wholeSession.document];
  await using server = await bench.startServer(entrant);
  await using readers = await bench.openReaders({ port: server.port, documents, sockets: healthy });
  const flow = createFlow(server, readers);
  await flow.join();
  await flow.saturate(LOAD, seconds);

  const alone: Cost[] = [];
  const withStuck: CostWithStuck[] = [];
  for (let cycle = 0; cycle < (bench.quick ? 1 : CYCLES); cycle += 1) {
    alone.push(await costOf(flow, seconds));
    withStuck.push(await measureWithStuck(flow, server, bench, seconds));
  }
  const fewest = Math.min(...withStuck.map(({ filling }) => filling));
  return [
    { name: WITHOUT, values: valuesOf(alone), fault: faultOf(alone) },
    {
      name: WITH,
      values: { ...valuesOf(withStuck), memory: median(withStuck.map(({ memory }) => memory)) },
      fault: faultOf(withStuck),
      ...(fewest < FILLING && { note: `${fewest} updates: too few to fill the system's buffers` }),
    },
  ];
}

/** Cost of the healthy readers, and their delivery errors. */
interface Cost extends Pick<FlowResult, 'cpu' | 'rate'> {
  readonly fault: string | null;
}

interface CostWithStuck extends Cost {
  /** Memory kept for a stuck reader, in kB. */
  readonly memory: number;
  /** Number of updates sent to fill the system's buffers. */
  readonly filling: number;
}

async function costOf(flow: Flow, seconds: number): Promise<Cost> {
  const { cpu, rate } = await flow.saturate(LOAD, seconds);
  return { cpu, rate, fault: await flow.fault() };
}

/** Measures the same while other readers are stuck. They are closed afterwards. */
async function measureWithStuck(flow: Flow, server: RunningServer, bench: Bench, seconds: number) {
  const { port } = server;
  await using others = await bench.openReaders({ port, documents: [wholeSession.document], sockets: STUCK });
  await createFlow(server, others).join();
  await others.call('pause');
  const before = await heapKb(server);
  const filling = await fill(flow, seconds);
  const cost = await costOf(flow, seconds);
  return { ...cost, filling, memory: ((await heapKb(server)) - before) / STUCK };
}

function valuesOf(costs: readonly Cost[]): Row['values'] {
  return { cpu: median(costs.map(({ cpu }) => cpu)), rate: median(costs.map(({ rate }) => rate)) };
}

function faultOf(costs: readonly Cost[]): string | null {
  return costs.find(({ fault }) => fault !== null)?.fault ?? null;
}

/**
 * Sends updates until the buffers of the stuck readers are full, or for ten times `seconds`. Returns their
 * number.
 */
async function fill(flow: Flow, seconds: number): Promise<number> {
  let updates = 0;
  for (let tries = 0; tries < 10 && updates < FILLING; tries += 1) {
    updates += (await flow.saturate(LOAD, seconds)).updates;
  }
  return updates;
}

async function heapKb(server: RunningServer): Promise<number> {
  const { heapBytes } = await server.call('usage', { collect: true });
  return heapBytes / 1_000;
}
