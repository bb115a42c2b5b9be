import { describe, expect, it } from 'vitest';
import { createClient } from '../../src/client/client.js';
import { decodeSession } from '../../src/model/decode.js';
import { createMemoryProvider } from '../../src/providers/memory.js';
import type { Limits } from '../../src/server/limits.js';
import { openDisposableClient } from '../support/disposable-client.js';
import { startGateway, startMemoryGateway } from '../support/gateway.js';
import { readIterator } from '../support/iterator-reader.js';
import { createManualClock } from '../support/manual-clock.js';
import { withFacts } from '../support/resource-facts.js';
import { answerWith, startScriptedGateway } from '../support/scripted-gateway.js';
import { sessionJson } from '../support/session-json.js';
import { session, states } from '../support/sessions.js';
import { openTcpProxy } from '../support/tcp-proxy.js';

describe('watchTargets', () => {
  it('watchTargets yields the current state, then each update, folded (S1, S3)', async () => {
    await using gateway = await startMemoryGateway([session('a', { x: 'waiting' })]);
    await using client = openDisposableClient({ url: gateway.url });
    await using views = readIterator(client.watchTargets());

    const first = await views.next();
    expect(first).toMatchObject({
      reset: true,
      conflated: 0,
      link: { state: 'live', error: null, url: gateway.url },
    });
    expect(first.session?.id).toBe('a/Tiltfile');
    expect(phases(first)).toEqual({ 'tiltfile:update': 'SUCCEEDED', x: 'WAITING' });
    expect(first.changes.map(({ type }) => type)).toEqual(['ADDED', 'ADDED']);

    gateway.source.put(session('a', { b: 'running', x: 'ready' }));
    const second = await views.next();
    expect(second).toMatchObject({
      reset: false,
      changes: [{ type: 'ADDED' }, { type: 'MODIFIED', previousPhase: 'WAITING' }],
    });
    expect([...second.targets.keys()]).toEqual(['b', 'tiltfile:update', 'x']);
    expect(second.cursor).not.toBe(first.cursor);
    // Earlier views are immutable.
    expect(phases(first)).toEqual({ 'tiltfile:update': 'SUCCEEDED', x: 'WAITING' });

    gateway.source.put(session('a', { b: 'running' }));
    expect((await views.next()).targets.has('x')).toBe(false);
  });

  it('watchTargets with where yields the verdict and the counts of the Session when another target fails', async () => {
    await using gateway = await startMemoryGateway([session('a', { x: 'ready', y: 'ready' })]);
    await using client = openDisposableClient({ url: gateway.url });
    await using views = readIterator(client.watchTargets({ where: { name: 'x' } }));
    expect((await views.next()).session?.verdict.state).toBe('PASSED');
    gateway.source.put(session('a', { x: 'ready', y: 'failed' }));
    const view = await views.next();
    expect(view.session).toMatchObject({
      verdict: { state: 'FAILED', reason: 'y: exit status 1', failed: [{ name: 'y' }] },
      counts: { ready: 1, failed: 1 },
    });
    expect(view).toMatchObject({ changes: [], reset: false });
    expect(phases(view)).toEqual({ x: 'READY' });
  });

  it('watchTargets fetches the requested history, by default none', async () => {
    await using gateway = await startMemoryGateway([session('a', { x: 'waiting' })]);
    gateway.source.put(session('a', { x: 'ready' }));
    await using client = openDisposableClient({ url: gateway.url });
    await using without = readIterator(client.watchTargets());
    expect((await without.next()).targets.get('x')?.history).toEqual([]);
    await using views = readIterator(client.watchTargets({ history: 5 }));
    const history = (await views.next()).targets.get('x')?.history;
    expect(history?.map(({ phase }) => phase)).toEqual(['WAITING', 'READY']);
  });

  it('watchTargets with where yields matching targets only, and drops one that stops matching', async () => {
    await using gateway = await startMemoryGateway([session('a', { x: 'failed', y: 'ready' })]);
    await using client = openDisposableClient({ url: gateway.url });
    await using views = readIterator(client.watchTargets({ where: { phase: ['FAILED'] } }));
    expect(phases(await views.next())).toEqual({ x: 'FAILED' });
    gateway.source.put(session('a', { x: 'ready', y: 'failed' }));
    expect(phases(await views.next())).toEqual({ y: 'FAILED' });
  });

  it('watchTargets follows a Session that does not exist yet', async () => {
    await using gateway = await startMemoryGateway();
    await using client = openDisposableClient({ url: gateway.url });
    await using views = readIterator(client.watchTargets({ session: 'a/Tiltfile' }));
    expect(await views.next()).toMatchObject({ session: null, link: { state: 'live' } });
    gateway.source.put(session('a', { x: 'ready' }));
    expect(phases(await views.next())).toEqual({ 'tiltfile:update': 'SUCCEEDED', x: 'READY' });
  });

  it('watchTargets throws the error of the gateway when no id is given and two Sessions are known', async () => {
    await using gateway = await startMemoryGateway([session('a'), session('b')]);
    await using client = openDisposableClient({ url: gateway.url });
    await using views = readIterator(client.watchTargets());
    await expect(views.next()).rejects.toMatchObject({
      name: 'ClientError',
      code: 'GRAPHQL',
      message: '2 Sessions are known. Specify the id of one: a/Tiltfile, b/Tiltfile.',
      errors: [{ extensions: { code: 'BAD_USER_INPUT' } }],
    });
    await expect(views.next()).rejects.toThrow('The iterator has ended.');
    expect(gateway.gateway.readers).toBe(0);
  });

  it('breaking out of watchTargets ends the subscription at once, also while it is idle (S7)', async () => {
    await using gateway = await startMemoryGateway([session('a')]);
    await using client = openDisposableClient({ url: gateway.url });
    for await (const view of client.watchTargets()) {
      expect(view.link.state).toBe('live');
      break;
    }
    await expect.poll(() => gateway.gateway.readers).toBe(0);

    const views = readIterator(client.watchTargets());
    await views.next();
    const pending = views.next();
    await views.end();
    await expect(pending).rejects.toThrow('The iterator has ended.');
    await expect.poll(() => gateway.gateway.readers).toBe(0);
  });

  it('watchTargets ends when its signal aborts', async () => {
    await using gateway = await startMemoryGateway([session('a')]);
    await using client = openDisposableClient({ url: gateway.url });
    const aborting = new AbortController();
    const seen: unknown[] = [];
    for await (const view of client.watchTargets({ signal: aborting.signal })) {
      seen.push(view.reset);
      aborting.abort();
    }
    expect(seen).toEqual([true]);
    await expect.poll(() => gateway.gateway.readers).toBe(0);
    for await (const _ of client.watchTargets({ signal: aborting.signal })) expect.unreachable();
  });

  it('closing the client ends its watches, and later ones at once', async () => {
    await using gateway = await startMemoryGateway([session('a')]);
    const client = createClient({ url: gateway.url });
    const views = readIterator(client.watchTargets());
    await views.next();
    const pending = views.next();
    client.close();
    client.close();
    await expect(pending).rejects.toThrow('The iterator has ended.');
    await expect(readIterator(client.watchTargets()).next()).rejects.toThrow('The iterator has ended.');
    await expect.poll(() => gateway.gateway.readers).toBe(0);
  });

  it('a slow consumer of watchTargets holds at most 64 payloads and converges on the newest state (S5)', async () => {
    await using gateway = await startMemoryGateway([
      session('a', { gone: 'ready', x: 'waiting', y: 'waiting' }),
    ]);
    await using client = openDisposableClient({ url: gateway.url });
    await using views = readIterator(client.watchTargets());
    await using other = readIterator(client.watchTargets());
    await views.next();
    let newest: string | null = null;
    for (let n = 1; n <= 200; n += 1) {
      gateway.source.put(
        session('a', { x: n % 2 ? 'running' : 'ready', y: 'waiting', ...(n > 100 && { z: 'ready' }) }),
      );
      // The gateway may conflate updates of one tick: wait, so that each is a payload of its own.
      newest = (await other.until(({ targets }) => targets.get('x')?.phase === (n % 2 ? 'RUNNING' : 'READY')))
        .cursor;
    }
    const { conflated, changes, reset, targets } = await views.next();
    expect(reset).toBe(false);
    expect(conflated).toBeGreaterThan(64);
    // One change per target, with its phase in the last view.
    expect(
      changes.map(({ type, target, previousPhase }) => [type, target.name, previousPhase]),
    ).toContainEqual(['DELETED', 'gone', 'READY']);
    expect(new Set(changes.map(({ target }) => target.name)).size).toBe(changes.length);
    expect(targets.has('gone')).toBe(false);
    let taken = 1;
    await views.until((view) => {
      taken += 1;
      return view.cursor === newest;
    });
    expect(taken).toBeLessThanOrEqual(65);
  });

  it('payloads unread at a disconnect are merged with the first one after it (S5)', async () => {
    await using gateway = await startMemoryGateway([session('a', { x: 'waiting' })]);
    await using proxy = await openTcpProxy(Number(new URL(gateway.url).port));
    await using client = openDisposableClient({ url: `http://127.0.0.1:${proxy.port}/graphql` });
    await using views = readIterator(client.watchTargets());
    await using other = readIterator(client.watchTargets());
    await views.next();
    gateway.source.put(session('a', { x: 'running' }));
    await other.until(({ targets }) => targets.get('x')?.phase === 'RUNNING');
    gateway.source.put(session('a', { x: 'ready' }));
    await other.until(({ targets }) => targets.get('x')?.phase === 'READY');
    proxy.cut();
    await other.until(({ link }) => link.state === 'lost');
    gateway.source.put(session('a', { x: 'failed' }));
    proxy.restore();
    await other.until(({ targets }) => targets.get('x')?.phase === 'FAILED');
    expect(await views.next()).toMatchObject({
      link: { state: 'live' },
      session: { verdict: { state: 'FAILED' } },
      changes: [{ type: 'MODIFIED', previousPhase: 'WAITING', target: { name: 'x', phase: 'FAILED' } }],
      conflated: 3,
      reset: false,
    });
  });
});

describe('watchTargets with phaseChangesOnly', () => {
  const flip = (waitReason: string) =>
    decodeSession(
      sessionJson({
        uid: 'run-1',
        targets: ['a', 'b'].map((name) => ({ name, type: 'server', state: { waiting: { waitReason } } })),
      }),
      'a',
    );

  it('watchTargets with phaseChangesOnly yields phase changes only, also when payloads are merged', async () => {
    await using gateway = await startMemoryGateway([flip('unknown')]);
    await using client = openDisposableClient({ url: gateway.url });
    await using phases = readIterator(client.watchTargets({ phaseChangesOnly: true }));
    await using all = readIterator(client.watchTargets());
    await phases.next();
    for (let round = 0; round < 100; round += 1) {
      gateway.source.put(flip(`waiting-for-local ${round}`));
      gateway.source.put(session('a', { a: 'running' }));
      gateway.source.put(flip('unknown'));
    }
    gateway.source.put(session('a', { a: 'ready' }));
    await all.until(({ targets }) => targets.get('a')?.phase === 'READY');
    const view = await phases.until(({ targets, changes }) => {
      for (const { type, target, previousPhase } of changes)
        expect(type === 'MODIFIED' && target.phase === previousPhase).toBe(false);
      return targets.get('a')?.phase === 'READY';
    });
    expect([...view.targets.keys()]).toEqual(['a', 'tiltfile:update']);
  });
});

/** A state above the limits of {@link startLimitedGateway}. */
const LARGE = session(
  'a',
  Object.fromEntries(Array.from({ length: 400 }, (_, n) => [`t${n}`, 'failed' as const])),
);

/** Starts a gateway with a state of two targets. */
async function startLimitedGateway(limits: Partial<Limits>) {
  const source = createMemoryProvider('memory', [session('a', { x: 'ready' })]);
  const gateway = await startGateway({ providers: [source.provider], limits });
  await gateway.gateway.ready();
  return { ...gateway, source };
}

describe('a state above a limit of the gateway', () => {
  it.each<[Partial<Limits>, RegExp]>([
    [{ complexity: 2_000 }, /graphql: .*complexity: expected at most 2000, got \d+/],
    [{ responseBytes: 20_000 }, /graphql: .*20000/],
  ])(
    'a watch is lost with the reason while the state is above %o, and then continues',
    async (limits, reason) => {
      await using gateway = await startLimitedGateway(limits);
      await using client = openDisposableClient({ url: gateway.url });
      await using views = readIterator(client.watchTargets());
      expect((await views.next()).session?.verdict.state).toBe('PASSED');
      gateway.source.put(LARGE);
      const lost = await views.next();
      expect(lost.link).toMatchObject({
        state: 'lost',
        error: expect.stringMatching(reason),
        url: gateway.url,
      });
      expect(phases(lost)).toEqual({ 'tiltfile:update': 'SUCCEEDED', x: 'READY' });
      gateway.source.put(session('a', { y: 'failed' }));
      const back = await views.next();
      expect(back).toMatchObject({ link: { state: 'live', error: null }, reset: true });
      expect(phases(back)).toEqual({ 'tiltfile:update': 'SUCCEEDED', y: 'FAILED' });
    },
  );

  it('the other watches of the connection continue while the state of one is above a limit', async () => {
    await using gateway = await startLimitedGateway({ complexity: 2_000 });
    await using client = openDisposableClient({ url: gateway.url });
    await using views = readIterator(client.watchTargets());
    await using sessions = readIterator(client.watchSessions());
    await Promise.all([views.next(), sessions.next()]);
    gateway.source.put(LARGE);
    expect((await views.next()).link.state).toBe('lost');
    expect(await sessions.next()).toMatchObject({ link: { state: 'live' }, changes: [{ type: 'MODIFIED' }] });
  });

  it('a watch whose first state is above a limit ends with that error', async () => {
    await using gateway = await startLimitedGateway({ complexity: 2_000 });
    gateway.source.put(LARGE);
    await using client = openDisposableClient({ url: gateway.url });
    await using views = readIterator(client.watchTargets());
    await expect(views.next()).rejects.toMatchObject({
      code: 'GRAPHQL',
      errors: [{ extensions: { code: 'QUERY_TOO_COMPLEX' } }],
    });
  });

  it('a resumed watch above a limit does not become live after 3.5 s', async () => {
    const clock = createManualClock();
    const payloads: object[] = [{ data: { targetChanges: EMPTY } }, { errors: [TOO_COMPLEX] }];
    await using gateway = await startScriptedGateway({
      onMessage: (message, socket) =>
        answerWith(...(message.type === 'subscribe' ? [{ type: 'next', payload: payloads.shift() }] : []))(
          message,
          socket,
        ),
    });
    await using client = openDisposableClient({ url: gateway.url }, { clock, random: () => 1 });
    await using views = readIterator(client.watchTargets());
    await views.next();
    for (const socket of gateway.sockets) socket.close(1001);
    await views.until(({ link }) => link.state === 'lost');
    await clock.advance(250);
    const { link } = await views.until(({ link: { error } }) => error?.includes('complexity') === true);
    expect(link.state).toBe('lost');
    // No timer could make it live.
    expect(clock.pending).toBe(0);
  });
});

const EMPTY = { cursor: 'e-1', reset: true, conflated: 0, session: null, changes: [] };
const TOO_COMPLEX = { message: 'complexity', extensions: { code: 'QUERY_TOO_COMPLEX' } };

describe('targets with the same name', () => {
  it('targets with the same name have the keys of their ids and the order of Tilt', async () => {
    const targets = ['waiting', 'ready', 'succeeded'].flatMap((state, index) => [
      { name: 'b', type: 'server', resources: [String(index)], state: Object(states)[state] },
    ]);
    const put = (list: readonly unknown[]) =>
      decodeSession(sessionJson({ uid: 'run-1', targets: list }), 'a');
    const [first, ...others] = targets;
    await using gateway = await startMemoryGateway([put([first])]);
    await using client = openDisposableClient({ url: gateway.url });
    await using views = readIterator(client.watchTargets());
    await views.next();
    gateway.source.put(put([{ ...first, name: 'a' }, first, ...others, { ...first, name: 'b!' }]));
    const grown = await views.until((view) => view.targets.size === 5);
    expect([...grown.targets].map(([key, { name, resources }]) => [key, name, ...resources])).toEqual([
      ['a', 'a', '0'],
      ['b', 'b', '0'],
      ['b#2', 'b', '1'],
      ['b#3', 'b', '2'],
      ['b!', 'b!', '0'],
    ]);
    gateway.source.put(put([first]));
    const shrunk = await views.until((view) => view.targets.size === 1);
    expect(shrunk.changes.map(({ type, target }) => `${type} ${target.id}`)).toEqual([
      'DELETED a/Tiltfile#a',
      'DELETED a/Tiltfile#b#2',
      'DELETED a/Tiltfile#b#3',
      'DELETED a/Tiltfile#b!',
    ]);
  });
});

describe('unread payloads at a disconnect', () => {
  it('payloads unread at a disconnect yield one view when the link recovers without changes (S5)', async () => {
    const clock = createManualClock();
    await using gateway = await startMemoryGateway([session('a', { x: 'waiting' })]);
    await using proxy = await openTcpProxy(Number(new URL(gateway.url).port));
    const url = `http://127.0.0.1:${proxy.port}/graphql`;
    await using client = openDisposableClient({ url }, { clock, random: () => 1 });
    await using views = readIterator(client.watchTargets());
    await using other = readIterator(client.watchTargets());
    await views.next();
    for (const phase of ['running', 'ready'] as const) {
      gateway.source.put(session('a', { x: phase }));
      await other.until(({ targets }) => targets.get('x')?.phase === phase.toUpperCase());
    }
    proxy.cut();
    await other.until(({ link }) => link.state === 'lost');
    proxy.restore();
    await clock.advance(250);
    // Connected: both watches have their timer for the silence of the gateway.
    await expect.poll(() => clock.pending).toBe(2);
    await clock.advance(3_500);
    // The gateway answers the pings of both watches in order.
    await other.until(({ link }) => link.state === 'live');
    expect(await views.next()).toMatchObject({
      link: { state: 'live' },
      changes: [{ type: 'MODIFIED', previousPhase: 'WAITING', target: { phase: 'READY' } }],
      conflated: 2,
    });
  });
});

describe('watchSessions', () => {
  it('watchSessions folds the set of Sessions (S3)', async () => {
    await using gateway = await startMemoryGateway([session('b')]);
    await using client = openDisposableClient({ url: gateway.url });
    await using views = readIterator(client.watchSessions());
    expect([...(await views.next()).sessions.keys()]).toEqual(['b/Tiltfile']);
    gateway.source.put(session('a', { x: 'failed' }));
    const second = await views.next();
    expect([...second.sessions].map(([id, { verdict }]) => [id, verdict.state])).toEqual([
      ['a/Tiltfile', 'FAILED'],
      ['b/Tiltfile', 'PENDING'],
    ]);
    expect(second.changes).toMatchObject([
      { type: 'ADDED', session: { id: 'a/Tiltfile' }, previousVerdict: null },
    ]);
  });

  it('watchSessions with where yields matching Sessions only', async () => {
    await using gateway = await startMemoryGateway([session('a', { x: 'ready' }), session('b')]);
    await using client = openDisposableClient({ url: gateway.url });
    await using views = readIterator(client.watchSessions({ where: { verdict: ['PASSED'] } }));
    expect([...(await views.next()).sessions.keys()]).toEqual(['a/Tiltfile']);
    gateway.source.put(session('a', { x: 'failed' }));
    expect([...(await views.next()).sessions.keys()]).toEqual([]);
  });
});

describe('watchSession', () => {
  it('watchSession yields null until the Session exists, then its newest state', async () => {
    await using gateway = await startMemoryGateway();
    await using client = openDisposableClient({ url: gateway.url });
    await using views = readIterator(client.watchSession('a/Tiltfile'));
    expect(await views.next()).toMatchObject({ session: null, link: { state: 'live' } });
    gateway.source.put(session('a', { x: 'ready' }));
    expect((await views.next()).session?.verdict.state).toBe('PASSED');
  });
});

describe('watchResources', () => {
  it('watchResources yields null until the Session exists, then its resources with their facts', async () => {
    await using gateway = await startMemoryGateway();
    await using client = openDisposableClient({ url: gateway.url });
    await using views = readIterator(client.watchResources({ session: 'a/Tiltfile' }));
    expect(await views.next()).toMatchObject({ resources: null, link: { state: 'live' } });
    gateway.source.put(withFacts(session('a', { 'api:serve': 'ready' })));
    expect((await views.next()).resources).toMatchObject([
      { name: 'api', labels: ['backend'], kind: 'LOCAL', waitingOn: [] },
      { name: 'tiltfile', labels: null, kind: null, waitingOn: null },
    ]);
  });

  it('watchResources yields nothing when only states of targets changed (S6)', async () => {
    await using gateway = await startMemoryGateway([withFacts(session('a', { 'api:serve': 'running' }))]);
    await using client = openDisposableClient({ url: gateway.url });
    await using views = readIterator(client.watchResources());
    expect((await views.next()).resources).toMatchObject([{ labels: ['backend'] }, { labels: null }]);
    gateway.source.put(withFacts(session('a', { 'api:serve': 'ready' })));
    gateway.source.put(withFacts(session('a', { 'api:serve': 'ready' }), { labels: ['core'] }));
    expect((await views.next()).resources).toMatchObject([{ labels: ['core'] }, { labels: null }]);
  });
});

describe('the link of a view', () => {
  it('the link is lost with the error while no gateway is reachable', async () => {
    await using gateway = await startGateway();
    const { url } = gateway;
    await gateway.gateway.close();
    await using client = openDisposableClient({ url });
    await using views = readIterator(client.watchSessions());
    const { link, sessions } = await views.next();
    expect(sessions.size).toBe(0);
    expect(link).toMatchObject({ state: 'lost', url });
    expect(link.error).toMatch(/^http:\S+ cannot be reached: connect ECONNREFUSED \S+$/);
  });
});

describe('the link of a view with several gateways', () => {
  it('the link is down when all gateways have failed, and not while another one is tried', async () => {
    const gone = [await startGateway(), await startGateway()];
    for (const { gateway } of gone) await gateway.close();
    await using client = openDisposableClient({ urls: gone.map(({ url }) => url) });
    await using views = readIterator(client.watchSessions());
    expect((await views.next()).link).toMatchObject({ state: 'lost', isDown: false });
    expect((await views.next()).link).toMatchObject({ state: 'lost', isDown: true });
  });

  it('the link is not down when the gateway in use is lost', async () => {
    await using first = await startMemoryGateway([session('a')]);
    await using second = await startMemoryGateway([session('b')]);
    await using client = openDisposableClient({ urls: [first.url, second.url] });
    await using views = readIterator(client.watchSessions());
    expect((await views.next()).link).toMatchObject({ state: 'live', isDown: false });
    await first.gateway.close();
    expect((await views.next()).link).toMatchObject({ state: 'lost', isDown: false });
    const { link, sessions } = await views.next();
    expect([link.state, link.isDown, ...sessions.keys()]).toEqual(['live', false, 'b/Tiltfile']);
  });
});

function phases({ targets }: { readonly targets: ReadonlyMap<string, { readonly phase: string }> }) {
  return Object.fromEntries([...targets].map(([name, { phase }]) => [name, phase]));
}
