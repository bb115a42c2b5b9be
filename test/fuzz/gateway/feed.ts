import { setTimeout } from 'node:timers/promises';
import { Violation } from '../harness/violation.js';
import type { FuzzedGateway, Gateways } from './gateways.js';
import type { Account } from './messages.js';

/**
 * What a case may cost the gateway, in milliseconds of CPU time: all others wait that long. Ten times what the dearest
 * honest query takes here.
 */
const MOST_CPU_MS = 2_000;

/**
 * How long what a client has left may stay, in milliseconds. Node.js does not read a connection on which more than 16 kB of
 * answers wait behind one that goes on: that its client has left then shows in a heartbeat, 12 s apart, that cannot be sent.
 */
const LEAVING_MS = 30_000;

/** What clients hold of a gateway. */
type Held = Pick<Account, 'readers' | 'sockets'>;

/** What they held of each when all was well: the witness's, and what was left over before. */
const standing = new WeakMap<FuzzedGateway, Held>();
const OF_THE_WITNESS: Held = { readers: 1, sockets: 1 };

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
  const before = standing.get(gateway) ?? OF_THE_WITNESS;
  const { faults, cpuMs, readers, sockets } = await settled(gateway, before);
  const [fault] = faults;
  if (fault !== undefined) throw new Violation('the gateway found a fault in itself', fault);
  if (cpuMs > MOST_CPU_MS) throw new Violation('the gateway worked too long', `${Math.round(cpuMs)} ms`);
  if (readers > before.readers) throw new Violation('a subscription is left over');
  if (sockets > before.sockets) throw new Violation('a connection is left over');
  await gateway.witnessMustBeUndisturbed();
  if (failure !== null) throw failure;
}

/** How it took it, once its clients are gone, or should be. */
async function settled(gateway: FuzzedGateway, before: Held): Promise<Account> {
  const until = performance.now() + LEAVING_MS;
  const faults: string[] = [];
  let cpuMs = 0;
  for (let waitMs = 1; ; waitMs *= 2) {
    const { readers, sockets, ...account } = await gateway.account();
    faults.push(...account.faults);
    cpuMs += account.cpuMs;
    const isBack = readers <= before.readers && sockets <= before.sockets;
    if (isBack || performance.now() > until) {
      standing.set(gateway, { readers, sockets });
      return { faults, cpuMs, readers, sockets };
    }
    await setTimeout(waitMs);
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
