import { createClient as createSseClient } from 'graphql-sse';
import { createClient as createWsClient } from 'graphql-ws';
import { describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { createSchema } from '../../src/graphql/schema.js';
import { createDemoProvider } from '../../src/providers/demo/demo.js';
import { subscriptionResolvers } from '../../src/subscriptions/subscription-resolvers.js';
import { blockOf } from '../docs/pages.js';
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
  'UNTRIGGERED',
  'WAITING',
];

const EXPLAINED = `{
  session {
    isDemo
    verdict { state reason untriggered { name } }
    cluster { error }
    status { targets { name phase blockedBy { name } rootCause { name phase } } }
    resources { labels tiltUrl }
  }
}`;

interface Explained {
  readonly isDemo: boolean;
  readonly verdict: {
    readonly state: string;
    readonly reason: string | null;
    readonly untriggered: readonly Named[];
  };
  readonly cluster: { readonly error: string | null } | null;
  readonly status: {
    readonly targets: readonly (Named & {
      readonly phase: string;
      readonly blockedBy: readonly Named[];
      readonly rootCause: (Named & { readonly phase: string }) | null;
    })[];
  };
  readonly resources: readonly {
    readonly labels: readonly string[];
    readonly tiltUrl: string | null;
  }[];
}

interface Named {
  readonly name: string;
}

const UNREACHABLE =
  'Get "https://127.0.0.1:6443/livez": dial tcp 127.0.0.1:6443: connect: connection refused';

async function startDemo() {
  const clock = createManualClock();
  const limits = { tokens: 20_000, aliases: 4_000, complexity: 10_000_000 };
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

  it('the demo says at the first query what each target waits for, and what is at the root of it', async () => {
    await using demo = await startDemo();
    const { data } = await demo.query<{ session: Explained }>(EXPLAINED);
    const { isDemo, verdict, status, resources } = data.session;
    const e2e = status.targets.find(({ name }) => name === 'e2e:update');
    expect(isDemo).toBe(true);
    expect(e2e).toMatchObject({
      phase: 'WAITING',
      rootCause: { name: 'migrate:update', phase: 'RUNNING' },
      blockedBy: expect.arrayContaining([{ name: 'web:update' }, { name: 'worker:update' }]),
    });
    expect(verdict.reason).toContain('api waits for migrate (running)');
    expect(new Set(resources.flatMap(({ labels }) => labels))).toEqual(
      new Set(['backend', 'data', 'frontend', 'tests']),
    );
    expect(resources.filter(({ tiltUrl }) => tiltUrl !== null)).toEqual([]);
  });

  it('the demo shows a failed root cause, a lost cluster and a trigger within 20 seconds, in this order', async () => {
    await using demo = await startDemo();
    const seen: string[] = [];
    for (let tenth = 0; tenth < 200; tenth += 1) {
      await demo.clock.advance(100);
      const { data } = await demo.query<{ session: Explained }>(EXPLAINED);
      const summary = summarize(data.session);
      if (summary !== seen.at(-1)) seen.push(summary);
    }
    expect(seen.filter((summary, index) => summary !== '' && seen.indexOf(summary) === index)).toEqual([
      'FAILED: e2e:update by web:runtime,web:update by assets:update FAILED',
      'FAILED: e2e:update by web:runtime,web:update by assets:update FAILED; to trigger: sample-data:update',
      'PENDING; to trigger: sample-data:update',
      `FAILED: cluster connection failed: ${UNREACHABLE}; to trigger: sample-data:update`,
      'PASSED; to trigger: sample-data:update',
      'PASSED',
    ]);

    function summarize({ cluster, status, verdict }: Explained): string {
      const untriggered = verdict.untriggered.map(({ name }) => name).join();
      const rest = untriggered === '' ? '' : `; to trigger: ${untriggered}`;
      const targetOf = (wanted: string) => status.targets.find(({ name }) => name === wanted);
      const { rootCause, blockedBy = [] } = targetOf('e2e:update') ?? {};
      if (cluster?.error) return `${verdict.state}: ${verdict.reason}${rest}`;
      if (rootCause?.phase === 'FAILED') {
        const blockers = blockedBy.filter(({ name }) => targetOf(name)?.rootCause?.name === rootCause.name);
        const names = blockers.map(({ name }) => name).join();
        return `${verdict.state}: e2e:update by ${names} by ${rootCause.name} FAILED${rest}`;
      }
      return verdict.state === 'PENDING' && rest === '' ? '' : `${verdict.state}${rest}`;
    }
  });

  it('docs/explained-state.md shows the answer of the demo', async () => {
    await using demo = await startDemo();
    const page = 'docs/explained-state.md';
    await demo.clock.advance(4_500);
    const { data } = await demo.query<{ targets: readonly Named[] }>(blockOf(page, 'graphql'));
    expect(data.targets.find(({ name }) => name === 'e2e:update')).toEqual(JSON.parse(blockOf(page, 'json')));
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
