import { setTimeout } from 'node:timers/promises';
import { Violation } from '../harness/violation.js';
import type { FuzzedGateway, Gateways } from './gateways.js';
import type { Account } from './messages.js';

/**
 * What a case may cost the gateway, in milliseconds of CPU time: all others wait that long. Ten times what the dearest
 * honest query takes here.
 */
const MOST_CPU_MS = 2_000;

/** How long what a client has left may stay, in milliseconds: time for a busy machine to tell the gateway of it. */
const LEAVING_MS = 3_000;

/** How many subscriptions each gateway had when all was well: the witness's, and those that were left over before. */
const standing = new WeakMap<FuzzedGateway, number>();

/**
 * Feeds a gateway, then looks how it took it: it must run on, must not have worked for long, must have found no fault
 * in itself, must keep nothing of clients that have left, and its other client must not have noticed.
 */
export async function feed(
  gateways: Gateways,
  task: (gateway: FuzzedGateway) => Promise<void>,
): Promise<void> {
  const gateway = await gateways.running();
  const failure = await failureOf(task(gateway));
  // What the gateway says of itself tells more than what its client saw of it.
  const { faults, cpuMs, left } = await settled(gateway);
  const [fault] = faults;
  if (fault !== undefined) throw new Violation('the gateway found a fault in itself', fault);
  if (cpuMs > MOST_CPU_MS) throw new Violation('the gateway worked too long', `${Math.round(cpuMs)} ms`);
  if (left > 0) throw new Violation('subscriptions are left over', left);
  gateway.witness.mustBeUndisturbed();
  if (failure !== null) throw failure;
}

/** How it took it, once its clients are gone; `left`: subscriptions that are not. */
async function settled(gateway: FuzzedGateway): Promise<Omit<Account, 'tick'> & { readonly left: number }> {
  const before = standing.get(gateway) ?? 1;
  const faults: string[] = [];
  let cpuMs = 0;
  for (const until = performance.now() + LEAVING_MS; ; await setTimeout(5)) {
    const { readers, ...account } = await gateway.account();
    faults.push(...account.faults);
    cpuMs += account.cpuMs;
    if (readers > before && performance.now() < until) continue;
    standing.set(gateway, Math.max(readers, 1));
    return { faults, cpuMs, readers, left: Math.max(readers - before, 0) };
  }
}

async function failureOf(task: Promise<void>): Promise<unknown> {
  try {
    await task;
    return null;
  } catch (error) {
    return error;
  }
}
