import type { FuzzedGateway, Gateways } from './gateway/gateways.js';
import type { Holdings } from './gateway/messages.js';
import { Violation } from './harness/violation.js';

/** How a gateway is before and after all that it was fed. */
export interface Health {
  readonly gateway: FuzzedGateway;
  readonly holdings: Holdings;
  /** What it answers to a normal query. */
  readonly answer: string;
}

/**
 * Asks a normal query, and what the gateway holds.
 *
 * @param before how it was, and should be again: it is given a moment for that
 */
export async function examine(gateways: Gateways, before: Health | null = null): Promise<Health> {
  const gateway = await gateways.running();
  const answer = await ask(gateway.port);
  const holdings = await settled(gateway, before?.holdings ?? null);
  return { gateway, holdings, answer };
}

/**
 * The most that a gateway may have grown, in bytes: its caches have bounds, which they reach. Those of answers, of
 * parsed documents and of their errors, twice (HTTP and WebSocket), have 32 MiB each.
 */
const MOST_GROWTH = 160 * 2 ** 20;

/** What a gateway must be like afterwards. Throws, saying what is not so. */
export function mustBeWell(before: Health, after: Health): void {
  if (after.gateway !== before.gateway)
    throw new Violation('the gateway is another one: it had to be started anew');
  if (after.answer !== before.answer) throw new Violation('a normal query is answered wrongly', after.answer);
  after.gateway.witness.mustBeUndisturbed();
  const { sockets, heapBytes } = after.holdings;
  if (sockets > before.holdings.sockets) throw new Violation('connections are left over', sockets);
  if (heapBytes - before.holdings.heapBytes > MOST_GROWTH)
    throw new Violation('the heap has grown', `${before.holdings.heapBytes} → ${heapBytes} bytes`);
}

const QUERY = `{
  session(id: "tilt-10361/Tiltfile") {
    id
    verdict { state final reason failed { name } }
    status { done error targets { name type phase } }
    connection { state error }
  }
}`;

async function ask(port: number): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', connection: 'close' },
    body: JSON.stringify({ query: QUERY }),
  });
  return `${response.status} ${await response.text()}`;
}

/** What is held once what clients have left is gone: that takes the system a moment. */
async function settled(gateway: FuzzedGateway, before: Holdings | null): Promise<Holdings> {
  for (let turn = 1; ; turn += 1) {
    const now = await gateway.holdings();
    if (!before || now.sockets <= before.sockets || turn === 30) return now;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
