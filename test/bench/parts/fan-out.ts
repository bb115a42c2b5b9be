import type { Transport } from '../clients/readers.js';
import { type Operation, targetChange, targetChangeOfGroup, wholeSession } from '../data/operations.js';
import type { Bench } from '../harness/bench.js';
import { createFlow, type Load } from './flow.js';
import { atMost, atMostTimes, type Column, type Goal, OURS, type Part, type Row, timesLess } from './part.js';

/** The servers that deliver over WebSocket. */
export const WEB_SOCKET_SERVERS = [OURS, 'yoga', 'apollo', 'mercurius', 'mercurius-jit', 'raw-ws'];

/** Our own readers over WebSocket, in the part that compares server-sent events. */
const OURS_OVER_WEB_SOCKET = `${OURS}-websocket`;

/** Servers that send the same message to all readers. */
const RAW = new Set(['raw-ws', 'raw-socket']);

const CPU: Column = { key: 'cpu', title: 'CPU µs/payload', digits: 2 };
/** The gateway without compression. */
const OURS_PLAIN = `${OURS}-plain`;

const BYTES: Column = { key: 'bytes', title: 'bytes/payload', digits: 0 };
const COLUMNS: readonly Column[] = [
  CPU,
  { key: 'system', title: 'of it system', digits: 2 },
  { key: 'rate', title: 'payloads/s', digits: 0 },
  { key: 'aloneCpu', title: 'CPU one by one', digits: 2 },
  { key: 'p50', title: 'p50 ms', digits: 2 },
  { key: 'p99', title: 'p99 ms', digits: 2 },
  { key: 'serverCores', title: 'server cores', digits: 2 },
  { key: 'clientCores', title: 'client cores', digits: 2 },
];

/** Options in which the fan-out parts differ. */
interface FanOut {
  readonly name: string;
  readonly title: string;
  readonly goals: readonly Goal[];
  readonly readers: number;
  /** Operations of the readers, taken in turn. */
  readonly operations: readonly Operation[];
  readonly load: Load;
  /** Interval between updates while latency is measured. */
  readonly everyMs: number;
}

/** Delivery of an update to many readers, in six variants. */
export const fanOutParts: readonly Part[] = [
  fanOut({
    name: 'fanout-small',
    title: '1,000 readers, one target changes',
    readers: 1_000,
    operations: [targetChange()],
    load: { chunk: 10, perTurn: 1 },
    everyMs: 100,
    goals: [
      timesLess('yoga', CPU, 10),
      timesLess('apollo', CPU, 7.5),
      timesLess('mercurius', CPU, 7.5),
      atMostTimes('raw-ws', CPU, 0.85),
    ],
  }),
  fanOut({
    name: 'fanout-100',
    title: '100 readers, one target changes',
    readers: 100,
    operations: [targetChange()],
    load: { chunk: 30, perTurn: 1 },
    everyMs: 20,
    goals: [timesLess('yoga', CPU, 8.5)],
  }),
  fanOut({
    name: 'fanout-3000',
    title: '3,000 readers, one target changes',
    readers: 3_000,
    operations: [targetChange()],
    load: { chunk: 4, perTurn: 1 },
    everyMs: 300,
    goals: [timesLess('yoga', CPU, 8.5)],
  }),
  fanOut({
    name: 'fanout-large',
    title: '1,000 readers, the whole Session of 100 targets (16 kB) at each update',
    readers: 1_000,
    operations: [wholeSession],
    load: { chunk: 4, perTurn: 1 },
    everyMs: 2_000,
    goals: [timesLess('yoga', CPU, 40), atMostTimes('raw-ws', CPU, 1.1)],
  }),
  fanOut({
    name: 'burst',
    title: '1,000 readers, 30 updates back to back, each a payload of its own',
    readers: 1_000,
    operations: [targetChange()],
    load: { chunk: 30, perTurn: 30 },
    everyMs: 100,
    goals: [timesLess('yoga', CPU, 40), atMostTimes('raw-ws', CPU, 0.35)],
  }),
  fanOut({
    name: 'groups',
    title: '1,000 readers in 50 groups, each with a document of its own, one target changes',
    readers: 1_000,
    operations: Array.from({ length: 50 }, (_, group) => targetChangeOfGroup(group)),
    load: { chunk: 10, perTurn: 1 },
    everyMs: 100,
    goals: [timesLess('yoga', CPU, 8)],
  }),
];

/** The same load as `fanout-small` over server-sent events, and over our WebSockets in the same rounds. */
export const fanOutSse: Part = {
  name: 'fanout-sse',
  title: '1,000 readers over server-sent events, one target changes',
  goals: [atMostTimes(OURS_OVER_WEB_SOCKET, CPU, 1.2), timesLess('yoga', CPU, 8)],
  entrants: [OURS, OURS_OVER_WEB_SOCKET, 'yoga'],
  columns: COLUMNS,
  measure(entrant, bench) {
    const load = {
      readers: 1_000,
      operations: [targetChange()],
      load: { chunk: 10, perTurn: 1 },
      everyMs: 100,
    };
    return entrant === OURS_OVER_WEB_SOCKET
      ? measure({ entrant, server: OURS, transport: 'websocket' }, bench, load)
      : measure({ entrant, server: entrant, transport: 'sse' }, bench, load);
  },
};

/** The load of `fanout-large` for readers that accept compression, compared with the raw server without. */
export const fanOutCompressed: Part = {
  name: 'fanout-compressed',
  title: '1,000 readers that accept compression, the whole Session of 100 targets at each update',
  goals: [
    atMostTimes('raw-ws', CPU, 0.35),
    atMost(CPU, 4),
    atMost(BYTES, 2_000),
    atMostTimes(OURS_PLAIN, CPU, 1),
  ],
  entrants: [OURS, OURS_PLAIN, 'raw-ws'],
  columns: [CPU, BYTES, ...COLUMNS.slice(1)],
  measure(entrant, bench) {
    const transport = entrant === OURS ? 'compressed-websocket' : 'websocket';
    const server = entrant === OURS_PLAIN ? OURS : entrant;
    return measure({ entrant, server, transport }, bench, {
      readers: 1_000,
      operations: [wholeSession],
      load: { chunk: 4, perTurn: 1 },
      everyMs: 2_000,
    });
  },
};

function fanOut(options: FanOut): Part {
  const { name, title, goals } = options;
  return {
    name,
    title,
    goals,
    entrants: [...WEB_SOCKET_SERVERS, 'raw-socket'],
    columns: COLUMNS,
    measure: (entrant, bench) =>
      measure({ entrant, server: entrant, transport: 'websocket' }, bench, options),
  };
}

/** Subject of one row. */
interface Subject {
  readonly entrant: string;
  readonly server: string;
  readonly transport: Transport;
}

async function measure(
  { entrant, server: name, transport }: Subject,
  bench: Bench,
  options: Pick<FanOut, 'readers' | 'operations' | 'load' | 'everyMs'>,
): Promise<Row[]> {
  const { operations, load, everyMs } = options;
  const seconds = bench.quick ? 0.3 : 2;
  await using server = await bench.startServer(name, { isCompressing: transport === 'compressed-websocket' });
  await using readers = await bench.openReaders({
    port: server.port,
    sockets: bench.quick ? options.readers / 10 : options.readers,
    documents: operations.map(({ document }) => document),
    transport,
  });
  const flow = createFlow(server, readers);
  await flow.join();
  // A raw server sends the same message to all readers, so it cannot give each group its own.
  const [first] = operations;
  if (first && !(RAW.has(entrant) && operations.length > 1)) await flow.check(first);
  await flow.saturate({ ...load, chunk: Math.ceil(load.chunk / 10) }, seconds * 2);
  const cost = await flow.saturate(load, seconds);
  const latency = await flow.pace({ count: Math.max(Math.ceil((seconds * 1_000) / everyMs), 2), everyMs });
  return [{ name: entrant, values: { ...cost, ...latency }, fault: await flow.fault() }];
}
