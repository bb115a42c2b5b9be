import { openSync, readSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { answerCalls } from '../processes/answer-calls.js';
import { type Usage, usage } from '../processes/usage.js';

/** API of a process that loaded this module (`node --import`). */
export type LoopMonitorApi = {
  /** Returns the figures since the last call. */
  read(): LoopFigures;
  usage(options: { readonly collect?: boolean }): Usage;
};

/** How long the event loop was blocked. */
export interface LoopFigures {
  /** Longest time in which no timer ran, in milliseconds. */
  readonly holdMs: number;
  /**
   * Maximum CPU time of the thread between two samples, in milliseconds. Time of other processes does not
   * count.
   */
  readonly holdCpuMs: number;
  readonly peakRssBytes: number;
}

/** Sampling interval in milliseconds, and the precision of both figures. */
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

/** Clock of the main thread's CPU time in milliseconds, from Linux `schedstat`; elsewhere of all threads. */
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
