import { describe, expect, it } from 'vitest';
import { degraded, greenJson, HEALTHY } from '../../support/followed-session.js';
import { readHealth } from '../../support/health-reader.js';
import { createManualClock } from '../../support/manual-clock.js';
import { startRawServer } from '../../support/raw-server.js';
import { startTiltGateway } from '../../support/tilt-gateway.js';
import { startTiltProcess } from '../../support/tilt-process.js';
import { createTiltServer } from '../../support/tilt-server.js';
import { sharedTls } from '../../support/tls.js';

describe('a restarted Tilt', () => {
  it('S7: a subscription survives a restart of Tilt with a new port, token, CA and uid: LIVE, STALE, LIVE, PASSED only while LIVE', async () => {
    await using server = await createTiltServer({ sessions: [greenJson({ uid: 'first' })] });
    await using gateway = await startTiltGateway({ 'tilt-default': server });
    const session = gateway.session();
    await session.until(HEALTHY);
    await using reader = await readHealth(gateway);
    await server.stop();
    await session.until(degraded('STALE', /127\.0\.0\.1/));
    await server.restart({ freshCa: true });
    await gateway.updateKubeconfig({ 'tilt-default': server });
    await session.until({ ...HEALTHY, metadata: { uid: server.sessions[0]?.metadata.uid } });

    await expect.poll(() => reader.payloads.at(-1)?.connection.state).toBe('LIVE');
    const uids = new Set(reader.payloads.map((seen) => seen?.metadata.uid));
    expect([...uids]).toEqual(['first', server.sessions[0]?.metadata.uid]);
    for (const seen of reader.payloads) {
      const isLive = seen?.connection.state === 'LIVE';
      expect(seen?.verdict).toEqual({ state: isLive ? 'PASSED' : 'UNKNOWN', final: false });
    }
    expect(reader.hasEnded).toBe(false);
  });

  it('a Tilt announced just before the old one exits replaces it, and no event of the old one follows', async () => {
    await using old = await createTiltServer({ sessions: [greenJson({ uid: 'old' })] });
    await using gateway = await startTiltGateway({ 'tilt-default': old });
    await gateway.session().until({ ...HEALTHY, metadata: { uid: 'old' } });
    await old.until(() => old.openWatches === 1);
    await using server = await createTiltServer({ sessions: [greenJson({ uid: 'new' })] });
    await gateway.updateKubeconfig({ 'tilt-default': server });
    await old.stop();
    await gateway.session().until({ ...HEALTHY, metadata: { uid: 'new' } });
    old.put(greenJson({ uid: 'old', status: { error: 'from before' } }));
    const { resourceVersion } = server.put(greenJson({ uid: 'new' })).metadata;
    await gateway.session().until({ ...HEALTHY, metadata: { uid: 'new', resourceVersion } });
  });
});

describe('a wrong token in the kubeconfig', () => {
  it('a Tilt with a wrong token in the kubeconfig is STALE with the reason, and LIVE when the token is correct', async () => {
    await using server = await createTiltServer({ sessions: [greenJson({ uid: 'a' })] });
    await using gateway = await startTiltGateway({
      'tilt-default': { server: server, user: { token: 'old' } },
    });
    await gateway.untilSource({
      state: 'STALE',
      error: expect.stringContaining('HTTP 403: permission denied for the credentials in the kubeconfig'),
    });
    await gateway.updateKubeconfig({ 'tilt-default': server });
    await gateway.session().until(HEALTHY);
  });
});

describe('a Tilt process', () => {
  it('a killed Tilt is STALE with its last state, and LIVE when it is restarted', async () => {
    await using tilt = await startTiltProcess(greenJson({ uid: 'killed' }));
    await using gateway = await startTiltGateway({ 'tilt-default': tilt });
    await gateway.session().until(HEALTHY);
    tilt.kill('SIGKILL');
    await gateway.session().until({ ...degraded('STALE', /127\.0\.0\.1/), metadata: { uid: 'killed' } });
    await using again = await startTiltProcess(greenJson({ uid: 'again' }));
    await gateway.updateKubeconfig({ 'tilt-default': again });
    await gateway.session().until({ ...HEALTHY, metadata: { uid: 'again' } });
  });

  it('a Tilt that hangs with open connections is STALE within a minute, and LIVE when it resumes', async () => {
    const clock = createManualClock();
    await using tilt = await startTiltProcess(greenJson({ uid: 'a' }));
    await using gateway = await startTiltGateway({ 'tilt-default': tilt }, { clock });
    await gateway.session().until(HEALTHY);
    await tilt.untilWatched();
    tilt.kill('SIGSTOP');
    const stoppedAt = clock.now();
    await gateway.session().until(degraded('STALE', /no answer within 10 s/));
    expect(clock.now() - stoppedAt).toBeLessThanOrEqual(60_000);
    tilt.kill('SIGCONT');
    await tilt.put(greenJson({ uid: 'a', status: { pid: 77 } }));
    await gateway.session().until({ ...HEALTHY, metadata: { uid: 'a', resourceVersion: '3' } });
  });
});

describe('a half-open watch', () => {
  it('a half-open watch is detected by a list, whose state is applied, and the watch is reopened', async () => {
    const clock = createManualClock();
    await using server = await createTiltServer({ sessions: [greenJson({ uid: 'a' })] });
    await using gateway = await startTiltGateway({ 'tilt-default': server }, { clock });
    await gateway.session().until(HEALTHY);
    await server.until(() => server.openWatches === 1);
    server.stallWatches();
    const { resourceVersion } = server.put(greenJson({ uid: 'a' })).metadata;
    const mutedAt = clock.now();
    await gateway.session().until({ ...HEALTHY, metadata: { resourceVersion } });
    expect(clock.now() - mutedAt).toBeLessThanOrEqual(60_000);
    await server.until(() => server.count('watch') === 2 && server.openWatches === 1);
    const next = server.put(greenJson({ uid: 'a' })).metadata.resourceVersion;
    await gateway.session().until({ ...HEALTHY, metadata: { resourceVersion: next } });
  });
});

describe('a Tilt that never responds', () => {
  it('a Tilt that never responds has a source with the reason, delays no other Tilt, and is LIVE when it responds', async () => {
    const clock = createManualClock();
    await using silent = await createTiltServer({ sessions: [greenJson()] });
    silent.respond('list', 'silent');
    await using other = await createTiltServer({ sessions: [greenJson()] });
    await using gateway = await startTiltGateway({ 'tilt-default': silent, 'tilt-1': other }, { clock });
    await gateway.session('tilt-1').until(HEALTHY);
    await gateway.session().until(null);
    await gateway.untilSource({ state: 'STALE', error: `${silent.url}: no answer within 10 s` });
    expect(await gateway.session('tilt-1').read()).toMatchObject(HEALTHY);
    silent.clearFaults();
    await gateway.session().until(HEALTHY);
  });

  it('a Tilt that accepts connections without a TLS handshake has another error than one that is not running', async () => {
    const clock = createManualClock();
    await using mute = await startRawServer(() => {});
    const at = { url: mute.url, token: 'x', tls: await sharedTls() };
    await using gateway = await startTiltGateway({ 'tilt-default': { server: at } }, { clock });
    await gateway.untilSource({ state: 'STALE', error: `${mute.url}: no answer within 10 s` });
  });
});
