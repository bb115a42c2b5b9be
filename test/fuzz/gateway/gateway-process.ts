import { createGateway, createMemoryProvider } from '../../../src/index.js';
import type { GatewayReport, Heap, Question, Ready } from './messages.js';
import { staticSessions, witnessSession } from './sessions.js';

// Runs a gateway with default options and compression in its own process, so that the fuzzer survives and
// reports a crash. Other faults are collected until the parent requests the report.

/** Interval of updates to the witness's session, in milliseconds. */
const TICK_MS = 100;

/** Maximum number of faults kept between two reports. */
const MAX_FAULTS = 20;

const faults: string[] = [];
const source = createMemoryProvider('memory', [...staticSessions(), witnessSession(0)]);
const gateway = createGateway({
  providers: [source.provider],
  // Only for clients that offer it.
  compress: 'always',
  log: (level, message, facts) => {
    if (level === 'error') recordFault(`${message} ${String(facts?.error ?? '')}`);
  },
});
let tick = 0;
let cpuMs = usedCpuMs();

process.on('warning', (warning) => recordFault(String(warning)));
process.on('message', (question: Question) => send(answer(question)));
process.on('disconnect', () => process.exit());
const { port } = await gateway.listen(0);
await gateway.ready();
setInterval(() => {
  tick += 1;
  source.put(witnessSession(tick));
}, TICK_MS);
send({ port });

function answer(question: Question): GatewayReport | Heap {
  return question === 'report' ? report() : heap();
}

function report(): GatewayReport {
  const before = cpuMs;
  cpuMs = usedCpuMs();
  const sockets = process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length;
  return { faults: faults.splice(0), cpuMs: cpuMs - before, readers: gateway.readers, sockets };
}

function heap(): Heap {
  // Weakly referenced objects are freed by the second collection.
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return { bytes: heapUsed + external };
}

function usedCpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

function recordFault(fault: string): void {
  if (faults.length < MAX_FAULTS) faults.push(fault);
}

function send(message: Ready | GatewayReport | Heap): void {
  process.send?.(message);
}
