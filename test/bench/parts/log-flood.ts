import { setTimeout as sleep } from 'node:timers/promises';
import { createKubeconfigFolder, replaceFile, writeKubeconfig } from '../../support/kubeconfig-file.js';
import { createTiltServer } from '../../support/tilt-server.js';
import type { ReadersApi } from '../clients/readers.js';
import { targetChange } from '../data/operations.js';
import { sessionAt } from '../data/session.js';
import { type Bench, type RunningServer, SERVICES } from '../harness/bench.js';
import { startChild } from '../harness/child.js';
import { quantile } from '../harness/statistics.js';
import { openStuckReaders } from '../harness/stuck-readers.js';
import type { Child } from '../processes/child-calls.js';
import { nanoseconds } from '../processes/usage.js';
import type { TiltLogApi } from '../servers/tilt-log.js';
import { atMost, type Column, type Goal, OURS, type Part, type Row } from './part.js';

const P99: Column = { key: 'p99', title: 'p99 ms', digits: 2 };
const RSS: Column = { key: 'rss', title: 'peak RSS MB', digits: 0 };
const STALL: Column = { key: 'stall', title: 'longest stall of a watch ms', digits: 1 };
const WITHOUT = 'without logs';
const WITH = 'with logs';
const STUCK = 'with logs and 100 stuck readers of them';

/** 50 MB of text a second. */
const RATE = { linesPerSecond: 500_000, lineBytes: 100 };

/**
 * Maximum memory beyond that of a gateway without logs, in MB: a message of 32 MiB, in parts and whole, and
 * the log itself.
 */
const MAX_RSS_MB = 150;

/** Updates of a Session while its Tilt writes as much log as it can. */
export const logFlood: Part = {
  name: 'log-flood',
  title: 'updates of a Session of 100 targets, one at a time, while its Tilt writes 50 MB of log a second',
  entrants: [OURS],
  columns: [
    P99,
    { key: 'p50', title: 'p50 ms', digits: 2 },
    RSS,
    STALL,
    { key: 'read', title: 'log MB/s read', digits: 1 },
  ],
  goals: [
    difference(P99, WITH, 50),
    difference(P99, STUCK, 50),
    difference(RSS, WITH, MAX_RSS_MB),
    difference(RSS, STUCK, MAX_RSS_MB),
    atMost(STALL, 50, WITH),
  ],
  measure,
};

const PAUSE_MS = 20;
const WARM_UP = 500;
const READERS = 100;

/** Both gateways read the same Tilt, so that each update reaches both on an equally loaded machine. */
async function measure(_entrant: string, bench: Bench): Promise<Row[]> {
  await using log = startChild<TiltLogApi>('servers/tilt-log', bench.signal);
  const { context, token } = await log.call('start');
  await using tilt = await createTiltServer({ plain: true, sessions: [sessionAt(at(0))] });
  await using folder = await createKubeconfigFolder();
  await writeKubeconfig(folder.path, { [context]: tilt });
  const tokenFile = `${folder.folder}/token`;
  await replaceFile(tokenFile, token);
  const { path: kubeconfig } = folder;
  await using without = await startReader(bench, { kubeconfig }, context);
  await using withLogs = await startReader(bench, { kubeconfig, tokenFile }, context);
  await tilt.until(() => tilt.openWatches === 2);
  let n = 0;
  await sendUpdates(bench.quick ? 50 : WARM_UP);
  await log.call('write', RATE);
  await sleep(1_000, undefined, { signal: bench.signal });
  const alone = await measureRun();
  await using _stuck = await openStuckReaders(withLogs.server.port, READERS);
  const withStuck = await measureRun();
  await log.call('stop');
  return [
    rowOf(WITHOUT, alone.without, {}),
    rowOf(WITH, alone.withLogs, { stall: tilt.longestStallMs, read: alone.read }),
    rowOf(STUCK, withStuck.withLogs, { stall: tilt.longestStallMs, read: withStuck.read }),
  ];

  async function measureRun() {
    const both = [without, withLogs];
    for (const { readers } of both) await readers.call('record');
    const [peaks, stopSampling] = samplePeaks(both.map(({ server }) => server));
    const before = { ...(await log.call('read')), at: nanoseconds() };
    const first = n + 1;
    const times = await sendUpdates(bench.quick ? 50 : 500);
    const after = { ...(await log.call('read')), at: nanoseconds() };
    await stopSampling();
    const read = ((after.sent - before.sent) / (after.at - before.at)) * 1_000;
    const [a, b] = await Promise.all(both.map(({ readers }) => latenciesOf(readers, first, times)));
    return {
      without: { samples: a ?? [], rss: peaks[0] ?? 0, sent: times.length },
      withLogs: { samples: b ?? [], rss: peaks[1] ?? 0, sent: times.length },
      read,
    };
  }

  async function sendUpdates(count: number): Promise<number[]> {
    const times: number[] = [];
    for (const end = n + count; n < end; ) {
      n += 1;
      const line = `${JSON.stringify({ type: 'MODIFIED', object: sessionAt(at(n)) })}\n`;
      await sleep(PAUSE_MS, undefined, { signal: bench.signal });
      times.push(nanoseconds());
      tilt.write(line);
    }
    return times;
  }

  async function latenciesOf(readers: Reader['readers'], first: number, times: readonly number[]) {
    if (!(await readers.call('reached', { n, ms: 30_000 }))) return [];
    return (await readers.call('latencies', { first, times: [times] })).samples;
  }
}

/** A gateway with one reader of the changes of targets. */
interface Reader extends AsyncDisposable {
  readonly server: RunningServer;
  readonly readers: Child<ReadersApi>;
}

async function startReader(
  bench: Bench,
  upstream: { readonly kubeconfig: string; readonly tokenFile?: string },
  context: string,
): Promise<Reader> {
  const server = await bench.startServer(OURS, { upstream });
  const documents = [targetChange(`${context}/Tiltfile`).document];
  const readers = await bench.openReaders({ port: server.port, sockets: 1, documents });
  return {
    server,
    readers,
    async [Symbol.asyncDispose]() {
      await readers[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

const SAMPLE_MS = 100;

/**
 * Samples the resident memory of servers in MB, and keeps the peaks, until the returned function is called.
 */
function samplePeaks(servers: readonly RunningServer[]): [number[], () => Promise<void>] {
  const peaks = servers.map(() => 0);
  let isRunning = true;
  const sampling = Promise.all(
    servers.map(async (server, index) => {
      while (isRunning) {
        const { rssBytes } = await server.call('usage', {});
        peaks[index] = Math.max(peaks[index] ?? 0, rssBytes / 1e6);
        await sleep(SAMPLE_MS);
      }
    }),
  );
  const stop = async () => {
    isRunning = false;
    await sampling;
  };
  return [peaks, stop];
}

function at(n: number) {
  return { services: SERVICES, stream: 0, n };
}

interface Measured {
  readonly samples: readonly number[];
  readonly rss: number;
  readonly sent: number;
}

function rowOf(
  name: string,
  { samples, rss, sent }: Measured,
  others: Readonly<Record<string, number>>,
): Row {
  const values = { p99: quantile(samples, 0.99), p50: quantile(samples, 0.5), rss, ...others };
  return { name, values, fault: samples.length === sent ? null : `${samples.length} of ${sent} arrived` };
}

/** Goal: a value is at most `max` more than without logs. */
function difference({ key, title }: Column, name: string, max: number): Goal {
  return {
    text: `${title}: ${name} − ${WITHOUT}`,
    bound: { atMost: max },
    value(rows) {
      const [value, base] = [rows.get(name)?.values[key], rows.get(WITHOUT)?.values[key]];
      return value === undefined || base === undefined ? null : value - base;
    },
  };
}
