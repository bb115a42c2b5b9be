import { createGateway, type Gateway, type GatewayOptions } from '../../src/gateway.js';
import type { Session } from '../../src/model/session.js';
import { createMemoryProvider, type MemorySource } from '../../src/providers/memory.js';

/** A gateway on a free port and its addresses. Closed at the end of its block (`await using`). */
export interface TestGateway extends AsyncDisposable {
  readonly gateway: Gateway;
  /** `http://127.0.0.1:<port>` */
  readonly origin: string;
  /** HTTP endpoint. */
  readonly url: string;
  /** WebSocket endpoint. */
  readonly webSocketUrl: string;
  /** Sends a query over HTTP. */
  query<T>(
    query: string,
    variables?: Record<string, unknown>,
  ): Promise<{ data: T; errors?: { message: string }[] }>;
}

/** Starts a gateway on a free port. */
export async function startGateway(options: GatewayOptions = {}): Promise<TestGateway> {
  const gateway = createGateway(options);
  const { port } = await gateway.listen(0);
  const origin = `http://127.0.0.1:${port}`;
  const url = `${origin}/graphql`;
  return {
    gateway,
    origin,
    url,
    webSocketUrl: url.replace('http', 'ws'),
    async query(query, variables = {}) {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query, variables }),
      });
      return response.json();
    },
    [Symbol.asyncDispose]: () => gateway.close(),
  };
}

/** Starts a gateway on a memory provider that the test controls. */
export async function startMemoryGateway(
  sessions: readonly Session[] = [],
  options: GatewayOptions = {},
): Promise<TestGateway & { readonly source: MemorySource }> {
  const source = createMemoryProvider('memory', sessions);
  const started = await startGateway({ ...options, providers: [source.provider] });
  await started.gateway.ready();
  return { ...started, source };
}
