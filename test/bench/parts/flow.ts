import { deepStrictEqual } from 'node:assert';
import type { ReadersApi } from '../clients/readers.js';
import type { Received } from '../clients/update-tracker.js';
import type { Operation } from '../data/operations.js';
import { type RunningServer, SERVICES } from '../harness/bench.js';
import type { Child } from '../harness/child.js';
import { quantile } from '../harness/statistics.js';

/** Updates on their way from a server to its readers, in a process each. */
export interface Flow {
  /** Until every reader has got an update: the peers begin to deliver some time after they were subscribed to. */
  join(): Promise<void>;
  /** Checks that a payload says what it should. */
  check(operation: Operation): Promise<void>;
  /** As many updates as the readers take, for a time. */
  saturate(load: Load, seconds: number): Promise<FlowResult>;
  /** Updates at a rate that leaves the server idle most of the time. */
  pace(options: { readonly count: number; readonly everyMs: number }): Promise<PaceResult>;
  /** What was wrong with what came since the last `saturate` began; null when it was right. */
  fault(): Promise<string | null>;
}

/** How updates are offered. */
export interface Load {
  /** How many are sent on their way at a time. The next are not sent before the last but one of these have arrived. */
  readonly chunk: number;
  /** How many of them in one turn of the event loop. */
  readonly perTurn: number;
}

/** What a flow cost. */
export interface FlowResult {
  /** User and system time of the server's process, per payload that arrived, in microseconds. */
  readonly cpu: number;
  /** What of it the system took: the writes, most of all. */
  readonly system: number;
  /** Payloads per second. */
  readonly rate: number;
  /** How many cores the server and the client were busy on. */
  readonly serverCores: number;
  readonly clientCores: number;
  /** How many updates were sent. */
  readonly updates: number;
}

/** What updates cost and took that came one by one. */
export interface PaceResult {
  /** User and system time of the server's process, per payload, in microseconds: nothing can be done for two updates at once. */
  readonly aloneCpu: number;
  /** From the update to the reader's hands, in milliseconds. */
  readonly p50: number;
  readonly p99: number;
}

/** How long readers are waited for until they have what was sent. */
const ARRIVAL_MS = 120_000;

/** A flow between the two. */
export function createFlow(server: RunningServer, readers: Child<ReadersApi>): Flow {
  return {
    async join() {
      for (let ms = 100; ms < ARRIVAL_MS; ms *= 2) {
        if (await arrived(await emit({ chunk: 1, perTurn: 1 }), ms)) return;
      }
      throw new Error('not every reader got an update after it was subscribed');
    },
    async check(operation) {
      await readers.call('capture');
      const n = await emit({ chunk: 1, perTurn: 1 });
      const { payload }: { readonly payload: unknown } = JSON.parse(await readers.call('captured'));
      deepStrictEqual(payload, { data: operation.expected({ services: SERVICES, stream: 0, n }) });
      await mustArrive(n);
    },
    async saturate(load, seconds) {
      await readers.call('reset');
      const before = await usages();
      const until = performance.now() + seconds * 1_000;
      let previous = await emit(load);
      const first = previous - load.chunk + 1;
      while (performance.now() < until) {
        const last = await emit(load);
        await mustArrive(previous);
        previous = last;
      }
      await mustArrive(previous);
      const after = await usages();
      const received = await readers.call('read');
      return { ...costOf(before, after, received), updates: previous - first + 1 };
    },
    async pace(options) {
      await readers.call('record');
      const before = await usages();
      const { first, times } = await server.call(
        'pace',
        options,
        options.count * options.everyMs + ARRIVAL_MS,
      );
      await mustArrive(first + options.count - 1);
      const after = await usages();
      const { count, samples } = await readers.call('latencies', { first, times });
      const aloneCpu = (after.server.cpuMicros - before.server.cpuMicros) / count;
      return { aloneCpu, p50: quantile(samples, 0.5), p99: quantile(samples, 0.99) };
    },
    fault: async () => faultOf(await readers.call('read')),
  };

  function emit({ chunk, perTurn }: Load): Promise<number> {
    return server.call('emit', { count: chunk, perTurn });
  }

  function arrived(n: number, ms = ARRIVAL_MS): Promise<boolean> {
    return readers.call('reached', { n, ms }, ms + 10_000);
  }

  async function mustArrive(n: number): Promise<void> {
    if (await arrived(n)) return;
    const { closed } = await readers.call('read');
    const why = closed.length > 0 ? `; ${closed.length} lost their connection: ${closed[0]}` : '';
    throw new Error(`not every reader got update ${n} within ${ARRIVAL_MS / 1_000} s${why}`);
  }

  async function usages() {
    const [ofServer, ofClient] = await Promise.all([server.call('usage', {}), readers.call('usage', {})]);
    return { server: ofServer, client: ofClient };
  }

  type Usages = Awaited<ReturnType<typeof usages>>;

  function costOf(before: Usages, after: Usages, received: Received) {
    const micros = (after.server.at - before.server.at) / 1_000;
    const serverMicros = after.server.cpuMicros - before.server.cpuMicros;
    return {
      cpu: serverMicros / received.payloads,
      system: (after.server.systemMicros - before.server.systemMicros) / received.payloads,
      rate: (received.payloads / micros) * 1e6,
      serverCores: serverMicros / micros,
      clientCores: (after.client.cpuMicros - before.client.cpuMicros) / micros,
    };
  }
}

/** What was wrong with what came; null when every reader got every update, in order, once. */
export function faultOf({ lost, repeated, conflated }: Received): string | null {
  if (lost > 0 || repeated > 0) return `LOST ${lost}, repeated ${repeated}`;
  return conflated > 0 ? `${conflated} updates folded into others` : null;
}
