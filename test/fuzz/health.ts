import type { FuzzedGateway, Gateways } from './gateway/gateways.js';
import { Violation } from './harness/violation.js';

/** How a gateway is before and after all that it was fed. */
export interface Health {
  readonly gateway: FuzzedGateway;
  readonly heapBytes: number;
  /** What it answers to a normal query. */
  readonly answer: string;
}

/** Asks a normal query, and how much memory the gateway holds. */
export async function examine(gateways: Gateways): Promise<Health> {
  const gateway = await gateways.running();
  const answer = await ask(gateway.port);
  const { bytes } = await gateway.heap();
  // What the collection took is no case's.
  await gateway.account();
  return { gateway, heapBytes: bytes, answer };
}

/**
 * The most that a gateway may have grown, in bytes: its caches have bounds, which they reach. Those of answers, of
 * parsed documents and of their errors, twice (HTTP and WebSocket), have 32 MiB each.
 */
const MOST_GROWTH = 160 * 2 ** 20;

/** What a gateway must be like afterwards. Rejects, saying what is not so. */
export async function mustBeWell(before: Health, after: Health): Promise<void> {
  if (after.gateway !== before.gateway)
    throw new Violation('the gateway is another one: it had to be started anew');
  if (after.answer !== before.answer) throw new Violation('a normal query is answered wrongly', after.answer);
  await after.gateway.witnessMustBeUndisturbed();
  if (after.heapBytes - before.heapBytes > MOST_GROWTH)
    throw new Violation('the heap has grown', `${before.heapBytes} → ${after.heapBytes} bytes`);
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
