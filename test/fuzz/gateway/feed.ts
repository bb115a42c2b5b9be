import { setTimeout } from 'node:timers/promises';
import { Violation } from '../harness/violation.js';
import type { FuzzedGateway, Gateways } from './gateways.js';
import type { GatewayReport } from './messages.js';

/**
 * Maximum CPU time of a case in the gateway, in milliseconds; all other clients wait as long. It is ten times
 * the cost of the most expensive ordinary query.
 */
const MAX_CPU_MS = 2_000;

/**
 * Timeout for the release of a client's resources, in milliseconds. Node.js does not read a connection while
 * more than 16 kB of answers are queued on it. The gateway then notices the disconnect only when a heartbeat
 * fails; heartbeats are 12 s apart.
 */
const RELEASE_TIMEOUT_MS = 30_000;

/** Resources that clients use in a gateway. */
type OpenResources = Pick<GatewayReport, 'readers' | 'sockets'>;

/** Resources of each gateway before a case: those of the witness and those leaked by earlier cases. */
const baselines = new WeakMap<FuzzedGateway, OpenResources>();
const WITNESS_RESOURCES: OpenResources = { readers: 1, sockets: 1 };

/**
 * Feeds a gateway and checks the effect: it must still run, must not have used much CPU time or logged a
 * fault, must have released the resources of disconnected clients, and must not have disturbed the witness.
 */
export async function feed(
  gateways: Gateways,
  task: (gateway: FuzzedGateway) => Promise<void>,
): Promise<void> {
  const gateway = await gateways.running();
  const failure = await catchFailure(task(gateway));
  // The gateway's own report is more specific than what the client observed.
  const before = baselines.get(gateway) ?? WITNESS_RESOURCES;
  const { faults, cpuMs, readers, sockets } = await waitForRelease(gateway, before);
  const [fault] = faults;
  if (fault !== undefined) throw new Violation('the gateway reported a fault', fault);
  if (cpuMs > MAX_CPU_MS)
    throw new Violation('the gateway used too much CPU time', `${Math.round(cpuMs)} ms`);
  if (readers > before.readers) throw new Violation('a subscription was leaked');
  if (sockets > before.sockets) throw new Violation('a connection was leaked');
  await gateway.checkWitness();
  if (failure !== null) throw failure;
}

/**
 * Waits until the resources of disconnected clients are released, or the timeout. Returns the accumulated
 * report.
 */
async function waitForRelease(gateway: FuzzedGateway, before: OpenResources): Promise<GatewayReport> {
  const until = performance.now() + RELEASE_TIMEOUT_MS;
  const faults: string[] = [];
  let cpuMs = 0;
  for (let waitMs = 1; ; waitMs *= 2) {
    const { readers, sockets, ...report } = await gateway.report();
    faults.push(...report.faults);
    cpuMs += report.cpuMs;
    const isBack = readers <= before.readers && sockets <= before.sockets;
    if (isBack || performance.now() > until) {
      baselines.set(gateway, { readers, sockets });
      return { faults, cpuMs, readers, sockets };
    }
    await setTimeout(waitMs);
  }
}

async function catchFailure(task: Promise<void>): Promise<unknown> {
  try {
    await task;
    return null;
  } catch (error) {
    return error;
  }
}
