import { deepStrictEqual } from 'node:assert';
import type { ReadersApi } from '../clients/readers.js';
import type { Received } from '../clients/update-tracker.js';
import type { Operation } from '../data/operations.js';
import { type RunningServer, SERVICES } from '../harness/bench.js';
import { quantile } from '../harness/statistics.js';
import type { Child } from '../processes/child-calls.js';

/** Updates sent by a server to its readers. Server and readers run in their own processes. */
export interface Flow {
  /**
   * Waits until every reader has received an update. The peers start to deliver some time after the
   * subscription.
   */
  join(): Promise<void>;
  /** Checks that a payload has the expected content. */
  check(operation: Operation): Promise<void>;
  /** Sends as many updates as the readers can take, for `seconds`. */
  saturate(load: Load, seconds: number): Promise<FlowResult>;
  /** Sends updates at a rate that leaves the server mostly idle. */
  pace(options: Pace): Promise<PaceResult>;
  /** Runs only the timers of a pace. Returns the CPU time of the server process for each, in microseconds. */
  idle(options: Pace): Promise<number>;
  /** Returns the delivery errors since the last `saturate` started, or null. */
  fault(): Promise<string | null>;
}

/** How updates are sent. */
export interface Load {
  /**
   * Updates sent at a time. The next chunk is sent when the last but one of them has arrived. Two chunks have
   * at most 64 updates: the gateway merges more than it has flushed, and the cost per payload says nothing.
   */
  readonly chunk: number;
  /** Updates sent in one turn of the event loop. */
  readonly perTurn: number;
}

/** Updates at a fixed rate. */
export interface Pace {
  readonly count: number;
  /** Interval in milliseconds. */
  readonly everyMs: number;
}

/** Cost and rate of a saturated run. */
export interface FlowResult {
  /** User and system time of the server process per delivered payload, in microseconds. */
  readonly cpu: number;
  /** System time within `cpu`, mostly socket writes. */
  readonly system: number;
  /** Payloads per second. */
  readonly rate: number;
  /** Bytes that the readers received per payload. */
  readonly bytes: number;
  /** Cores in use by the server and by the client. */
  readonly serverCores: number;
  readonly clientCores: number;
  /** Number of updates sent. */
  readonly updates: number;
}

/** Cost and latency of updates sent one by one. */
export interface PaceResult {
  /** User and system time of the server process per payload, in microseconds. Updates cannot share work. */
  readonly aloneCpu: number;
  /** System time within `aloneCpu`. */
  readonly aloneSystem: number;
  /** Time from the update to the reader, in milliseconds. */
  readonly p50: number;
  readonly p99: number;
}

/** Timeout for readers to receive the sent updates. */
const ARRIVAL_MS = 120_000;

/** Creates a flow between a server and its readers. */
export function createFlow(server: RunningServer, readers: Child<ReadersApi>): Flow {
  return {
    async join() {
      for (let ms = 100; ms < ARRIVAL_MS; ms *= 2) {
        if (await arrived(await emit({ chunk: 1, perTurn: 1 }), ms)) return;
      }
      throw new Error('not every reader received an update after it subscribed');
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
      const aloneSystem = (after.server.systemMicros - before.server.systemMicros) / count;
      return { aloneCpu, aloneSystem, p50: quantile(samples, 0.5), p99: quantile(samples, 0.99) };
    },
    async idle(options) {
      const before = await server.call('usage', {});
      await server.call('pace', { ...options, isIdle: true }, options.count * options.everyMs + ARRIVAL_MS);
      const after = await server.call('usage', {});
      return (after.cpuMicros - before.cpuMicros) / options.count;
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
    throw new Error(`not every reader received update ${n} within ${ARRIVAL_MS / 1_000} s${why}`);
  }

  async function usages() {
    const [ofServer, ofClient] = await Promise.all([server.call('usage', {}), readers.call('usage', {})]);
    return { server: ofServer, client: ofClient };
  }

  type Usages = Awaited<ReturnType<typeof usages>>;

  function costOf(before: Usages, after: Usages, received: Received & { readonly bytes: number }) {
    const micros = (after.server.at - before.server.at) / 1_000;
    const serverMicros = after.server.cpuMicros - before.server.cpuMicros;
    return {
      cpu: serverMicros / received.payloads,
      system: (after.server.systemMicros - before.server.systemMicros) / received.payloads,
      rate: (received.payloads / micros) * 1e6,
      bytes: received.bytes / received.payloads,
      serverCores: serverMicros / micros,
      clientCores: (after.client.cpuMicros - before.client.cpuMicros) / micros,
    };
  }
}

/**
 * Describes delivery errors. Returns null if every reader received every update exactly once and in order.
 */
export function faultOf({ lost, repeated, conflated }: Received): string | null {
  if (lost > 0 || repeated > 0) return `LOST ${lost}, repeated ${repeated}`;
  return conflated > 0 ? `${conflated} updates merged into others` : null;
}
