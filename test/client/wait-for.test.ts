import { once } from 'node:events';
import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { Condition, TargetsView, WaitOptions, WaitOutcome } from '../../src/client/client.js';
import { type WaitSources, waitFor } from '../../src/client/wait-for.js';
import { createDeltaCounts } from '../../src/lib/metrics.js';
import type { Session } from '../../src/model/session.js';
import type { LogChange, LogProvider } from '../../src/nats/log-change.js';
import { createMemoryProvider } from '../../src/providers/memory.js';
import type { SessionProvider } from '../../src/providers/provider.js';
import { type DisposableClient, openDisposableClient } from '../support/disposable-client.js';
import { startGateway, startMemoryGateway } from '../support/gateway.js';
import { createManualClock } from '../support/manual-clock.js';
import { startRawServer } from '../support/raw-server.js';
import type { SessionJsonOptions } from '../support/session-json.js';
import { asCi, asDemo, session, type TargetStates } from '../support/sessions.js';
import { createSteppedClock } from '../support/stepped-clock.js';
import { createTargetsView, sessionFields } from '../support/target-fields.js';
import { openTcpProxy } from '../support/tcp-proxy.js';

/** Creates a Session of `tilt ci`. */
function ci(targets: TargetStates, options: Omit<SessionJsonOptions, 'targets'> = {}): Session {
  return asCi(session('a', targets, options));
}

const DONE = { status: { done: true } };
const BROKEN = { status: { done: true, error: 'x: exit status 1' } };
const serve = (phase: 'RUNNING' | 'READY'): Condition => ({ target: 'api:serve', phase });

describe('waitFor', () => {
  const outcomes: [string, Condition, Session, WaitOutcome['result'], string][] = [
    [
      'ready of a passing `tilt up`',
      'ready',
      session('a', { x: 'ready' }),
      'reached',
      'a/Tiltfile passed: 1 ready, 1 succeeded',
    ],
    [
      'ready of a passing `tilt ci`',
      'ready',
      ci({ x: 'ready' }),
      'reached',
      'a/Tiltfile passed: 1 ready, 1 succeeded',
    ],
    [
      'ready with a failed target',
      'ready',
      session('a', { x: 'failed', y: 'waiting' }),
      'failed',
      'a/Tiltfile failed: x: failed after 2.3 s: exit status 1',
    ],
    [
      'done of a `tilt ci` that passed',
      'done',
      ci({ x: 'succeeded' }, DONE),
      'reached',
      'a/Tiltfile passed: 2 succeeded',
    ],
    [
      'done of a `tilt ci` that failed',
      'done',
      ci({ x: 'failed' }, BROKEN),
      'failed',
      'a/Tiltfile failed: x: failed after 2.3 s: exit status 1',
    ],
    [
      'the current phase of a target',
      serve('READY'),
      session('a', { 'api:serve': 'ready' }),
      'reached',
      'api:serve is READY',
    ],
    [
      'a phase that `tilt ci` can no longer reach',
      serve('READY'),
      ci({ 'api:serve': 'failed' }),
      'failed',
      'api:serve is FAILED, not READY: exit status 1',
    ],
    [
      'a phase that was not reached before done',
      serve('RUNNING'),
      ci({ 'api:serve': 'ready' }, DONE),
      'failed',
      'api:serve is READY, not RUNNING',
    ],
    [
      'a target that did not exist at done',
      serve('RUNNING'),
      ci({}, DONE),
      'failed',
      'target api:serve not found; known: tiltfile:update',
    ],
    [
      'done of `tilt up`, which is never done,',
      'done',
      session('a', { x: 'ready' }),
      'impossible',
      'a/Tiltfile runs `tilt up`, which is never done; wait for ready instead',
    ],
    [
      'the phase FAILED',
      { target: 'x', phase: 'FAILED' },
      session('a', { x: 'failed' }),
      'reached',
      'x is FAILED',
    ],
  ];

  it.each(outcomes)('waitFor settles for %s', async (_, condition, state, result, reason) => {
    await using gateway = await startMemoryGateway([state]);
    await using client = openDisposableClient({ url: gateway.url });
    const outcome = await client.waitFor({ for: condition });
    expect({ result: outcome.result, reason: outcome.reason }).toEqual({ result, reason });
    expect(outcome.view?.session?.id).toBe('a/Tiltfile');
    await expect.poll(() => gateway.gateway.readers).toBe(0);
  });

  it.each([
    [
      'ready while a target waits',
      'ready',
      session('a', { x: 'waiting' }),
      /^timed out after 5 s: x: waiting: on-dep \(since 20\S+Z\)$/,
    ],
    [
      'done while a target of `tilt ci` failed',
      'done',
      ci({ x: 'failed' }),
      /^timed out after 5 s: x: failed after 2.3 s: exit status 1 \(since /,
    ],
    [
      'a phase of a target that failed in `tilt up`',
      serve('READY'),
      session('a', { 'api:serve': 'failed' }),
      /^timed out after 5 s: api:serve is FAILED, not READY: exit status 1$/,
    ],
    [
      'RUNNING while the target is READY',
      serve('RUNNING'),
      session('a', { 'api:serve': 'ready' }),
      /api:serve is READY, not RUNNING$/,
    ],
    ['ready while only the Tiltfile is known', 'ready', session('a'), /no target except the Tiltfile yet$/],
  ] satisfies [string, Condition, Session, RegExp][])(
    'waitFor waits until the timeout for %s',
    async (_, condition, state, reason) => {
      const clock = createManualClock();
      await using gateway = await startMemoryGateway([state]);
      await using client = openDisposableClient({ url: gateway.url }, { clock, random: () => 1 });
      const wait = begin(client, { for: condition, timeoutMs: 5_000 });
      // The first view has the Session alone: without targets, the outcome would be `unknown`.
      await wait.seen(({ targets }) => targets.size > 0);
      await clock.advance(4_999);
      expect(wait.outcome).toBeNull();
      await clock.advance(1);
      const outcome = await wait.ended;
      expect(outcome.result).toBe('timeout');
      expect(outcome.reason).toMatch(reason);
    },
  );

  it('waitFor reports each view and resolves when the condition holds', async () => {
    await using gateway = await startMemoryGateway([session('a', { x: 'waiting' })]);
    await using client = openDisposableClient({ url: gateway.url });
    const wait = begin(client, { for: 'ready' });
    await wait.seen(({ session }) => session !== null);
    gateway.source.put(session('a', { x: 'running' }));
    await wait.seen(({ targets }) => targets.get('x')?.phase === 'RUNNING');
    expect(wait.outcome).toBeNull();
    gateway.source.put(session('a', { x: 'ready' }));
    expect((await wait.ended).result).toBe('reached');
  });

  it('waitFor is unknown after 10 s of STALE data', async () => {
    const clock = createManualClock();
    await using gateway = await startMemoryGateway([session('a', { x: 'ready' })]);
    gateway.source.markStale('the cable is out');
    await using client = openDisposableClient({ url: gateway.url }, { clock, random: () => 1 });
    const wait = begin(client, { for: 'ready' });
    await wait.seen(({ session }) => session !== null);
    await clock.advance(9_999);
    expect(wait.outcome).toBeNull();
    await clock.advance(1);
    expect(await wait.ended).toMatchObject({
      result: 'unknown',
      reason: expect.stringMatching(
        /^no news for 10 s: a\/Tiltfile: the gateway lost the connection to its Tilt: the cable is out \(since 2026-11-22T12:00:00.000Z\)$/,
      ),
    });
  });

  it('waitFor is unknown with the reason after 10 s of a state above a limit of the gateway', async () => {
    const clock = createManualClock();
    const source = createMemoryProvider('memory', [session('a', { x: 'waiting' })]);
    await using gateway = await startGateway({ providers: [source.provider], limits: { complexity: 2_000 } });
    await gateway.gateway.ready();
    await using client = openDisposableClient({ url: gateway.url }, { clock, random: () => 1 });
    const wait = begin(client, { session: 'a/Tiltfile', for: 'ready' });
    await wait.seen(({ session }) => session !== null);
    source.put(session('a', Object.fromEntries(Array.from({ length: 400 }, (_, n) => [`t${n}`, 'ready']))));
    await wait.seen(({ link }) => link.state === 'lost');
    await clock.advance(9_999);
    expect(wait.outcome).toBeNull();
    await clock.advance(1);
    expect(await wait.ended).toMatchObject({
      result: 'unknown',
      reason: expect.stringMatching(/^no news for 10 s: .*complexity: expected at most 2000, got \d+/),
    });
  });

  it('waitFor continues when the connection to Tilt recovers in time', async () => {
    const clock = createManualClock();
    await using gateway = await startMemoryGateway([session('a', { x: 'ready' })]);
    gateway.source.markStale('the cable is out');
    await using client = openDisposableClient({ url: gateway.url }, { clock, random: () => 1 });
    const wait = begin(client, { for: 'ready' });
    await wait.seen(({ session }) => session !== null);
    await clock.advance(9_999);
    gateway.source.put(session('a', { x: 'ready' }));
    expect((await wait.ended).result).toBe('reached');
  });

  it('waitFor accepts a GONE Session only if its verdict is final', async () => {
    const clock = createManualClock();
    const source = createMemoryProvider('memory', [
      ci({ x: 'succeeded' }, DONE),
      session('b', { x: 'ready' }),
    ]);
    await using gateway = await startGateway({ providers: [source.provider] });
    await gateway.gateway.ready();
    source.replaceAll([]);
    await using client = openDisposableClient({ url: gateway.url }, { clock, random: () => 1 });
    const ended = begin(client, { session: 'a/Tiltfile', for: 'done' });
    const wait = begin(client, { session: 'b/Tiltfile', for: 'ready' });
    await ended.seen(({ session }) => session?.connection.state === 'GONE');
    await wait.seen(({ session }) => session?.connection.state === 'GONE');
    await clock.advance(9_999);
    expect([ended.outcome, wait.outcome]).toEqual([null, null]);
    await clock.advance(1);
    expect((await ended.ended).result).toBe('reached');
    const { result, reason } = await wait.ended;
    expect(result).toBe('unknown');
    expect(reason).toContain('b/Tiltfile: Tilt exited before it was done');
  });

  it.each([
    ['a/Tiltfile', 'Session a/Tiltfile not found'],
    [undefined, 'no Session is known'],
  ])('waitFor waits maxAgeMs for a Session to appear: %s', async (id, reason) => {
    const clock = createManualClock();
    await using gateway = await startMemoryGateway();
    await using client = openDisposableClient({ url: gateway.url }, { clock, random: () => 1 });
    const which = id === undefined ? {} : { session: id };
    const wait = begin(client, { ...which, for: 'ready', maxAgeMs: 2_000 });
    const other = begin(client, { ...which, for: 'ready' });
    await wait.seen(({ link }) => link.state === 'live');
    await other.seen(({ link }) => link.state === 'live');
    await clock.advance(2_000);
    expect(await wait.ended).toMatchObject({ result: 'unknown', reason: expect.stringContaining(reason) });
    gateway.source.put(session('a', { x: 'ready' }));
    expect((await other.ended).result).toBe('reached');
  });

  it('waitFor is unknown when no gateway is reachable', async () => {
    const clock = createManualClock();
    const gone = await startGateway();
    await gone.gateway.close();
    await using client = openDisposableClient({ url: gone.url }, { clock, random: () => 1 });
    const wait = begin(client, { for: 'ready', maxAgeMs: 1_000 });
    await wait.seen(({ link }) => link.state === 'lost');
    await clock.advance(1_000);
    const { result, reason, view } = await wait.ended;
    expect(result).toBe('unknown');
    expect(reason).toMatch(/^no news for 1 s: http\S+ cannot be reached: connect ECONNREFUSED/);
    expect(view?.session).toBeNull();
    await expect.poll(() => clock.pending).toBe(0);
  });

  it('waitFor uses the next gateway in time if the first one accepts connections and never answers', async () => {
    const clock = createManualClock();
    await using silent = await startSilentGateway();
    await using gateway = await startMemoryGateway([session('a', { x: 'ready' })]);
    await using client = openDisposableClient(
      { urls: [silent.url, gateway.url] },
      { clock, random: () => 1 },
    );
    const wait = begin(client, { for: 'ready' });
    await expect.poll(() => silent.connections).toHaveLength(1);
    await clock.advance(10_000 - 1);
    expect(await wait.ended).toMatchObject({ result: 'reached', run: { session: 'a/Tiltfile' } });
  });

  it('waitFor is unknown when the gateway stays lost after a first view', async () => {
    const clock = createManualClock();
    await using gateway = await startMemoryGateway([session('a', { x: 'waiting' })]);
    await using proxy = await openTcpProxy(Number(new URL(gateway.url).port));
    await using client = openDisposableClient(
      { url: `http://127.0.0.1:${proxy.port}/graphql` },
      { clock, random: () => 1 },
    );
    const wait = begin(client, { for: 'ready' });
    await wait.seen(({ link }) => link.state === 'live');
    proxy.cut();
    await wait.seen(({ link }) => link.state === 'lost');
    gateway.source.put(session('a', { x: 'ready' }));
    await clock.advance(10_000);
    expect((await wait.ended).result).toBe('unknown');
  });

  it('waitFor rejects with the reason of its signal, and with CLOSED when the client is closed', async () => {
    await using gateway = await startMemoryGateway([session('a', { x: 'waiting' })]);
    await using client = openDisposableClient({ url: gateway.url });
    const aborting = new AbortController();
    const wait = begin(client, { for: 'ready', signal: aborting.signal });
    await wait.seen(({ session }) => session !== null);
    aborting.abort(new Error('enough'));
    await expect(wait.ended).rejects.toThrow('enough');
    await expect(client.waitFor({ for: 'ready', signal: aborting.signal })).rejects.toThrow('enough');
    await expect.poll(() => gateway.gateway.readers).toBe(0);
    const other = begin(client, { for: 'ready' });
    await other.seen(({ session }) => session !== null);
    client.close();
    await expect(other.ended).rejects.toMatchObject({ code: 'CLOSED' });
  });
});

describe('waitFor after a reconnect', () => {
  it('waitFor decides on the current state, not on states that it missed while it was disconnected', async () => {
    await using gateway = await startMemoryGateway([session('a', { x: 'running' })]);
    await using proxy = await openTcpProxy(Number(new URL(gateway.url).port));
    await using client = openDisposableClient({ url: `http://127.0.0.1:${proxy.port}/graphql` });
    const wait = begin(client, { session: 'a/Tiltfile', for: 'ready' });
    await wait.seen(({ targets }) => targets.size > 0);
    proxy.cut();
    await wait.seen(({ link }) => link.state === 'lost');
    gateway.source.put(session('a', { x: 'ready' }));
    gateway.source.put(session('a', { x: 'failed' }));
    proxy.restore();
    expect(await wait.ended).toMatchObject({
      result: 'failed',
      reason: 'a/Tiltfile failed: x: failed after 2.3 s: exit status 1',
    });
  });

  it('waitFor selects among the current runs, not among runs that it missed while it was disconnected', async () => {
    await using gateway = await startMemoryGateway();
    await using proxy = await openTcpProxy(Number(new URL(gateway.url).port));
    await using client = openDisposableClient({ url: `http://127.0.0.1:${proxy.port}/graphql` });
    const wait = begin(client, { for: 'done' });
    await wait.seen(({ link }) => link.state === 'live');
    proxy.cut();
    await wait.seen(({ link }) => link.state === 'lost');
    gateway.source.put(ci({ x: 'running' }, { uid: 'one' }));
    gateway.source.put(ci({ x: 'succeeded' }, { ...DONE, uid: 'two' }));
    proxy.restore();
    expect(await wait.ended).toMatchObject({ result: 'reached', run: { uid: 'two' } });
  });

  it('waitFor does not decide on a state older than it has seen, when it moves to a gateway that lags behind', async () => {
    const [first, second] = [createLog(), createLog()];
    const early = await startGateway({ providers: [first.provider] });
    await using late = await startGateway({ providers: [second.provider] });
    await Promise.all([early, late].map(({ gateway }) => gateway.ready()));
    first.push(2, { x: 'failed' });
    await using client = openDisposableClient({ urls: [early.url, late.url] });
    const wait = begin(client, { session: 'a/Tiltfile', for: { target: 'x', phase: 'READY' } });
    await wait.seen(({ targets }) => targets.get('x')?.phase === 'FAILED');
    await early[Symbol.asyncDispose]();
    await wait.seen(({ link }) => link.error?.includes('has not received the revision') === true);
    second.push(2, { x: 'failed' });
    await wait.seen(({ link }) => link.state === 'live');
    second.push(3, { x: 'ready' });
    expect(await wait.ended).toMatchObject({ result: 'reached' });
  });
});

describe('waitFor when its connection is lost without being closed', () => {
  const before = ci({ x: 'succeeded' }, { ...DONE, uid: 'one' });
  const after = ci({ x: 'failed' }, { ...BROKEN, uid: 'two' });

  it.each([{ session: 'a/Tiltfile' }, {}])(
    'waitFor does not accept the run that it has seen, while the next one has started: %j',
    async (which) => {
      const clock = createManualClock();
      const source = createMemoryProvider('memory', [before]);
      await using gateway = await startGateway({ providers: [source.provider] });
      await gateway.gateway.ready();
      source.replaceAll([]);
      await using proxy = await openTcpProxy(Number(new URL(gateway.url).port));
      const url = `http://127.0.0.1:${proxy.port}/graphql`;
      await using client = openDisposableClient({ url }, { clock, random: () => 1 });
      const wait = begin(client, { ...which, for: 'done' });
      await wait.seen(({ link }) => link.state === 'live');
      proxy.dropResponses();
      source.put(after);
      await clock.advance(10_000);
      expect(wait.outcome).toBeNull();
      await clock.advance(5_000);
      expect(await wait.ended).toMatchObject({
        result: 'unknown',
        reason: expect.stringMatching(/^no news for 10 s: a\/Tiltfile/),
        run: null,
      });
    },
  );
});

/** A log that several gateways read. It begins with a ready target. */
function createLog() {
  const change = (number: number, targets: TargetStates): LogChange => ({
    type: 'upsert',
    session: session('a', targets),
    at: { log: 'log', number },
  });
  let push = (_: LogChange) => {};
  const provider: LogProvider = {
    name: 'log',
    sharesLog: true,
    counts: createDeltaCounts(),
    watch(pushChange, signal) {
      push = pushChange;
      push({ type: 'snapshot', sessions: [], at: { log: 'log', number: 0 } });
      push(change(1, { x: 'ready' }));
      return new Promise((resolve) => signal.addEventListener('abort', () => resolve()));
    },
  };
  return { provider, push: (number: number, targets: TargetStates) => push(change(number, targets)) };
}

describe('waitFor with a limit of 0', () => {
  const passed = session('a', { x: 'ready' });
  const waiting = session('a', { x: 'waiting' });
  const stale =
    /^no news for 0 s: a\/Tiltfile: the gateway lost the connection to its Tilt: the cable is out/;

  it.each<[string, Pick<WaitOptions, 'timeoutMs' | 'maxAgeMs'>, Session[], WaitOutcome['result'], RegExp]>([
    [
      'a timeout of 0 and a condition that holds',
      { timeoutMs: 0 },
      [passed],
      'reached',
      /^a\/Tiltfile passed/,
    ],
    [
      'a timeout of 0 and a condition that does not hold',
      { timeoutMs: 0 },
      [waiting],
      'timeout',
      /^timed out after 0 s: x: waiting/,
    ],
    ['a timeout of 0 and no Session', { timeoutMs: 0 }, [], 'unknown', /^no run appeared within 0 s: /],
    ['a maximum age of 0 and current data', { maxAgeMs: 0 }, [passed], 'reached', /^a\/Tiltfile passed/],
    ['a maximum age of 0 and no Session', { maxAgeMs: 0 }, [], 'unknown', /^no run appeared within 0 s: /],
  ])('waitFor checks once for %s', async (_, limits, sessions, result, reason) => {
    await using gateway = await startMemoryGateway(sessions);
    for (const id of [undefined, 'a/Tiltfile']) {
      await using client = openDisposableClient({ url: gateway.url });
      const outcome = await client.waitFor({ session: id, for: 'ready', ...limits });
      expect(outcome).toMatchObject({ result, reason: expect.stringMatching(reason) });
    }
    await expect.poll(() => gateway.gateway.readers).toBe(0);
  });

  it.each([{ timeoutMs: 0 }, { maxAgeMs: 0 }])(
    'waitFor is unknown for data that is STALE: %j',
    async (limits) => {
      await using gateway = await startMemoryGateway([passed]);
      gateway.source.markStale('the cable is out');
      await using client = openDisposableClient({ url: gateway.url });
      const outcome = await client.waitFor({ for: 'ready', ...limits });
      expect(outcome).toMatchObject({ result: 'unknown', reason: expect.stringMatching(stale) });
    },
  );

  it('waitFor accepts a run that has just ended', async () => {
    const source = createMemoryProvider('memory', [ci({ x: 'succeeded' }, DONE)]);
    await using gateway = await startGateway({ providers: [source.provider] });
    await gateway.gateway.ready();
    source.replaceAll([]);
    await using client = openDisposableClient({ url: gateway.url });
    expect((await client.waitFor({ for: 'done', timeoutMs: 0 })).result).toBe('reached');
  });

  it('waitFor is unknown at once if the connection is refused, and after 3 s if nothing answers', async () => {
    const clock = createManualClock();
    const gone = await startGateway();
    await gone.gateway.close();
    await using refused = openDisposableClient({ url: gone.url }, { clock, random: () => 1 });
    expect(await refused.waitFor({ for: 'ready', timeoutMs: 0 })).toMatchObject({
      result: 'unknown',
      reason: expect.stringContaining('cannot be reached: connect ECONNREFUSED'),
    });
    await using silent = await startSilentGateway();
    await using client = openDisposableClient({ url: silent.url }, { clock, random: () => 1 });
    const wait = begin(client, { for: 'ready', timeoutMs: 0 });
    await expect.poll(() => silent.connections).toHaveLength(1);
    await clock.advance(2_999);
    expect(wait.outcome).toBeNull();
    await clock.advance(1);
    expect(await wait.ended).toMatchObject({
      result: 'unknown',
      reason: expect.stringMatching(/^no news for 3 s: no gateway has answered yet/),
    });
    await expect.poll(() => clock.pending).toBe(0);
  });

  it.each([{ timeoutMs: 0 }, { maxAgeMs: 0 }])(
    'waitFor uses the second gateway if the first one refuses the connection or is silent: %j',
    async (limits) => {
      const gone = await startGateway();
      await gone.gateway.close();
      await using silent = await startSilentGateway();
      await using gateway = await startMemoryGateway([passed]);
      for (const id of [undefined, 'a/Tiltfile']) {
        await using client = openDisposableClient({ urls: [gone.url, gateway.url] });
        const outcome = await client.waitFor({ session: id, for: 'ready', ...limits });
        expect(outcome).toMatchObject({ result: 'reached' });
      }
      const clock = createManualClock();
      await using client = openDisposableClient(
        { urls: [silent.url, gateway.url] },
        { clock, random: () => 1 },
      );
      const wait = begin(client, { for: 'ready', ...limits });
      await expect.poll(() => silent.connections).toHaveLength(1);
      await clock.advance(2_000);
      expect(await wait.ended).toMatchObject({ result: 'reached' });
    },
  );

  it('waitFor is unknown at once if all gateways refuse the connection, and names them', async () => {
    const gone = [await startGateway(), await startGateway()];
    for (const { gateway } of gone) await gateway.close();
    const clock = createManualClock();
    const urls = gone.map(({ url }) => url);
    await using client = openDisposableClient({ urls }, { clock, random: () => 1 });
    const wait = begin(client, { for: 'ready', timeoutMs: 0 });
    await wait.seen(({ link }) => link.state === 'lost');
    // The second one is tried without a wait.
    await clock.advance(0);
    const { result, reason } = await wait.ended;
    expect(result).toBe('unknown');
    for (const url of urls) expect(reason).toContain(`${url} cannot be reached`);
  });

  it('waitFor opens no connection if its signal is aborted already', async () => {
    await using silent = await startSilentGateway();
    await using client = openDisposableClient({ url: silent.url });
    const wait = client.waitFor({
      for: 'ready',
      timeoutMs: 0,
      signal: AbortSignal.abort(new Error('enough')),
    });
    await expect(wait).rejects.toThrow('enough');
    expect(silent.connections).toEqual([]);
  });
});

describe('waitFor when the wall clock jumps', () => {
  const HOUR_MS = 3_600_000;

  it.each([HOUR_MS, -HOUR_MS])('a jump of %i ms does not move the timeout', async (stepMs) => {
    const clock = createSteppedClock();
    await using gateway = await startMemoryGateway([session('a', { x: 'waiting' })]);
    await using client = openDisposableClient({ url: gateway.url }, { clock, random: () => 1 });
    const wait = begin(client, { for: 'ready', timeoutMs: 8_000 });
    await wait.seen(({ targets }) => targets.size > 0);
    await clock.advance(1_000);
    clock.step(stepMs);
    await clock.advance(6_999);
    expect(wait.outcome).toBeNull();
    await clock.advance(1);
    expect((await wait.ended).result).toBe('timeout');
  });

  it.each([HOUR_MS, -HOUR_MS])('a jump of %i ms does not change the age of data', async (stepMs) => {
    const clock = createSteppedClock();
    await using gateway = await startMemoryGateway([session('a', { x: 'ready' })]);
    gateway.source.markStale('the cable is out');
    await using client = openDisposableClient({ url: gateway.url }, { clock, random: () => 1 });
    const wait = begin(client, { for: 'ready' });
    await wait.seen(({ session }) => session !== null);
    clock.step(stepMs);
    await clock.advance(9_999);
    expect(wait.outcome).toBeNull();
    await clock.advance(1);
    expect((await wait.ended).result).toBe('unknown');
  });

  it('a run that ended just before counts when the clocks of client and gateway differ by an hour', async () => {
    const clock = createManualClock(Date.now() + HOUR_MS);
    const source = createMemoryProvider('memory', [ci({ x: 'succeeded' }, DONE)]);
    await using gateway = await startGateway({ providers: [source.provider] });
    await gateway.gateway.ready();
    source.replaceAll([]);
    await using client = openDisposableClient({ url: gateway.url }, { clock, random: () => 1 });
    const wait = begin(client, { session: 'a/Tiltfile', for: 'done' });
    await wait.seen(({ session }) => session?.connection.state === 'GONE');
    await clock.advance(10_000);
    expect((await wait.ended).result).toBe('reached');
  });
});

describe('waitFor when the clock of the gateway is set back', () => {
  it('a run whose end lies in the future does not count as one that ended just before', async () => {
    const [clock, gatewayClock] = [createManualClock(), createSteppedClock()];
    const source = createMemoryProvider('memory', [ci({ x: 'succeeded' }, DONE)]);
    await using gateway = await startGateway({ providers: [source.provider], clock: gatewayClock });
    await gateway.gateway.ready();
    source.replaceAll([]);
    await gatewayClock.advance(300_000);
    gatewayClock.step(-305_000);
    await using client = openDisposableClient({ url: gateway.url }, { clock, random: () => 1 });
    const wait = begin(client, { session: 'a/Tiltfile', for: 'done' });
    await wait.seen(({ session }) => session?.connection.state === 'GONE');
    await clock.advance(10_000);
    expect(await wait.ended).toMatchObject({
      result: 'unknown',
      reason: expect.stringContaining("in the future of the gateway's clock"),
    });
  });
});

describe('an unknown outcome of waitFor', () => {
  it('the outcome is unknown, not timeout, when the gateway was never reachable', async () => {
    const clock = createManualClock();
    const gone = await startGateway();
    await gone.gateway.close();
    await using client = openDisposableClient({ url: gone.url }, { clock, random: () => 1 });
    const wait = begin(client, { for: 'ready', timeoutMs: 2_000, maxAgeMs: 60_000 });
    await wait.seen(({ link }) => link.state === 'lost');
    await clock.advance(2_000);
    expect(await wait.ended).toMatchObject({
      result: 'unknown',
      reason: expect.stringMatching(/^no news for 2 s: /),
    });
  });

  it('the reason lists the known Sessions, those of running Tilts first', async () => {
    const clock = createManualClock();
    const source = createMemoryProvider('memory', [session('a'), session('b'), session('c')]);
    await using gateway = await startGateway({ providers: [source.provider] });
    await gateway.gateway.ready();
    source.remove('a/Tiltfile');
    await using client = openDisposableClient({ url: gateway.url }, { clock, random: () => 1 });
    const wait = begin(client, { session: 'nope/Tiltfile', for: 'ready' });
    await wait.seen(({ link }) => link.state === 'live');
    await clock.advance(10_000);
    expect((await wait.ended).reason).toBe(
      'no run appeared within 10 s: Session nope/Tiltfile not found; known: b/Tiltfile (LIVE), c/Tiltfile (LIVE), a/Tiltfile (GONE)',
    );
  });

  it('the reason has the error of the source that should provide the Session', async () => {
    const clock = createManualClock();
    const source = createMemoryProvider('shop.yaml');
    await using gateway = await startGateway({ providers: [source.provider] });
    await gateway.gateway.ready();
    source.markStale('line 3: expected a map');
    await using client = openDisposableClient({ url: gateway.url }, { clock, random: () => 1 });
    const wait = begin(client, { for: 'ready' });
    await wait.seen(({ link }) => link.state === 'live');
    await clock.advance(10_000);
    expect((await wait.ended).reason).toBe(
      'no run appeared within 10 s: no Session is known; source shop.yaml: line 3: expected a map',
    );
  });

  it('waitFor ignores the demo unless its id is given', async () => {
    const clock = createManualClock();
    await using gateway = await startMemoryGateway([asDemo(session('demo', { x: 'ready' }))]);
    await using client = openDisposableClient({ url: gateway.url }, { clock, random: () => 1 });
    const wait = begin(client, { for: 'ready' });
    await wait.seen(({ link }) => link.state === 'live');
    await clock.advance(10_000);
    expect(await wait.ended).toMatchObject({
      result: 'unknown',
      reason: expect.stringContaining('except the demo; to wait for it, pass its id: demo/Tiltfile'),
    });
    expect((await client.waitFor({ session: 'demo/Tiltfile', for: 'ready' })).result).toBe('reached');
  });
});

describe('the run of a wait', () => {
  it('waitFor ignores a passed run that ended before the wait', async () => {
    const source = createMemoryProvider('memory', [ci({ x: 'succeeded' }, { ...DONE, uid: 'one' })]);
    await using gateway = await startGateway({ providers: [source.provider] });
    await gateway.gateway.ready();
    source.replaceAll([]);
    await using client = openDisposableClient({ url: gateway.url });
    const wait = begin(client, { session: 'a/Tiltfile', for: 'done' });
    await wait.seen(({ session }) => session?.connection.state === 'GONE');
    source.put(ci({ x: 'running' }, { uid: 'two' }));
    await wait.seen(({ session }) => session?.metadata.uid === 'two');
    source.put(ci({ x: 'failed' }, { ...BROKEN, uid: 'two' }));
    expect(await wait.ended).toMatchObject({ result: 'failed', run: { uid: 'two' } });
  });

  it('waitFor is unknown when another run takes the id, and reports no state of that run', async () => {
    await using gateway = await startMemoryGateway([ci({ x: 'running' }, { uid: 'one' })]);
    await using client = openDisposableClient({ url: gateway.url });
    const wait = begin(client, { session: 'a/Tiltfile', for: 'done' });
    await wait.seen(({ session }) => session !== null);
    gateway.source.put(ci({ x: 'succeeded' }, { ...DONE, uid: 'two' }));
    const { result, reason, run, view } = await wait.ended;
    expect([result, run?.uid, view?.session?.metadata.uid]).toEqual(['unknown', 'one', 'one']);
    expect(reason).toContain('replaced by another run');
  });

  it('waitFor is unknown when another run takes the id of one that was STALE at its start', async () => {
    await using gateway = await startMemoryGateway([ci({ x: 'running' }, { uid: 'one' })]);
    gateway.source.markStale('connection lost', 'a/Tiltfile');
    await using client = openDisposableClient({ url: gateway.url });
    const wait = begin(client, { session: 'a/Tiltfile', for: 'done' });
    await wait.seen((view) => view.session?.connection.state === 'STALE');
    gateway.source.put(ci({ x: 'succeeded' }, { ...DONE, uid: 'two' }));
    const { result, reason, run } = await wait.ended;
    expect([result, run]).toEqual(['unknown', null]);
    expect(reason).toContain('replaced by another run');
  });

  it('waitFor finds the run with a pid among several Sessions', async () => {
    const other = session('b', { x: 'ready' }, { status: { pid: 4711 } });
    await using gateway = await startMemoryGateway([session('a', { x: 'failed' }), other]);
    await using client = openDisposableClient({ url: gateway.url });
    const outcome = await client.waitFor({ run: { pid: 4711 }, for: 'ready' });
    expect(outcome).toMatchObject({ result: 'reached', run: { session: 'b/Tiltfile', pid: 4711 } });
    expect(outcome.view?.targets.get('x')?.phase).toBe('READY');
    await expect.poll(() => gateway.gateway.readers).toBe(0);
  });

  it('waitFor without an id selects the run that had just ended when no other appears', async () => {
    const clock = createManualClock();
    const source = createMemoryProvider('memory', [ci({ x: 'succeeded' }, DONE)]);
    await using gateway = await startGateway({ providers: [source.provider] });
    await gateway.gateway.ready();
    source.replaceAll([]);
    await using client = openDisposableClient({ url: gateway.url }, { clock, random: () => 1 });
    const wait = begin(client, { for: 'done', timeoutMs: 5_000 });
    await wait.seen(({ link }) => link.state === 'live');
    await clock.advance(5_000);
    expect((await wait.ended).result).toBe('reached');
  });
});

describe('the run of a wait without an id, while a source of the gateway is connecting', () => {
  const passed = session('a', { x: 'ready' });

  it('waitFor selects no run before the source has delivered its Sessions, and none if there are two then', async () => {
    const clock = createManualClock();
    const late = createLateProvider();
    const source = createMemoryProvider('memory', [passed]);
    await using gateway = await startGateway({ providers: [source.provider, late.provider] });
    await using client = openDisposableClient({ url: gateway.url }, { clock, random: () => 1 });
    const wait = begin(client, { for: 'ready' });
    await expect.poll(() => wait.reason).toContain('source late is still connecting');
    expect(wait.outcome).toBeNull();
    late.deliver([session('b', { x: 'failed' })]);
    await clock.advance(250);
    expect(await wait.ended).toMatchObject({
      result: 'unknown',
      reason: '2 Sessions match; give an id: a/Tiltfile (LIVE), b/Tiltfile (LIVE)',
      run: null,
    });
    await expect.poll(() => gateway.gateway.readers).toBe(0);
    expect(clock.pending).toBe(0);
  });

  it('waitFor selects the only run as soon as the source has delivered that it has none', async () => {
    const clock = createManualClock();
    const late = createLateProvider();
    const source = createMemoryProvider('memory', [passed]);
    await using gateway = await startGateway({ providers: [source.provider, late.provider] });
    await using client = openDisposableClient({ url: gateway.url }, { clock, random: () => 1 });
    const wait = begin(client, { for: 'ready' });
    await expect.poll(() => wait.reason).toContain('source late is still connecting');
    late.deliver([]);
    await clock.advance(250);
    expect(await wait.ended).toMatchObject({ result: 'reached', run: { session: 'a/Tiltfile' } });
  });

  it('waitFor is unknown when the source delivers nothing for the maximum age', async () => {
    const clock = createManualClock();
    const source = createMemoryProvider('memory', [passed]);
    const { provider } = createLateProvider();
    await using gateway = await startGateway({ providers: [source.provider, provider] });
    await using client = openDisposableClient({ url: gateway.url }, { clock, random: () => 1 });
    const wait = begin(client, { for: 'ready' });
    await expect.poll(() => wait.reason).toContain('source late is still connecting');
    await clock.advance(9_999);
    expect(wait.outcome).toBeNull();
    await clock.advance(1);
    expect(await wait.ended).toMatchObject({
      result: 'unknown',
      reason: expect.stringMatching(
        /^no news for 10 s: a\/Tiltfile may not be .*: source late is still connecting; give an id to select a run /,
      ),
      run: null,
      view: { session: null },
    });
    expect((await client.waitFor({ for: 'ready', session: 'a/Tiltfile' })).result).toBe('reached');
    for (const limit of [{ timeoutMs: 0 }, { maxAgeMs: 0 }]) {
      expect((await client.waitFor({ for: 'ready', ...limit })).result).toBe('unknown');
    }
  });

  it('waitFor selects no run that has ended before the source has delivered its Sessions', async () => {
    const clock = createManualClock();
    const source = createMemoryProvider('memory', [ci({ x: 'succeeded' }, DONE)]);
    const late = createLateProvider();
    await using gateway = await startGateway({ providers: [source.provider, late.provider] });
    await expect.poll(() => gateway.gateway.sources()[0]?.state).toBe('live');
    source.replaceAll([]);
    await using client = openDisposableClient({ url: gateway.url }, { clock, random: () => 1 });
    const wait = begin(client, { for: 'done', timeoutMs: 20_000, maxAgeMs: 15_000 });
    await wait.seen(({ link }) => link.state === 'live');
    await clock.advance(15_000);
    expect(await wait.ended).toMatchObject({ result: 'unknown', run: null });
  });

  it('waitFor ignores a source that cannot be reached', async () => {
    const source = createMemoryProvider('memory', [passed]);
    const unreachable = { name: 'down', watch: () => Promise.reject(new Error('connection refused')) };
    await using gateway = await startGateway({ providers: [source.provider, unreachable] });
    await expect.poll(() => gateway.gateway.sources()[1]?.state).toBe('stale');
    await using client = openDisposableClient({ url: gateway.url });
    expect((await client.waitFor({ for: 'ready' })).result).toBe('reached');
  });

  it('waitFor evaluates a view that is newer than the answer about the sources', async () => {
    const views = [['a'], ['a', 'b']].map((ids) => ({
      sessions: new Map(ids.map((id) => [id, sessionFields([], { id })])),
      changes: [],
      reset: true,
      conflated: 0,
      cursor: 'c',
      link: createTargetsView([]).link,
    }));
    const sources: WaitSources = {
      async *watchSessions({ signal }) {
        const view = views.shift();
        if (view) yield view;
        await once(signal, 'abort');
      },
      watchTargets: () => {
        throw new Error('no run must be selected');
      },
      queryConnectingSources: async () => [],
      queryKnownSessions: async () => null,
      gatewayTime: () => null,
    };
    const outcome = await waitFor(sources, { for: 'ready' }, createManualClock());
    expect(outcome).toMatchObject({ result: 'unknown', reason: expect.stringContaining('2 Sessions match') });
  });
});

describe('waitFor without a run', () => {
  it('a signal ends waitFor also while it asks which Sessions are known', async () => {
    const clock = createManualClock();
    const aborting = new AbortController();
    const sources: WaitSources = {
      async *watchTargets({ signal }) {
        yield createTargetsView([], { session: null });
        await once(signal, 'abort');
      },
      watchSessions: () => {
        throw new Error('the id is given');
      },
      queryConnectingSources: async () => [],
      async queryKnownSessions() {
        aborting.abort(new Error('enough'));
        return null;
      },
      gatewayTime: () => null,
    };
    const options = { session: 'a/Tiltfile', for: 'ready', signal: aborting.signal } as const;
    const rejected = expect(waitFor(sources, options, clock)).rejects.toThrow('enough');
    await clock.advance(10_000);
    await rejected;
  });
});

/** A source that delivers its first Sessions when the test says so. */
function createLateProvider() {
  let deliver = (_: readonly Session[]) => {};
  const provider: SessionProvider = {
    name: 'late',
    watch(push, signal) {
      deliver = (sessions) => push({ type: 'snapshot', sessions: [...sessions] });
      return new Promise((resolve) => signal.addEventListener('abort', () => resolve()));
    },
  };
  return { provider, deliver: (sessions: readonly Session[]) => deliver(sessions) };
}

/** Starts a gateway that accepts connections and never answers. */
async function startSilentGateway() {
  const connections: Socket[] = [];
  const server = await startRawServer((socket) => connections.push(socket));
  return {
    url: `http://127.0.0.1:${new URL(server.url).port}/graphql`,
    connections,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** Starts a wait and records its views and outcome. */
function begin(client: DisposableClient, options: WaitOptions) {
  let last: TargetsView | null = null;
  let lastReason = '';
  let outcome: WaitOutcome | null = null;
  const onView: WaitOptions['onView'] = (view, { reason }) => {
    last = view;
    lastReason = reason;
  };
  const ended = client.waitFor({ ...options, onView });
  ended.then(
    (given) => (outcome = given),
    () => {},
  );
  return {
    ended,
    get outcome() {
      return outcome;
    },
    /** Reason of the latest progress. */
    get reason() {
      return lastReason;
    },
    seen: (holds: (view: TargetsView) => boolean) =>
      expect.poll(() => last !== null && holds(last)).toBe(true),
  };
}
