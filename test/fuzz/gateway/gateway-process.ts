import { createGateway, createMemoryProvider } from '../../../src/index.js';
import type { Account, Heap, Question, Ready } from './messages.js';
import { standingSessions, witnessSession } from './sessions.js';

// A gateway with defaults in a process of its own, so that a crash of it is seen, and survived. What it does wrong
// without a crash is kept until the parent asks.

/** How often the witness's Session is updated, in milliseconds. */
const TICK_MS = 100;

/** More faults of one kind say nothing new. */
const MOST_FAULTS = 20;

const faults: string[] = [];
const source = createMemoryProvider('memory', [...standingSessions(), witnessSession(0)]);
const gateway = createGateway({
  providers: [source.provider],
  log: (level, message, facts) => {
    if (level === 'error') note(`${message} ${String(facts?.error ?? '')}`);
  },
});
let tick = 0;
let cpuMs = usedCpuMs();

process.on('warning', (warning) => note(String(warning)));
process.on('message', (question: Question) => send(answer(question)));
process.on('disconnect', () => process.exit());
const { port } = await gateway.listen(0);
await gateway.ready();
setInterval(() => {
  tick += 1;
  source.put(witnessSession(tick));
}, TICK_MS);
send({ port });

function answer(question: Question): Account | Heap {
  return question === 'account' ? account() : heap();
}

function account(): Account {
  const before = cpuMs;
  cpuMs = usedCpuMs();
  const sockets = process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length;
  return { faults: faults.splice(0), cpuMs: cpuMs - before, readers: gateway.readers, sockets };
}

function heap(): Heap {
  // What is only weakly held goes with the second collection.
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return { bytes: heapUsed + external };
}

function usedCpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

function note(fault: string): void {
  if (faults.length < MOST_FAULTS) faults.push(fault);
}

function send(message: Ready | Account | Heap): void {
  process.send?.(message);
}
