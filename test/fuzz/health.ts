import type { FuzzedGateway, Gateways } from './gateway/gateways.js';
import { Violation } from './harness/violation.js';

/** State of a gateway before or after the fuzzing. */
export interface Health {
  readonly gateway: FuzzedGateway;
  readonly heapBytes: number;
  /** Answer to a normal query. */
  readonly answer: string;
}

/** Sends a normal query and reads the memory in use. */
export async function examine(gateways: Gateways): Promise<Health> {
  const gateway = await gateways.running();
  const answer = await ask(gateway.port);
  const { bytes } = await gateway.heap();
  // The CPU time of the collection belongs to no case.
  await gateway.report();
  return { gateway, heapBytes: bytes, answer };
}

/**
 * Maximum growth of the heap, in bytes. The caches fill up to their limits: responses, and parsed documents
 * and their errors for HTTP and WebSocket, 32 MiB each.
 */
const MAX_HEAP_GROWTH = 160 * 2 ** 20;

/** Asserts that the gateway is healthy after the fuzzing. Rejects with the difference. */
export async function assertHealthy(before: Health, after: Health): Promise<void> {
  if (after.gateway !== before.gateway) throw new Violation('the gateway crashed and was restarted');
  if (after.answer !== before.answer) throw new Violation('a normal query has a wrong answer', after.answer);
  await after.gateway.checkWitness();
  if (after.heapBytes - before.heapBytes > MAX_HEAP_GROWTH)
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
