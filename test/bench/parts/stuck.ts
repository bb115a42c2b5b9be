import { wholeSession } from '../data/operations.js';
import type { Bench, RunningServer } from '../harness/bench.js';
import { median } from '../harness/statistics.js';
import { createFlow, type Flow, type FlowResult, type Load } from './flow.js';
import { atMost, type Column, OURS, type Part, type Row, ratio } from './part.js';

const CPU: Column = { key: 'cpu', title: 'CPU µs/payload', digits: 2 };
const MEMORY: Column = { key: 'memory', title: 'kB/stuck reader', digits: 0 };

/**
 * What the gateway may keep for a reader that takes nothing, in kB: the mark of 256 KiB above which it is sent nothing
 * more, one payload over it, and some for the reader itself.
 */
const MARK_KB = 300;
const WITHOUT = 'healthy readers alone';
const WITH = 'beside 50 stuck ones';

/** What readers that read no more do to the others, and to the gateway's memory. */
export const stuck: Part = {
  name: 'stuck',
  title: '50 stuck readers among 1,000 healthy ones, the whole Session (16 kB) at each update',
  entrants: [OURS],
  columns: [CPU, { key: 'rate', title: 'payloads/s', digits: 0 }, MEMORY],
  goals: [ratio(CPU, { above: WITHOUT, below: WITH }, { atLeast: 0.95 }), atMost(MEMORY, MARK_KB, WITH)],
  measure,
};

const STUCK = 50;
const LOAD: Load = { chunk: 8, perTurn: 1 };
/** How many updates fill the system's buffers, some megabytes a socket: only then is the server left with the bytes. */
const FILLING = 250;

/** How often both are measured, in turn: over minutes the same moves by a tenth, with and without stuck readers. */
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
  const beside: BesideCost[] = [];
  for (let cycle = 0; cycle < (bench.quick ? 1 : CYCLES); cycle += 1) {
    alone.push(await costOf(flow, seconds));
    beside.push(await besideStuck(flow, server, bench, seconds));
  }
  const fewest = Math.min(...beside.map(({ filling }) => filling));
  return [
    { name: WITHOUT, values: valuesOf(alone), fault: faultOf(alone) },
    {
      name: WITH,
      values: { ...valuesOf(beside), memory: median(beside.map(({ memory }) => memory)) },
      fault: faultOf(beside),
      ...(fewest < FILLING && { note: `${fewest} updates: too few to fill the system's buffers` }),
    },
  ];
}

/** What the healthy readers cost, and whether they got everything. */
interface Cost extends Pick<FlowResult, 'cpu' | 'rate'> {
  readonly fault: string | null;
}

interface BesideCost extends Cost {
  /** What is kept for a stuck reader, in kB. */
  readonly memory: number;
  /** With how many updates the system's buffers were filled. */
  readonly filling: number;
}

async function costOf(flow: Flow, seconds: number): Promise<Cost> {
  const { cpu, rate } = await flow.saturate(LOAD, seconds);
  return { cpu, rate, fault: await flow.fault() };
}

/** The same with others that read nothing, which are gone afterwards. */
async function besideStuck(flow: Flow, server: RunningServer, bench: Bench, seconds: number) {
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

/** Sends updates until those that do not read must have full buffers, or for ten times `seconds`. Gives how many. */
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
