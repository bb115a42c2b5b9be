import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createGateway } from '../../../src/gateway.js';
import { systemClock } from '../../../src/lib/clock.js';
import type { Session } from '../../../src/model/session.js';
import { digestOf } from '../../../src/nats/delta.js';
import { decodeEnvelope, decompress, formatKey } from '../../../src/nats/message-format.js';
import { createNatsProvider } from '../../../src/nats/nats-provider.js';
import { type NatsServer, startNats } from '../../support/nats-server.js';
import { session, states } from '../../support/sessions.js';
import { openTestBucket } from '../../support/test-bucket.js';
import { startPublisher } from '../../support/test-publisher.js';

let nats: NatsServer;
beforeAll(async () => {
  nats = await startNats();
});
afterAll(() => nats[Symbol.asyncDispose]());

/** `npm run failover` makes 100,000 updates. */
const FULL = process.env.TILT_GRAPHQL_FAILOVER === 'full';
const UPDATES = FULL ? 100_000 : 2_000;
const SESSIONS = 20;
/** Updates of a Session that are made at once: fewer than a publisher keeps while it writes. */
const BURST = 20;
const TARGETS = 100;
/** Updates between those that cannot be deltas. A full run compares digests in between. */
const PERIOD = FULL ? 500 : 50;
const PATIENCE = { timeout: 60_000, interval: 5 };
const STATES = Object.keys(states).filter((key): key is keyof typeof states => key in states);

const NAMES = Array.from({ length: TARGETS + 1 }, (_, index) => `service-${String(index).padStart(3, '0')}`);
/** Every target in every state. Unchanged targets are the same objects, as in a source of a publisher. */
const POOL = STATES.map(
  (state) => session('pool', Object.fromEntries(NAMES.map((name) => [name, state]))).status.targets,
);

/** The n-th state of a Session. Some targets change with each one; with some, one is added or removed. */
function stateOf(stream: number, n: number): Session {
  const of = session(`host.s${stream}`, {}, { resourceVersion: String(n) });
  const count = TARGETS + (Math.floor((n + PERIOD / 2) / PERIOD) % 2);
  const targets = Array.from({ length: count }, (_, index) => {
    const turn = Math.floor((n + index * 13) / 40) + index;
    return POOL[turn % POOL.length]?.[index] ?? [];
  });
  return { ...of, status: { ...of.status, targets: targets.flat() } };
}

/** Reads a counter of the gateway's metrics page. */
async function readCounter(port: number, sample: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const line = text.split('\n').find((candidate) => candidate.startsWith(`tilt_graphql_${sample} `));
  return Number(line?.split(' ').at(-1));
}

describe('a gateway that applies deltas', () => {
  it(
    `holds the published states after ${UPDATES} updates, none of which led elsewhere`,
    async () => {
      const address = nats.address('folding');
      await using bucket = await openTestBucket(address);
      const streams = Array.from({ length: SESSIONS }, (_, stream) => stream);
      await using publisher = startPublisher({
        address,
        sessions: streams.map((stream) => stateOf(stream, 0)),
      });
      const gateway = createGateway({ providers: [createNatsProvider({ address, clock: systemClock })] });
      const { port } = await gateway.listen(0);
      const newest = new Map<string, Session>();
      const watch = new AbortController();
      const provider = createNatsProvider({ address, clock: systemClock });
      void provider.watch((change) => {
        if (change.type === 'upsert') newest.set(change.session.id, change.session);
      }, watch.signal);
      const read = () => provider.counts.deltas + provider.counts.states;
      await expect.poll(read, PATIENCE).toBe(SESSIONS);

      for (let n = 1; n <= UPDATES / SESSIONS; n += BURST) {
        for (let step = 0; step < BURST; step += 1) {
          for (const stream of streams) publisher.put(stateOf(stream, n + step));
        }
        await expect.poll(read, PATIENCE).toBe(SESSIONS * (n + BURST));
      }
      const counter = (sample: string) => readCounter(port, `bucket_${sample}`);
      const messages = (what: string) => counter(`messages_total{source="folding",read="${what}"}`);
      const digests = (result: string) => counter(`digests_total{source="folding",result="${result}"}`);
      await expect
        .poll(async () => (await messages('delta')) + (await messages('state')), PATIENCE)
        .toBe(UPDATES + SESSIONS);
      expect(await messages('delta')).toBeGreaterThan(UPDATES * 0.9);
      // Every Session is checked once more when it is quiet.
      const checks = await digests('equal');
      await expect.poll(() => digests('equal'), PATIENCE).toBe(checks + SESSIONS);
      expect(await digests('different')).toBe(0);
      for (const of of newest.values()) {
        const entry = await bucket.bucket.sessions.get(formatKey(of.instance, of.metadata.name));
        const value = decodeEnvelope(decompress(entry?.value ?? new Uint8Array()), of.instance);
        expect(of).toEqual(value.session);
        expect(digestOf(of)).toBe(digestOf(value.session));
      }
      expect(newest.size).toBe(SESSIONS);
      if (FULL) console.log(JSON.stringify({ ...provider.counts, checked: await digests('equal') }));
      watch.abort();
      await gateway.close();
    },
    FULL ? 1_200_000 : 120_000,
  );
});
