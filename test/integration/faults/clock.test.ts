import { createClient } from 'graphql-ws';
import { describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { degraded, greenJson, HEALTHY } from '../../support/followed-session.js';
import { createSteppedClock, type SteppedClock } from '../../support/stepped-clock.js';
import { startTiltGateway, type TiltGateway } from '../../support/tilt-gateway.js';
import { createTiltServer, type TiltServer } from '../../support/tilt-server.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const STEPS = [
  ['forward by an hour', HOUR],
  ['forward by a day', DAY],
  ['back by an hour', -HOUR],
  ['back by a day', -DAY],
] as const;

interface Parts {
  readonly clock: SteppedClock;
  readonly server: TiltServer;
  readonly gateway: TiltGateway;
}

/** Runs a test on a gateway that follows a Tilt whose last event has just arrived. */
async function withTilt(test: (parts: Parts) => Promise<void>): Promise<void> {
  const clock = createSteppedClock();
  await using server = await createTiltServer({ sessions: [greenJson({ uid: 'a' })] });
  await using gateway = await startTiltGateway({ 'tilt-default': server }, { clock, retainMs: HOUR });
  await gateway.session().until(HEALTHY);
  await server.until(() => server.openWatches === 1);
  await clock.advance(5_000);
  await sendUpdate({ clock, server, gateway });
  await test({ clock, server, gateway });
}

/** Sends a new state from Tilt and waits until it arrives. */
async function sendUpdate({ server, gateway }: Parts): Promise<void> {
  const { resourceVersion } = server.put(greenJson({ uid: 'a' })).metadata;
  await gateway.session().until({ ...HEALTHY, metadata: { resourceVersion } });
}

/** Advances the time in steps that leave the network real time. */
async function advance({ clock, gateway }: Parts, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 500) {
    await clock.advance(500);
    await gateway.session().read();
  }
}

describe.each(STEPS)('a wall clock that is set %s', (_, stepMs) => {
  it('a jump of the wall clock loses nothing: the watch continues and the Session stays LIVE', () =>
    withTilt(async (parts) => {
      parts.clock.step(stepMs);
      await advance(parts, MINUTE);
      await sendUpdate(parts);
      expect(await parts.gateway.session().read()).toMatchObject(HEALTHY);
      expect(parts.server.count('watch')).toBe(1);
    }));

  it('a jump of the wall clock causes no burst of timers or requests', () =>
    withTilt(async (parts) => {
      const work = async () => {
        const before = [parts.clock.timersSet, parts.server.requests.length] as const;
        await advance(parts, 2 * MINUTE);
        return [parts.clock.timersSet - before[0], parts.server.requests.length - before[1]] as const;
      };
      const [, requests] = await work();
      parts.clock.step(stepMs);
      const [timersAfter, requestsAfter] = await work();
      expect(requestsAfter).toBeLessThanOrEqual(requests + 2);
      // The kubeconfig is polled at most twice per second. The exact rate depends on file system and network.
      expect(timersAfter).toBeLessThanOrEqual(2 * 2 * 120);
    }));

  it('a jump of the wall clock hides no dead connection: a Tilt that hangs is STALE within a minute', () =>
    withTilt(async (parts) => {
      parts.server.stallWatches();
      parts.server.respond('list', 'silent');
      await advance(parts, 20_000);
      parts.clock.step(stepMs);
      await advance(parts, MINUTE);
      expect(await parts.gateway.session().read()).toMatchObject(degraded('STALE', /no answer within 10 s/));
      parts.server.clearFaults();
      await parts.gateway.session().until(HEALTHY);
    }));

  it('a jump of the wall clock turns no regular end of a watch into an error', () =>
    withTilt(async (parts) => {
      // A watch with events may end at once. The next one has no events.
      parts.server.endWatches();
      await parts.server.until(() => parts.server.count('watch') === 2);
      await advance(parts, 2_000);
      parts.clock.step(stepMs);
      const { since } = (await parts.gateway.session().read())?.connection ?? {};
      parts.server.endWatches();
      await parts.server.until(() => parts.server.count('watch') === 3);
      await sendUpdate(parts);
      expect((await parts.gateway.session().read())?.connection).toEqual({
        state: 'LIVE',
        since,
        error: null,
      });
    }));

  it('a jump of the wall clock does not change how long a GONE Session is retained', () =>
    withTilt(async (parts) => {
      await parts.gateway.updateKubeconfig({});
      await parts.server.stop();
      await parts.gateway.session().until(degraded('GONE', /its entry is no longer in/));
      await parts.clock.advance(20 * MINUTE);
      parts.clock.step(stepMs);
      await parts.clock.advance(39 * MINUTE);
      expect(await parts.gateway.session().read()).toMatchObject(degraded('GONE', /no longer in/));
      await parts.clock.advance(2 * MINUTE);
      expect(await parts.gateway.session().read()).toBeNull();
    }));

  it('S4: cursors stay valid after a jump of the wall clock: a client resumes without a reset', () =>
    withTilt(async (parts) => {
      const query = `subscription ($since: String) { targetChanges(session: "tilt-default/Tiltfile", since: $since) {
        cursor reset session { metadata { resourceVersion } } changes { target { name phase } } } }`;
      const first = await receiveFirstPayload(parts.gateway, query);
      const since = first.targetChanges.cursor;
      parts.clock.step(stepMs);
      parts.server.put(greenJson({ uid: 'a', status: { error: 'one' } }));
      await parts.gateway.session().until({ verdict: { state: 'FAILED' } });
      expect((await receiveFirstPayload(parts.gateway, query, { since })).targetChanges).toMatchObject({
        reset: false,
        changes: [],
        session: { metadata: { resourceVersion: '4' } },
      });
    }));
});

async function receiveFirstPayload(
  { webSocketUrl }: TiltGateway,
  query: string,
  variables: Record<string, unknown> = {},
): Promise<{ targetChanges: { cursor: string } }> {
  const client = createClient({ url: webSocketUrl, webSocketImpl: WebSocket });
  try {
    const { value } = await client
      .iterate<{ targetChanges: { cursor: string } }>({ query, variables })
      .next();
    if (!value?.data) throw new Error(`Expected a payload, got ${JSON.stringify(value)}`);
    return value.data;
  } finally {
    await client.dispose();
  }
}
