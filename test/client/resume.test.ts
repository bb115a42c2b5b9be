import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { SessionsView, TargetFields, TargetsView } from '../../src/client/client.js';
import { decodeSession } from '../../src/model/decode.js';
import { between, createRandom, type Random } from '../../src/providers/demo/random.js';
import { openDisposableClient } from '../support/disposable-client.js';
import { startMemoryGateway } from '../support/gateway.js';
import { sessionJson } from '../support/session-json.js';
import { openTcpProxy } from '../support/tcp-proxy.js';

const UPDATES = 10_000;
const CUTS = 100;
/** Updates between a disconnect and the next possible connection. */
const RESTORED_AFTER = 30;
const TARGETS = 30;
const SESSION = 'ci/Tiltfile';

describe('resume', () => {
  it('a watch converges on the newest state over 10,000 updates and 100 disconnects, without loss or repetition (S3, S4)', async () => {
    const random = createRandom(20_261_122);
    const targets = new Map<string, string>();
    await using gateway = await startMemoryGateway([stateOf(targets)]);
    await using proxy = await openTcpProxy(Number(new URL(gateway.url).port));
    // Waits are a hundred times shorter, except the timeouts that a busy machine may need.
    const clock = {
      now: () => Date.now(),
      monotonic: () => performance.now(),
      after: (ms: number, task: () => void) => {
        const timer = setTimeout(task, ms < 10_000 ? ms / 100 : ms);
        return () => clearTimeout(timer);
      },
    };
    await using client = openDisposableClient(
      { url: `http://127.0.0.1:${proxy.port}/graphql` },
      { clock, random },
    );
    const follower = follow(client.watchTargets({ session: SESSION }), checkChain);
    const sessions = follow(client.watchSessions(), () => {});
    await follower.until((view) => view.link.state === 'live');

    for (let update = 1; update <= UPDATES; update += 1) {
      change(targets, update, random);
      gateway.source.put(stateOf(targets));
      if (update % 20 === 0) await turn();
      const step = update % (UPDATES / CUTS);
      if (step === 0) {
        await follower.until(({ link }) => link.state === 'live');
        proxy.cut();
        await follower.until(({ link }) => link.state === 'lost');
      }
      // Updates until then are missed, and must be delivered later.
      if (step === RESTORED_AFTER) proxy.restore();
    }
    proxy.restore();

    const newest = Object.fromEntries([...targets].sort());
    await expect
      .poll(() => waitReasons(follower.last), { timeout: 20_000 })
      .toEqual({ ...newest, 'tiltfile:update': null });
    const { data } = await gateway.query<{ session: { status: { targets: ResponseTarget[] } } }>(
      '{ session { status { targets { name state { ... on TargetStateWaiting { waitReason } } } } } }',
    );
    const asked = data.session.status.targets.map(({ name, state }) => [name, state?.waitReason ?? null]);
    expect(Object.entries(waitReasons(follower.last))).toEqual(asked);
    await expect
      .poll(() => sessions.last?.sessions.get(SESSION)?.counts.total, { timeout: 20_000 })
      .toBe(targets.size + 1);

    expect(follower.disconnects).toBe(CUTS);
    // Only the first payload was a reset: all reconnects resumed from the cursor.
    expect(follower.resets).toBe(1);
    await follower.end();
    await sessions.end();
    await expect.poll(() => gateway.gateway.readers).toBe(0);
  }, 120_000);
});

interface ResponseTarget {
  readonly name: string;
  readonly state: { readonly waitReason?: string } | null;
}

/** Adds, removes or changes one to three targets. Each wait reason is unique. */
function change(targets: Map<string, string>, update: number, random: Random): void {
  for (let n = between(random, 1, 3); n > 0; n -= 1) {
    const name = `target-${between(random, 1, TARGETS)}`;
    if (targets.has(name) && random() < 0.2) targets.delete(name);
    else targets.set(name, `${update}.${n}`);
  }
}

function stateOf(targets: ReadonlyMap<string, string>) {
  const list = [...targets].sort().map(([name, waitReason]) => ({
    name,
    type: 'job',
    resources: ['x'],
    state: { waiting: { waitReason } },
  }));
  const tiltfile = {
    name: 'tiltfile:update',
    type: 'job',
    resources: ['(Tiltfile)'],
    state: { terminated: {} },
  };
  return decodeSession(sessionJson({ uid: 'one', targets: [...list, tiltfile] }), 'ci');
}

/** Checks that each change starts at the target's last state: a gap or a repetition would not. */
function checkChain(before: TargetsView | null, { changes, reset }: TargetsView): void {
  for (const { type, target, previous } of changes) {
    const known = reset ? undefined : before?.targets.get(target.name);
    const was = previous?.__typename === 'TargetStateWaiting' ? previous.waitReason : null;
    expect([type === 'ADDED', was], `${type} ${target.name}`).toEqual([
      known === undefined,
      waitReasonOf(known),
    ]);
  }
}

function waitReasons(view: TargetsView | null): Record<string, string | null> {
  return Object.fromEntries([...(view?.targets ?? [])].map(([name, target]) => [name, waitReasonOf(target)]));
}

function waitReasonOf(target: TargetFields | undefined): string | null {
  return target?.state?.__typename === 'TargetStateWaiting' ? target.state.waitReason : null;
}

/** Iterates over a watch and checks each view against the previous one. */
function follow<V extends TargetsView | SessionsView>(
  views: AsyncIterable<V>,
  check: (before: V | null, view: V) => void,
) {
  const iterator = views[Symbol.asyncIterator]();
  let last: V | null = null;
  let disconnects = 0;
  let resets = 0;
  let failure: unknown = null;
  const run = (async () => {
    for (let result = await iterator.next(); !result.done; result = await iterator.next()) {
      const view = result.value;
      check(last, view);
      if (view.link.state === 'lost' && last?.link.state !== 'lost') disconnects += 1;
      if (view.reset) resets += 1;
      last = view;
    }
  })().catch((error) => {
    failure = error;
  });
  return {
    get last() {
      return last;
    },
    get disconnects() {
      return disconnects;
    },
    get resets() {
      return resets;
    },
    async until(holds: (view: V) => boolean): Promise<void> {
      if (failure) throw failure;
      await expect.poll(() => last !== null && holds(last), { timeout: 20_000, interval: 5 }).toBe(true);
    },
    async end(): Promise<void> {
      await iterator.return?.();
      await run;
      if (failure) throw failure;
    },
  };
}
