import { Agent, get } from 'node:http';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { answerCalls } from '../processes/answer-calls.js';

/** What the harness asks of this process. */
export type HealthProbeApi = {
  /** Begins to ask `/healthz` every {@link PROBE_MS}, whether the answer before has come or not. */
  start(options: { readonly port: number }): void;
  /** The figures since this was last asked. */
  read(): HealthFigures;
};

/** How long answers took, in milliseconds. */
export interface HealthFigures {
  readonly latencies: readonly number[];
  /** For how long this process itself was held up: no latency is exact to less. */
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
  // What is not answered at all is worse than any latency.
  request.on('error', () => latencies.push(Number.POSITIVE_INFINITY));
}
