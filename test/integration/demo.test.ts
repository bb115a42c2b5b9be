import { createClient as createSseClient } from 'graphql-sse';
import { createClient as createWsClient } from 'graphql-ws';
import { describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { createSchema } from '../../src/graphql/schema.js';
import { createDemoProvider } from '../../src/providers/demo/demo.js';
import { subscriptionResolvers } from '../../src/subscriptions/subscription-resolvers.js';
import { buildQueryOfEveryField } from '../support/every-field.js';
import { startGateway } from '../support/gateway.js';
import { createManualClock } from '../support/manual-clock.js';

const SUBSCRIPTION = 'subscription { targetChanges { changes { target { phase } } } }';
const EVERY_PHASE = [
  'DISABLED',
  'FAILED',
  'INACTIVE',
  'READY',
  'RETRYING',
  'RUNNING',
  'SUCCEEDED',
  'WAITING',
];

async function startDemo() {
  const clock = createManualClock();
  const limits = { tokens: 10_000, aliases: 2_000, complexity: 10_000_000 };
  const gateway = await startGateway({ clock, limits, providers: [createDemoProvider({ clock })] });
  await gateway.gateway.ready();
  return { ...gateway, clock };
}

/** Yields the phases in a stream of payloads, as they arrive. */
function follow(stream: AsyncIterable<{ data?: unknown }>): Set<string> {
  const seen = new Set<string>();
  void (async () => {
    for await (const { data } of stream) {
      for (const [, phase = ''] of JSON.stringify(data).matchAll(/"phase":"(\w+)"/g)) seen.add(phase);
    }
  })();
  return seen;
}

describe('the demo', () => {
  it('the demo shows every phase within 20 seconds, over WebSocket and over SSE', async () => {
    await using demo = await startDemo();
    const socket = createWsClient({ url: demo.webSocketUrl, webSocketImpl: WebSocket });
    const events = createSseClient({ url: demo.url });
    const overSocket = follow(socket.iterate({ query: SUBSCRIPTION }));
    const overEvents = follow(events.iterate({ query: SUBSCRIPTION }));
    await expect.poll(() => demo.gateway.readers).toBe(2);
    for (let tenth = 0; tenth < 200; tenth += 1) await demo.clock.advance(100);
    await expect.poll(() => [...overSocket].sort()).toEqual(EVERY_PHASE);
    await expect.poll(() => [...overEvents].sort()).toEqual(EVERY_PHASE);
    await socket.dispose();
    events.dispose();
  });

  it('the demo answers a query that selects every field of the schema', async () => {
    await using demo = await startDemo();
    const schema = createSchema(subscriptionResolvers);
    const everything = buildQueryOfEveryField(schema, { id: '"demo/Tiltfile"', name: '"api:serve"' });
    for (let second = 0; second < 20; second += 1) {
      await demo.clock.advance(1_000);
      expect(await demo.query(everything)).not.toHaveProperty('errors');
    }
  });
});
