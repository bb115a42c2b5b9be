import { wholeSession } from '../data/operations.js';
import type { Bench, RunningServer } from '../harness/bench.js';
import { createFlow, type Flow, type Load } from './flow.js';
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
/** How many updates fill the system's buffers, some megabytes a socket: only then is the server left with the bytes. */
const FILLING = 250;

async function measure(entrant: string, bench: Bench): Promise<Row[]> {
  const seconds = bench.quick ? 0.5 : 3;
  const healthy = bench.quick ? 100 : 1_000;
  const load = { chunk: 2, perTurn: 1 };
  const documents = [wholeSession.document];
  await using server = await bench.startServer(entrant);
  await using readers = await bench.openReaders({ port: server.port, documents, sockets: healthy });
  const flow = createFlow(server, readers);
  await flow.join();
  await flow.saturate(load, seconds);
  const alone = await flow.saturate(load, seconds);
  const faultAlone = await flow.fault();

  await using others = await bench.openReaders({ port: server.port, documents, sockets: STUCK });
  await createFlow(server, others).join();
  await others.call('pause');
  const before = await heapKb(server);
  const updates = await fill(flow, load, seconds);
  const beside = await flow.saturate(load, seconds);
  const memory = ((await heapKb(server)) - before) / STUCK;
  return [
    { name: WITHOUT, values: { cpu: alone.cpu, rate: alone.rate }, fault: faultAlone },
    {
      name: WITH,
      values: { cpu: beside.cpu, rate: beside.rate, memory },
      fault: await flow.fault(),
      ...(updates < FILLING && { note: `${updates} updates: too few to fill the system's buffers` }),
    },
  ];
}

/** Sends updates until those that do not read must have full buffers, or for ten times `seconds`. Gives how many. */
async function fill(flow: Flow, load: Load, seconds: number): Promise<number> {
  let updates = 0;
  for (let tries = 0; tries < 10 && updates < FILLING; tries += 1) {
    updates += (await flow.saturate(load, seconds)).updates;
  }
  return updates;
}

async function heapKb(server: RunningServer): Promise<number> {
  const { heapBytes } = await server.call('usage', { collect: true });
  return heapBytes / 1_000;
}
