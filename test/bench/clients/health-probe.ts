import { Agent, get } from 'node:http';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { answerCalls } from '../processes/answer-calls.js';

/** API of the process that probes `/healthz`. */
export type HealthProbeApi = {
  /** Starts requesting `/healthz` every {@link PROBE_MS}, without waiting for earlier answers. */
  start(options: { readonly port: number }): void;
  /** Returns the figures since the last call. */
  read(): HealthFigures;
};

/** Response times, in milliseconds. */
export interface HealthFigures {
  readonly latencies: readonly number[];
  /** Longest delay of this process's own event loop: the error of the latencies. */
  readonly probeHoldMs: number;
}

const PROBE_MS = 10;

let latencies: number[] = [];
const delay = monitorEventLoopDelay({ resolution: PROBE_MS });
delay.enable();

const api: HealthProbeApi = {
  start({ port }) {
    const agent = new Agent({ keepAlive: true });
    setInterval(() => probe(port, agent), PROBE_MS);
  },
  read() {
    const figures = { latencies, probeHoldMs: Math.max(delay.max / 1e6 - PROBE_MS, 0) };
    latencies = [];
    delay.reset();
    return figures;
  },
};
answerCalls(api);

function probe(port: number, agent: Agent): void {
  const begun = performance.now();
  const request = get({ port, agent, path: '/healthz' }, (response) => {
    response.resume();
    response.on('end', () => latencies.push(performance.now() - begun));
  });
  // An unanswered request counts as worse than any latency.
  request.on('error', () => latencies.push(Number.POSITIVE_INFINITY));
}
