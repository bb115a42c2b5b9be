import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.js';
import { silentLog } from '../../src/log.js';
import { decodeSession } from '../../src/model/decode.js';
import { createMemoryProvider } from '../../src/providers/memory.js';
import { parseAddress } from '../../src/providers/nats/address.js';
import { createSources } from '../../src/providers/sources.js';
import { connectBroker } from '../../src/publish/broker.js';
import { createPublisher } from '../../src/publish/publisher.js';
import { createStore } from '../../src/store/store.js';
import { type RunningCommand, runCli } from '../support/cli.js';
import { followFolding } from '../support/folding-client.js';
import { startNatsCluster } from '../support/nats-server.js';
import { sessionJson } from '../support/session-json.js';
import { openTcpProxy } from '../support/tcp-proxy.js';

/** How much happens. `npm test` tries everything once or twice; with TILT_GRAPHQL_FAILOVER=full it is what the README tells of. */
const FULL = process.env.TILT_GRAPHQL_FAILOVER === 'full';
const UPDATES = FULL ? 2_000 : 100;
/** So that the 64 states which a bucket keeps of a Session reach back over the time a gateway takes to come back. */
const EVERY_MS = FULL ? 100 : 200;
const GATEWAY_KILLS = FULL ? 20 : 3;
const BROKER_KILLS = FULL ? 4 : 1;
const CUT_MS = FULL ? 10_000 : 2_000;
const TARGETS = 5;

/** The n-th state: one target in turn says n. */
function stateOf(n: number) {
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

describe('a fleet', () => {
  it(
    'loses, doubles and mixes up nothing (S2, S3, S4), whichever of its gateways and brokers is killed',
    async () => {
      await using cluster = await startNatsCluster();
      const address = cluster.address('fleet');
      const [server] = cluster.servers;
      await using proxy = await openTcpProxy(server?.port ?? 0);
      const source = createMemoryProvider('ci', [stateOf(0)]);
      const store = createStore({ clock: systemClock, epoch: 'source' });
      const sources = createSources({ sink: store, clock: systemClock, random: Math.random, log: silentLog });
      sources.add(source.provider);
      // Its only way to the cluster, so that it can be cut off.
      const broker = connectBroker({
        address: parseAddress(`nats://127.0.0.1:${proxy.port}/fleet`),
        ignoreOtherServers: true,
        credentials: {},
        settings: { replicas: 3 },
        clock: systemClock,
        random: Math.random,
        log: silentLog,
      });
      const publisher = createPublisher({
        store,
        broker,
        publisher: 'one',
        instanceOf: ({ instance }) => instance,
        takeOver: false,
        clock: systemClock,
        log: silentLog,
      });
      await broker.bucket();
      const gateways = [await startGateway(address), await startGateway(address)];
      await using client = followFolding(() => gateways.map(({ url }) => url), 'ci/Tiltfile');
      await expect.poll(() => client.folded.size, { timeout: 20_000 }).toBe(TARGETS);

      let n = 0;
      let left = GATEWAY_KILLS + BROKER_KILLS + 1;
      // So many at least, and on until the last of what is done to the fleet is over.
      const updates = (async () => {
        while (n < UPDATES || left > 0) {
          n += 1;
          source.put(stateOf(n));
          await sleep(EVERY_MS);
        }
      })();
      const reached = async (share: number) => {
        while (n < share * UPDATES) await sleep(EVERY_MS);
      };

      const killGateways = async () => {
        for (let kill = 0; kill < GATEWAY_KILLS; kill += 1) {
          await reached((kill + Math.random()) / GATEWAY_KILLS);
          const at = client.at;
          const handedOver = client.handOvers.length;
          gateways[at]?.command.process.kill('SIGKILL');
          await expect.poll(() => client.handOvers.length, { timeout: 60_000 }).toBeGreaterThan(handedOver);
          gateways[at] = await startGateway(address);
          left -= 1;
        }
      };
      const killBrokers = async () => {
        const others = cluster.servers.slice(1);
        for (let kill = 0; kill < BROKER_KILLS; kill += 1) {
          await reached((kill + 0.5) / (BROKER_KILLS + 1));
          const server = others[kill % others.length];
          await server?.kill();
          await sleep(1_000);
          await server?.start();
          left -= 1;
        }
      };
      let cutFrom = 0;
      let cutTo = 0;
      const cutPublisher = async () => {
        await reached(0.7);
        cutFrom = n;
        proxy.cut();
        await sleep(CUT_MS);
        proxy.mend();
        cutTo = n;
        left -= 1;
      };
      await Promise.all([updates, killGateways(), killBrokers(), cutPublisher()]);

      const newest = new Map(stateOf(n).status.targets.map(({ name, state }) => [name, waitReasonOf(state)]));
      await expect
        .poll(() => Object.fromEntries(client.folded), { timeout: 30_000 })
        .toEqual(Object.fromEntries(newest));
      // In one payload changes stand in the order of the targets.
      const seen = client.changes.map(({ payload, reason }) => ({ payload, number: Number(reason) }));
      const told = seen
        .toSorted((a, b) => a.payload - b.payload || a.number - b.number)
        .map(({ number }) => number);
      expect(told).toEqual(told.toSorted((a, b) => a - b));
      const reasons = client.changes.map(({ reason }) => reason);
      const doubled = client.changes.filter(
        ({ reason }) => reasons.indexOf(reason) !== reasons.lastIndexOf(reason),
      );
      const [first = 0, last = 0] = doubled.map(({ payload }) => payload);
      expect(doubled, client.payloads.slice(Math.max(first - 4, 0), last + 3).join('\n')).toEqual([]);
      expect(client.changes.every(({ type }) => type === 'MODIFIED')).toBe(true);
      // What a publisher that was cut off, or whose cluster had no leader, has folded into one is all that may be missing.
      const missing = Array.from({ length: n }, (_, index) => index + 1).filter(
        (number) => !told.includes(number),
      );
      report({
        n,
        told: told.length,
        missing,
        cutFrom,
        cutTo,
        resets: client.resets,
        handOvers: client.handOvers,
      });
      expect(client.resets, client.payloads.join('\n')).toBe(0);

      await publisher.close('the test is over', 5_000);
      await sources.close();
      store.dispose();
      for (const { command } of gateways) await command[Symbol.asyncDispose]();
    },
    FULL ? 400_000 : 120_000,
  );
});

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
  // As whoever replaces gateways one by one does: not the next before this one can take its clients.
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
