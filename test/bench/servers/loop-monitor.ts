import { openSync, readSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { answerCalls } from '../processes/answer-calls.js';
import { type Usage, usage } from '../processes/usage.js';

/** What the harness asks of a process that this module was loaded into (`node --import`). */
export type LoopMonitorApi = {
  /** The figures since this was last asked. */
  read(): LoopFigures;
  usage(options: { readonly collect?: boolean }): Usage;
};

/** How the event loop was held. */
export interface LoopFigures {
  /** The longest time for which it came to no timer, in milliseconds. */
  readonly holdMs: number;
  /** The most CPU time that its thread took in such a time, in milliseconds: what other processes do does not count. */
  readonly holdCpuMs: number;
  readonly peakRssBytes: number;
}

/** Between two looks, in milliseconds. Both figures are exact to this. */
const SAMPLE_MS = 5;
const SAMPLES_PER_RSS = 10;

const delay = monitorEventLoopDelay({ resolution: SAMPLE_MS });
delay.enable();
const cpu = openThreadClock();
let lastCpu = cpu();
let holdCpuMs = 0;
let peakRssBytes = 0;
let samples = 0;

setInterval(() => {
  const now = cpu();
  holdCpuMs = Math.max(holdCpuMs, now - lastCpu);
  lastCpu = now;
  samples += 1;
  if (samples % SAMPLES_PER_RSS === 0) peakRssBytes = Math.max(peakRssBytes, process.memoryUsage.rss());
}, SAMPLE_MS);

const api: LoopMonitorApi = {
  read() {
    const figures = { holdMs: Math.max(delay.max / 1e6 - SAMPLE_MS, 0), holdCpuMs, peakRssBytes };
    delay.reset();
    holdCpuMs = 0;
    peakRssBytes = process.memoryUsage.rss();
    return figures;
  },
  usage,
};
answerCalls(api);

/** The CPU time of the main thread in milliseconds, from what Linux tells; elsewhere that of all threads. */
function openThreadClock(): () => number {
  try {
    const file = openSync(`/proc/self/task/${process.pid}/schedstat`, 'r');
    const bytes = Buffer.alloc(64);
    return () => Number.parseInt(bytes.toString('latin1', 0, readSync(file, bytes, 0, 64, 0)), 10) / 1e6;
  } catch {
    return () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1_000;
    };
  }
}
