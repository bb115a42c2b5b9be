import { targetChange } from '../data/operations.js';
import type { Bench } from '../harness/bench.js';
import { createFlow } from './flow.js';
import { atMostTimes, type Column, type Goal, OURS, type Part, type Row, timesLess } from './part.js';

const CPU: Column = { key: 'cpu', title: 'CPU µs/payload', digits: 1 };
const P99: Column = { key: 'p99', title: 'p99 ms', digits: 2 };

/** Interval between two updates, in milliseconds. */
const EVERY_MS = 20;

/**
 * Few readers, one update at a time: what an update costs before its payloads are written. The cost of waking
 * up for the timer that paces the updates, 140 µs, is measured in the same process and subtracted.
 */
export const fewReaders: readonly Part[] = [
  fewReadersPart(1, []),
  fewReadersPart(10, [timesLess('yoga', CPU, 4)]),
  fewReadersPart(100, [atMostTimes('raw-ws', CPU, 1.2), atMostTimes('raw-ws', P99, 1.5)]),
];

function fewReadersPart(readers: number, goals: readonly Goal[]): Part {
  return {
    name: `few-${readers}`,
    title: `${readers} reader${readers === 1 ? '' : 's'}, one target changes every ${EVERY_MS} ms`,
    entrants: [OURS, 'raw-ws', 'yoga'],
    columns: [
      CPU,
      { key: 'system', title: 'system', digits: 1 },
      { key: 'p50', title: 'p50 ms', digits: 2 },
      P99,
    ],
    goals,
    measure: (entrant, bench) => measure(entrant, bench, readers),
  };
}

async function measure(entrant: string, bench: Bench, readers: number): Promise<Row[]> {
  const operation = targetChange();
  await using server = await bench.startServer(entrant);
  await using sockets = await bench.openReaders({
    port: server.port,
    sockets: readers,
    documents: [operation.document],
  });
  const flow = createFlow(server, sockets);
  await flow.join();
  await flow.check(operation);
  // Compiles the code: at a few updates a second that takes minutes.
  await flow.saturate({ chunk: 10, perTurn: 1 }, bench.quick ? 0.5 : 4);
  const pace = { count: bench.quick ? 25 : 500, everyMs: EVERY_MS };
  const idle = await flow.idle(pace);
  const { aloneCpu, aloneSystem, p50, p99 } = await flow.pace(pace);
  const values = { cpu: aloneCpu - idle / readers, system: aloneSystem, p50, p99 };
  return [{ name: entrant, values, fault: await flow.fault() }];
}
