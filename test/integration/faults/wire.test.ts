import { describe, expect, it } from 'vitest';
import { degraded, greenJson, HEALTHY } from '../../support/followed-session.js';
import { createManualClock } from '../../support/manual-clock.js';
import { BROKEN_TARGET_JSON } from '../../support/session-json.js';
import { startTiltGateway } from '../../support/tilt-gateway.js';
import { createTiltServer, type TiltServer } from '../../support/tilt-server.js';

/** Starts a Tilt with one passing Session. */
const startGreen = () => createTiltServer({ sessions: [greenJson({ uid: 'a' })] });

/** Creates a line of a watch with an object of the next version, made invalid by `fields`. */
function invalidLine(fields: Readonly<Record<string, unknown>>): string {
  const object = { ...greenJson({ uid: 'a', resourceVersion: '99' }), ...fields };
  return `${JSON.stringify({ type: 'MODIFIED', object })}\n`;
}

const status = greenJson().status;
const withTargets = (targets: unknown) => invalidLine({ status: { ...Object(status), targets } });
const nested = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;

describe('invalid data in a watch', () => {
  it.each<[string, string | Uint8Array, RegExp]>([
    ['a line that is not JSON', 'nonsense\n', /expected a JSON object, got "nonsense"/],
    ['an HTML response', '<html>\n<body>502 Bad Gateway</body>\n', /expected a JSON object, got "<body>/],
    ['binary data', Uint8Array.of(0, 0xff, 0xfe, 0xc0, 0x80, 27, 10), /expected a JSON object/],
    ['a line of 1 MB', `${'x'.repeat(1_000_000)}\n`, /expected a JSON object, got "x{59}…"/],
    ['JSON that is not an event', '[1]\n"text"\nnull\n', /expected a JSON object, got "null"/],
    ['JSON nested 100,000 deep', `${nested}\n`, /expected a JSON object/],
    ['an event of an unknown type', '{"type":"EXPLODED","object":{}}\n', /expected a type ADDED/],
    ['an event without an object', '{"type":"MODIFIED"}\n', /expected an object, got nothing/],
    [
      'a DELETED event without a name',
      '{"type":"DELETED","object":{"metadata":{}}}\n',
      /a DELETED event has no name/,
    ],
    ['an object of another kind', invalidLine({ kind: 'Pod' }), /kind: expected "Session", got "Pod"/],
    ['an object of another version', invalidLine({ apiVersion: 'v9' }), /apiVersion: expected "tilt/],
    ['a status that is a string', invalidLine({ status: 'fine' }), /status: expected an object, got "fine"/],
    ['targets that are not a list', withTargets({}), /status\.targets: expected a list, got an object/],
    [
      'a process id that is a string',
      invalidLine({ status: { ...Object(status), pid: 'twelve' } }),
      /status\.pid: expected a whole number/,
    ],
  ])(
    'the last good state is STALE with the reason and never PASSED after %s in a watch',
    async (_, bytes, reason) => {
      await using server = await startGreen();
      await using gateway = await startTiltGateway({ 'tilt-default': server });
      await gateway.session().until(HEALTHY);
      await server.until(() => server.openWatches === 1);
      server.write(bytes);
      await gateway.session().until(degraded('STALE', reason));
      await gateway.untilSource({ state: 'STALE', error: expect.stringMatching(/^.+$/) });
      server.put(greenJson({ uid: 'b' }));
      await gateway.session().until(HEALTHY);
      await gateway.untilSource({ state: 'LIVE', error: null });
      expect(server.count('watch')).toBe(1);
    },
  );

  it('after invalid data in a watch, a list restores the Session when Tilt sends nothing more', async () => {
    const clock = createManualClock();
    await using server = await startGreen();
    await using gateway = await startTiltGateway({ 'tilt-default': server }, { clock });
    await gateway.session().until(HEALTHY);
    await server.until(() => server.openWatches === 1);
    server.write('nonsense\n');
    await gateway.session().until(degraded('STALE', /nonsense/));
    await gateway.session().until(HEALTHY);
    expect(server.count('watch')).toBe(1);
  });

  it('after invalid data in a watch, a list restores one Session while another sends events', async () => {
    const clock = createManualClock();
    await using server = await startGreen();
    server.put(greenJson({ name: 'chatty', uid: 'c' }));
    await using gateway = await startTiltGateway({ 'tilt-default': server }, { clock });
    await gateway.session().until(HEALTHY);
    await server.until(() => server.openWatches === 1);
    server.write('nonsense\n');
    await gateway.session().until(degraded('STALE', /nonsense/));
    await expect
      .poll(
        async () => {
          server.put(greenJson({ name: 'chatty', uid: 'c' }));
          await clock.advance(1_000);
          return gateway.session().read();
        },
        { timeout: 60_000, interval: 10 },
      )
      .toMatchObject(HEALTHY);
  });
});

describe('an invalid target', () => {
  it.each<[string, unknown, RegExp]>([
    ['no name', {}, /targets\[2\]\.name: expected a string/],
    [
      'a flag that is a string',
      { name: 'x', state: { active: { ready: 'yes' } } },
      /active\.ready: expected true or false, got "yes"/,
    ],
    [
      'a string with line breaks',
      { name: 'x', state: { active: { startTime: 'a\nb\u2028c' } } },
      /startTime: expected an RFC 3339 time/,
    ],
    ['two states at once', BROKEN_TARGET_JSON, /state: expected at most one state populated/],
  ])(
    'a target with %s leaves the other targets unchanged, and the Session LIVE and not PASSED',
    async (_, target, reason) => {
      await using server = await startGreen();
      await using gateway = await startTiltGateway({ 'tilt-default': server });
      await gateway.session().until(HEALTHY);
      await server.until(() => server.openWatches === 1);
      const { targets } = Object(status);
      server.write(withTargets([...targets, target]));
      await gateway.session().until({
        connection: { state: 'LIVE' },
        verdict: { state: 'PENDING', final: false },
        status: { targets: [{ phase: 'READY' }, { phase: 'SUCCEEDED' }, { phase: 'WAITING' }] },
      });
      const { data } = await gateway.query<{ targets: readonly { readonly state: object }[] }>(
        '{ targets(where: { phase: [WAITING] }) { state { ... on TargetStateWaiting { waitReason } } } }',
      );
      expect(data.targets).toMatchObject([{ state: { waitReason: expect.stringMatching(/^unreadable: /) } }]);
      expect(data.targets).toMatchObject([{ state: { waitReason: expect.stringMatching(reason) } }]);
      server.put(greenJson({ uid: 'b' }));
      await gateway.session().until(HEALTHY);
    },
  );
});

describe('an ERROR event', () => {
  it.each(['{"type":"ERROR"}', '{"type":"ERROR","object":{"code":500,"message":"etcd\\nis gone"}}'])(
    'the ERROR event %s ends the watch, and the next one continues',
    async (line) => {
      await using server = await startGreen();
      await using gateway = await startTiltGateway({ 'tilt-default': server });
      await gateway.session().until(HEALTHY);
      await server.until(() => server.openWatches === 1);
      server.write(`${line}\n`);
      await server.until(() => server.count('watch') === 2 && server.openWatches === 1);
      server.put(greenJson({ uid: 'b' }));
      await gateway.session().until({ ...HEALTHY, metadata: { uid: 'b' } });
    },
  );
});

describe('an incomplete watch line', () => {
  const failing = (server: TiltServer) => {
    const [good] = server.sessions;
    const metadata = { ...good?.metadata, resourceVersion: '50' };
    const targets = [{ name: 'api:serve', state: { terminated: { error: 'exit 1' } } }];
    const object = { ...good, metadata, status: { ...Object(good?.status), targets } };
    return `${JSON.stringify({ type: 'MODIFIED', object })}\n`;
  };

  it('an incomplete watch line is ignored when the connection breaks', async () => {
    await using server = await startGreen();
    await using gateway = await startTiltGateway({ 'tilt-default': server });
    await gateway.session().until(HEALTHY);
    await server.until(() => server.openWatches === 1);
    await server.cut(failing(server).slice(0, -3));
    await server.until(() => server.count('watch') >= 2 && server.openWatches === 1);
    const { resourceVersion } = server.put(greenJson({ uid: 'a' })).metadata;
    await gateway.session().until({ ...HEALTHY, metadata: { resourceVersion } });
  });

  it('an incomplete watch line is read when the rest arrives', async () => {
    await using server = await startGreen();
    await using gateway = await startTiltGateway({ 'tilt-default': server });
    await gateway.session().until(HEALTHY);
    await server.until(() => server.openWatches === 1);
    const line = failing(server);
    server.write(line.slice(0, 200));
    await server.drained();
    expect(await gateway.session().read()).toMatchObject(HEALTHY);
    server.write(line.slice(200));
    await gateway.session().until({
      connection: { state: 'LIVE' },
      verdict: { state: 'FAILED', reason: 'api:serve: exit 1' },
    });
  });
});
