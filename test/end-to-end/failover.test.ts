import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { decodeSession } from '../../src/model/decode.js';
import { type RunningCommand, runCli } from '../support/cli.js';
import { startFoldingClient } from '../support/folding-client.js';
import { startNatsCluster } from '../support/nats-server.js';
import { sessionJson } from '../support/session-json.js';
import { openTcpProxy } from '../support/tcp-proxy.js';
import { startPublisher } from '../support/test-publisher.js';

/**
 * Full run with TILT_GRAPHQL_FAILOVER=full, as described in the README. `npm test` kills each kind of process
 * once or a few times.
 */
const FULL = process.env.TILT_GRAPHQL_FAILOVER === 'full';
const UPDATES = FULL ? 2_000 : 100;
/**
 * Update interval. The 64 states that the bucket keeps of a Session must cover the restart time of a gateway.
 */
const EVERY_MS = FULL ? 100 : 200;
const GATEWAY_KILLS = FULL ? 20 : 3;
const BROKER_KILLS = FULL ? 4 : 1;
const CUT_MS = FULL ? 10_000 : 2_000;
/** Enough targets that a state is compressed: then its changes are published next to it, as deltas. */
const TARGETS = 60;

/** The n-th state: one target after the other has the wait reason n. */
function buildState(n: number) {
  const targets = Array.from({ length: TARGETS }, (_, index) => {
    const last = n - ((((n - index) % TARGETS) + TARGETS) % TARGETS);
    return {
      name: `target-${index}`,
      type: 'job',
      resources: ['x'],
      state: { waiting: { waitReason: String(Math.max(last, 0)) } },
    };
  });
  return decodeSession(sessionJson({ uid: 'one', targets }), 'ci');
}

describe('a fleet of gateways and brokers', () => {
  it(
    'loses, repeats and reorders no update (S2, S3, S4), whichever gateway or broker is killed',
    async () => {
      // Servers do not advertise each other; otherwise the publisher would bypass the cut connection.
      await using cluster = await startNatsCluster({ advertise: false });
      const address = cluster.address('fleet');
      const [server] = cluster.servers;
      await using proxy = await openTcpProxy(server?.port ?? 0);
      // The publisher's only connection to the cluster, which the test can cut.
      await using published = startPublisher({
        address: `nats://127.0.0.1:${proxy.port}/fleet`,
        settings: { replicas: 3 },
        sessions: [buildState(0)],
      });
      await published.broker.bucket();
      const gateways = [await startGateway(address), await startGateway(address)];
      await using client = startFoldingClient(() => gateways.map(({ url }) => url), 'ci/Tiltfile');
      await expect.poll(() => client.folded.size, { timeout: 20_000 }).toBe(TARGETS);

      const digests = createDigestSum();
      let n = 0;
      let left = GATEWAY_KILLS + BROKER_KILLS + 1;
      // At least this many updates, and more until all failures have been injected.
      const updates = (async () => {
        while (n < UPDATES || left > 0) {
          n += 1;
          published.put(buildState(n));
          await sleep(EVERY_MS);
        }
      })();
      const untilProgress = async (share: number) => {
        while (n < share * UPDATES) await sleep(EVERY_MS);
      };

      const killGateways = async () => {
        for (let kill = 0; kill < GATEWAY_KILLS; kill += 1) {
          await untilProgress((kill + Math.random()) / GATEWAY_KILLS);
          const at = client.gateway;
          await digests.add(gateways[at]?.url);
          const handedOver = client.failoverMs.length;
          gateways[at]?.command.process.kill('SIGKILL');
          await expect.poll(() => client.failoverMs.length, { timeout: 60_000 }).toBeGreaterThan(handedOver);
          gateways[at] = await startGateway(address);
          left -= 1;
        }
      };
      /** Updates between which the publisher had no broker to write to. */
      const outages: { readonly what: string; readonly from: number; to: number }[] = [];
      const recovered = async (outage: { to: number }) => {
        const back = n;
        // Nothing may be missing from the first update that was written again.
        const newest = () => Math.max(...[...client.folded.values()].map(Number));
        await expect.poll(newest, { timeout: 60_000 }).toBeGreaterThanOrEqual(back);
        outage.to = n;
      };
      const killBrokers = async () => {
        for (let kill = 0; kill < BROKER_KILLS; kill += 1) {
          await untilProgress((kill + 0.5) / (BROKER_KILLS + 1));
          // Alternates between the leader of the stream, and the leader of the cluster, which is needed to
          // create a consumer.
          const stream = kill % 2 === 0 ? 'KV_fleet' : null;
          const server = await cluster.leader(stream);
          if (!server) throw new Error('Expected the cluster to have a leader.');
          const outage = { what: `${stream ?? 'the cluster'}'s leader ${server.name}`, from: n, to: n };
          outages.push(outage);
          await server.kill();
          await sleep(1_000);
          await server.start();
          await recovered(outage);
          left -= 1;
        }
      };
      const cutPublisher = async () => {
        await untilProgress(0.7);
        const outage = { what: "the publisher's connection", from: n, to: n };
        outages.push(outage);
        proxy.cut();
        await sleep(CUT_MS);
        proxy.restore();
        await recovered(outage);
        left -= 1;
      };
      await Promise.all([updates, killGateways(), killBrokers(), cutPublisher()]);

      const newest = new Map(
        buildState(n).status.targets.map(({ name, state }) => [name, waitReasonOf(state)]),
      );
      await expect
        .poll(() => Object.fromEntries(client.folded), { timeout: 30_000 })
        .toEqual(Object.fromEntries(newest));
      // Changes within a payload are in the order of the targets.
      const seen = client.changes.map(({ payload, reason }) => ({ payload, number: Number(reason) }));
      const received = seen
        .toSorted((a, b) => a.payload - b.payload || a.number - b.number)
        .map(({ number }) => number);
      expect(received).toEqual(received.toSorted((a, b) => a - b));
      const reasons = client.changes.map(({ reason }) => reason);
      const doubled = client.changes.filter(
        ({ reason }) => reasons.indexOf(reason) !== reasons.lastIndexOf(reason),
      );
      const [first = 0, last = 0] = doubled.map(({ payload }) => payload);
      expect(doubled, client.payloads.slice(Math.max(first - 4, 0), last + 3).join('\n')).toEqual([]);
      expect(client.changes.every(({ type }) => type === 'MODIFIED')).toBe(true);
      // Only updates that the publisher merged while it was disconnected or the cluster had no leader may be
      // missing.
      const missing = Array.from({ length: n }, (_, index) => index + 1).filter(
        (number) => !received.includes(number),
      );
      for (const { url } of gateways) await digests.add(url);
      report({
        n,
        digests: digests.sum,
        received: received.length,
        missing,
        outages,
        resets: client.resets,
        handOvers: client.failoverMs,
      });
      const lost = missing.filter(
        (number) => !outages.some(({ from, to }) => number >= from && number <= to),
      );
      expect(lost, JSON.stringify(outages)).toEqual([]);
      expect(client.resets, client.payloads.join('\n')).toBe(0);
      expect(digests.sum.delta).toBeGreaterThan(0);
      expect(digests.sum.different).toBe(0);

      for (const { command } of gateways) await command[Symbol.asyncDispose]();
    },
    FULL ? 400_000 : 120_000,
  );
});

/** Sums how gateways have read the bucket, by their metrics. */
function createDigestSum() {
  const sum = { delta: 0, state: 0, equal: 0, different: 0 };
  return {
    sum,
    async add(url = ''): Promise<void> {
      const text = await (await fetch(new URL('/metrics', url.replace('ws', 'http')))).text();
      for (const key of ['delta', 'state', 'equal', 'different'] as const) {
        sum[key] += Number(text.match(new RegExp(`bucket_.*"${key}"} (\\d+)`))?.[1] ?? 0);
      }
    },
  };
}

interface StartedGateway {
  readonly command: RunningCommand;
  readonly url: string;
}

async function startGateway(address: string): Promise<StartedGateway> {
  const command = runCli(['--port', '0', '--source', address]);
  const [, url = ''] = await command.until(/listens on (http:\S+) /);
  const isReady = () =>
    fetch(new URL('/readyz', url)).then(
      ({ ok }) => ok,
      () => false,
    );
  // As in a rolling replacement: the next gateway is killed only when this one is ready for clients.
  await expect.poll(isReady, { timeout: 60_000, interval: 50 }).toBe(true);
  return { command, url: url.replace('http', 'ws') };
}

function waitReasonOf(state: { readonly is: string }): string | null {
  return 'waitReason' in state && typeof state.waitReason === 'string' ? state.waitReason : null;
}

function report({
  handOvers,
  ...facts
}: { readonly handOvers: readonly number[] } & Record<string, unknown>): void {
  if (!FULL) return;
  const sorted = handOvers.toSorted((a, b) => a - b);
  const at = (share: number) =>
    Math.round(sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)] ?? 0);
  console.log(JSON.stringify({ ...facts, handOvers: sorted.length, p50: at(0.5), p99: at(0.99) }));
}
