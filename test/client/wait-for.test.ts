import { describe, expect, it } from 'vitest';
import type { Condition, TargetsView, WaitOptions, WaitOutcome } from '../../src/client/client.js';
import type { Session } from '../../src/model/session.js';
import { createMemoryProvider } from '../../src/providers/memory.js';
import { type ClosingClient, openClient } from '../support/closing-client.js';
import { startGateway, startMemoryGateway } from '../support/gateway.js';
import { createManualClock } from '../support/manual-clock.js';
import type { SessionJsonOptions } from '../support/session-json.js';
import { session, type TargetStates } from '../support/sessions.js';
import { openTcpProxy } from '../support/tcp-proxy.js';

/** A Session of `tilt ci`. */
function ci(targets: TargetStates, options: Omit<SessionJsonOptions, 'targets'> = {}): Session {
  const made = session('a', targets, options);
  return { ...made, spec: { ...made.spec, exitCondition: 'ci' } };
}

const DONE = { status: { done: true } };
const BROKEN = { status: { done: true, error: 'x: exit status 1' } };
const serve = (phase: 'RUNNING' | 'READY'): Condition => ({ target: 'api:serve', phase });

describe('waitFor', () => {
  const outcomes: [string, Condition, Session, WaitOutcome['result'], string][] = [
    [
      'ready, and it passed',
      'ready',
      session('a', { x: 'ready' }),
      'reached',
      'a/Tiltfile passed: 1 ready, 1 succeeded',
    ],
    [
      'ready, and `tilt ci` passed',
      'ready',
      ci({ x: 'ready' }),
      'reached',
      'a/Tiltfile passed: 1 ready, 1 succeeded',
    ],
    [
      'ready, and something failed',
      'ready',
      session('a', { x: 'failed', y: 'waiting' }),
      'failed',
      'a/Tiltfile failed: x: failed after 2.3 s: exit status 1',
    ],
    [
      'done, and it passed',
      'done',
      ci({ x: 'succeeded' }, DONE),
      'reached',
      'a/Tiltfile passed: 2 succeeded',
    ],
    [
      'done, and it failed',
      'done',
      ci({ x: 'failed' }, BROKEN),
      'failed',
      'a/Tiltfile failed: x: failed after 2.3 s: exit status 1',
    ],
    [
      'a phase that is there',
      serve('READY'),
      session('a', { 'api:serve': 'ready' }),
      'reached',
      'api:serve is READY',
    ],
    [
      'a phase that `tilt ci` cannot reach any more',
      serve('READY'),
      ci({ 'api:serve': 'failed' }),
      'failed',
      'api:serve is FAILED, not READY: exit status 1',
    ],
    [
      'a phase, and it is done without',
      serve('RUNNING'),
      ci({ 'api:serve': 'ready' }, DONE),
      'failed',
      'api:serve is READY, not RUNNING',
    ],
    [
      'a target, and it is done without',
      serve('RUNNING'),
      ci({}, DONE),
      'failed',
      'there is no target api:serve, not RUNNING',
    ],
    [
      'done, of `tilt up`, which is never done',
      'done',
      session('a', { x: 'ready' }),
      'impossible',
      'a/Tiltfile is of `tilt up`, which is never done; wait for ready instead',
    ],
    ['a failure', { target: 'x', phase: 'FAILED' }, session('a', { x: 'failed' }), 'reached', 'x is FAILED'],
  ];

  it.each(outcomes)('%s', async (_, condition, state, result, reason) => {
    await using gateway = await startMemoryGateway([state]);
    await using client = openClient({ url: gateway.url });
    const outcome = await client.waitFor({ for: condition });
    expect({ result: outcome.result, reason: outcome.reason }).toEqual({ result, reason });
    expect(outcome.view?.session?.id).toBe('a/Tiltfile');
    await expect.poll(() => gateway.gateway.readers).toBe(0);
  });

  it.each([
    [
      'ready, while something waits',
      'ready',
      session('a', { x: 'waiting' }),
      /^timed out after 5 s: x: waiting: on-dep \(since 20\S+Z\)$/,
    ],
    [
      'done, while `tilt ci` tells of a failure and is not done',
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
      'READY is not RUNNING',
      serve('RUNNING'),
      session('a', { 'api:serve': 'ready' }),
      /api:serve is READY, not RUNNING$/,
    ],
    ['ready, and only the Tiltfile is known', 'ready', session('a'), /no target besides the Tiltfile yet$/],
  ] satisfies [string, Condition, Session, RegExp][])(
    'goes on waiting for %s',
    async (_, condition, state, reason) => {
      const clock = createManualClock();
      await using gateway = await startMemoryGateway([state]);
      await using client = openClient({ url: gateway.url }, { clock, random: () => 1 });
      const wait = begin(client, { for: condition, timeoutMs: 5_000 });
      await wait.seen(({ session }) => session !== null);
      await clock.advance(4_999);
      expect(wait.outcome).toBeNull();
      await clock.advance(1);
      const outcome = await wait.ended;
      expect(outcome.result).toBe('timeout');
      expect(outcome.reason).toMatch(reason);
    },
  );

  it('is told when it turns, and tells of each view', async () => {
    await using gateway = await startMemoryGateway([session('a', { x: 'waiting' })]);
    await using client = openClient({ url: gateway.url });
    const wait = begin(client, { for: 'ready' });
    await wait.seen(({ session }) => session !== null);
    gateway.source.put(session('a', { x: 'running' }));
    await wait.seen(({ targets }) => targets.get('x')?.phase === 'RUNNING');
    expect(wait.outcome).toBeNull();
    gateway.source.put(session('a', { x: 'ready' }));
    expect((await wait.ended).result).toBe('reached');
  });

  it('does not believe what may be out of date', async () => {
    const clock = createManualClock();
    await using gateway = await startMemoryGateway([session('a', { x: 'ready' })]);
    gateway.source.markStale('the cable is out');
    await using client = openClient({ url: gateway.url }, { clock, random: () => 1 });
    const wait = begin(client, { for: 'ready' });
    await wait.seen(({ session }) => session !== null);
    await clock.advance(9_999);
    expect(wait.outcome).toBeNull();
    await clock.advance(1);
    expect(await wait.ended).toMatchObject({
      result: 'unknown',
      reason: expect.stringMatching(
        /^no news for 10 s: a\/Tiltfile: the link to its Tilt is lost: the cable is out \(since 2026-11-22T12:00:00.000Z\)$/,
      ),
    });
  });

  it('goes on when the link to Tilt comes back in time', async () => {
    const clock = createManualClock();
    await using gateway = await startMemoryGateway([session('a', { x: 'ready' })]);
    gateway.source.markStale('the cable is out');
    await using client = openClient({ url: gateway.url }, { clock, random: () => 1 });
    const wait = begin(client, { for: 'ready' });
    await wait.seen(({ session }) => session !== null);
    await clock.advance(9_999);
    gateway.source.put(session('a', { x: 'ready' }));
    expect((await wait.ended).result).toBe('reached');
  });

  it('believes the final state of a Session that is GONE, and of no other', async () => {
    const clock = createManualClock();
    const source = createMemoryProvider('memory', [
      ci({ x: 'succeeded' }, DONE),
      session('b', { x: 'ready' }),
    ]);
    await using gateway = await startGateway({ providers: [source.provider] });
    await gateway.gateway.ready();
    source.replaceAll([]);
    await using client = openClient({ url: gateway.url }, { clock, random: () => 1 });
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
    expect(reason).toContain('b/Tiltfile: its Tilt has left before it was done');
  });

  it.each([
    ['a/Tiltfile', 'there is no Session a/Tiltfile'],
    [undefined, 'no Session is known'],
  ])('gives a Session time to come: %s', async (id, reason) => {
    const clock = createManualClock();
    await using gateway = await startMemoryGateway();
    await using client = openClient({ url: gateway.url }, { clock, random: () => 1 });
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

  it('is unknown when no gateway can be reached', async () => {
    const clock = createManualClock();
    const gone = await startGateway();
    await gone.gateway.close();
    await using client = openClient({ url: gone.url }, { clock, random: () => 1 });
    const wait = begin(client, { for: 'ready', maxAgeMs: 1_000 });
    await wait.seen(({ link }) => link.state === 'lost');
    await clock.advance(1_000);
    const { result, reason, view } = await wait.ended;
    expect(result).toBe('unknown');
    expect(reason).toMatch(/^no news for 1 s: http\S+ cannot be reached: connect ECONNREFUSED/);
    expect(view?.session).toBeNull();
    await expect.poll(() => clock.pending).toBe(0);
  });

  it('is unknown when the gateway is lost for too long, whatever it said before', async () => {
    const clock = createManualClock();
    await using gateway = await startMemoryGateway([session('a', { x: 'waiting' })]);
    await using proxy = await openTcpProxy(Number(new URL(gateway.url).port));
    await using client = openClient(
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

  it('ends with its signal, and with the client', async () => {
    await using gateway = await startMemoryGateway([session('a', { x: 'waiting' })]);
    await using client = openClient({ url: gateway.url });
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

/** Begins to wait, and shows how far that is. */
function begin(client: ClosingClient, options: WaitOptions) {
  let last: TargetsView | null = null;
  let outcome: WaitOutcome | null = null;
  const ended = client.waitFor({ ...options, onView: (view) => (last = view) });
  ended.then(
    (given) => (outcome = given),
    () => {},
  );
  return {
    ended,
    get outcome() {
      return outcome;
    },
    seen: (holds: (view: TargetsView) => boolean) =>
      expect.poll(() => last !== null && holds(last)).toBe(true),
  };
}
