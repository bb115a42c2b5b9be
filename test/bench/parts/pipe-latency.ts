import { setTimeout as sleep } from 'node:timers/promises';
import { createKubeconfigFolder, writeKubeconfig } from '../../support/kubeconfig-file.js';
import { createTiltServer } from '../../support/tilt-server.js';
import type { PipeReaderApi } from '../clients/pipe-reader.js';
import { targetChange } from '../data/operations.js';
import { sessionAt } from '../data/session.js';
import { type Bench, SERVICES } from '../harness/bench.js';
import { startChild } from '../harness/child.js';
import { openLineSource } from '../harness/line-source.js';
import { quantile } from '../harness/statistics.js';
import { nanoseconds } from '../processes/usage.js';
import { atMostTimes, type Column, OURS, type Part, type Row } from './part.js';

const P50: Column = { key: 'p50', title: 'p50 ms', digits: 3 };
const P99: Column = { key: 'p99', title: 'p99 ms', digits: 3 };
const PIPE = 'raw-pipe';

/** Latency of an update through the gateway, compared with the same bytes through a raw pipe. */
export const pipeLatency: Part = {
  name: 'pipe-latency',
  title: "an update of a Session of 100 targets, from Tilt's socket to a reader's, one at a time",
  entrants: [OURS],
  columns: [P50, P99],
  goals: [atMostTimes(PIPE, P50, 2), atMostTimes(PIPE, P99, 4)],
  measure,
};

/** Kubeconfig context of the Tilt. The prefix `tilt-` marks a context as a Tilt. */
const CONTEXT = 'tilt-bench';
/** Pause between two updates. It is much longer than the delivery of one. */
const PAUSE_MS = 10;
/**
 * Updates before the measured ones, one per millisecond. A gateway runs for hours, and its code is compiled
 * within seconds.
 */
const WARM_UP = 3_000;
const WARM_UP_PAUSE_MS = 1;

/**
 * Sends updates one by one, each first through the gateway and then through the pipe, so that both see the
 * same machine load.
 */
async function measure(_entrant: string, bench: Bench): Promise<Row[]> {
  await using tilt = await createTiltServer({ plain: true, sessions: [sessionAt(at(0))] });
  await using folder = await createKubeconfigFolder();
  await writeKubeconfig(folder.path, { [CONTEXT]: tilt });
  await using gateway = await bench.startServer(OURS, { upstream: { kubeconfig: folder.path } });
  const documents = [targetChange(`${CONTEXT}/Tiltfile`).document];
  await using reader = await bench.openReaders({ port: gateway.port, sockets: 1, documents });
  await using source = await openLineSource();
  await using pipe = await bench.startServer(PIPE, { upstream: { port: source.port } });
  await using pipeReader = startChild<PipeReaderApi>('clients/pipe-reader', bench.signal);
  await pipeReader.call('open', { port: pipe.port });
  await within(10_000, Promise.all([tilt.until(() => tilt.openWatches > 0), source.connected]));

  const count = WARM_UP + (bench.quick ? 50 : 500);
  const toGateway: number[] = [];
  const toPipe: number[] = [];
  await reader.call('record');
  for (let n = 1; n <= count; n += 1) {
    const line = lineOf(n);
    const pauseMs = n <= WARM_UP ? WARM_UP_PAUSE_MS : PAUSE_MS;
    await sleep(pauseMs, undefined, { signal: bench.signal });
    toGateway.push(nanoseconds());
    tilt.write(line);
    await sleep(pauseMs, undefined, { signal: bench.signal });
    toPipe.push(nanoseconds());
    source.write(line);
  }
  if (!(await reader.call('reached', { n: count, ms: 10_000 })))
    throw new Error('update did not arrive within 10 s');
  const warm = toGateway.slice(WARM_UP);
  const { samples } = await reader.call('latencies', { first: WARM_UP + 1, times: [warm] });
  const arrivals = await pipeReader.call('arrivals');
  const throughPipe = arrivals.map((arrival, index) => (arrival - (toPipe[index] ?? Number.NaN)) / 1e6);
  return [rowOf(OURS, samples, warm.length), rowOf(PIPE, throughPipe.slice(WARM_UP), warm.length)];
}

async function within(ms: number, connected: Promise<unknown>): Promise<void> {
  const late = new AbortController();
  const timeout = sleep(ms, undefined, { signal: late.signal }).then(() => {
    throw new Error(`gateway and pipe were not both connected within ${ms / 1_000} s`);
  });
  await Promise.race([connected, timeout]).finally(() => late.abort());
}

function at(n: number) {
  return { services: SERVICES, stream: 0, n };
}

/** A line of Tilt's watch. */
function lineOf(n: number): Buffer {
  return Buffer.from(`${JSON.stringify({ type: 'MODIFIED', object: sessionAt(at(n)) })}\n`);
}

function rowOf(name: string, latencies: readonly number[], sent: number): Row {
  const values = { p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99) };
  const fault = latencies.length === sent ? null : `${latencies.length} of ${sent} arrived`;
  return { name, values, fault };
}
