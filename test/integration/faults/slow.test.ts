import { describe, expect, it } from 'vitest';
import { degraded, greenJson, HEALTHY } from '../../support/followed-session.js';
import { createManualClock } from '../../support/manual-clock.js';
import { startRawServer } from '../../support/raw-server.js';
import { startTiltGateway } from '../../support/tilt-gateway.js';
import { createSessionList } from '../../support/tilt-responses.js';
import { createTiltServer } from '../../support/tilt-server.js';
import { sharedTls } from '../../support/tls.js';

describe('a slow Tilt', () => {
  it('an event that takes longer than 30 s to arrive in a watch is fetched by a list', async () => {
    const clock = createManualClock();
    await using server = await createTiltServer({ sessions: [greenJson({ uid: 'a' })] });
    await using gateway = await startTiltGateway({ 'tilt-default': server }, { clock });
    await gateway.session().until(HEALTHY);
    await server.until(() => server.openWatches === 1);
    // The Session has failed, and the line with that event takes minutes to arrive.
    const failed = greenJson({ uid: 'a', resourceVersion: '9', status: { error: 'it failed' } });
    server.respond('list', { status: 200, body: JSON.stringify(createSessionList([failed], 9)) });
    const line = Buffer.from(JSON.stringify({ type: 'MODIFIED', object: failed }));
    const startedAt = clock.now();
    let sent = 0;
    await expect
      .poll(
        async () => {
          server.write(line.subarray(sent, sent + 1));
          sent += 1;
          await clock.advance(200);
          return gateway.session().read();
        },
        { timeout: 60_000, interval: 1 },
      )
      .toMatchObject({ connection: { state: 'LIVE' }, verdict: { state: 'FAILED', reason: 'it failed' } });
    expect(clock.now() - startedAt).toBeLessThanOrEqual(120_000);
    await server.until(() => server.count('watch') === 2);
  });

  it('a Tilt whose list response takes longer than 10 s is STALE, and LIVE when it is fast again', async () => {
    const clock = createManualClock();
    await using server = await createTiltServer({ sessions: [greenJson({ uid: 'a' })] });
    await using gateway = await startTiltGateway({ 'tilt-default': server }, { clock });
    await gateway.session().until(HEALTHY);
    const tls = await sharedTls();
    const trickle =
      'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1000000\r\n\r\n{"kind"';
    await using slow = await startRawServer((socket) => {
      let sent = 0;
      const send = () => {
        sent += 1;
        // The next byte is sent with the next step of the clock.
        if (socket.write(trickle.slice(sent - 1, sent))) clock.after(50, send);
      };
      send();
    }, tls);
    await server.stop();
    await gateway.updateKubeconfig({ 'tilt-default': { server: { url: slow.url, token: 'x', tls } } });
    await gateway.session().until(degraded('STALE', /no answer within 10 s/));
    await server.restart();
    await gateway.updateKubeconfig({ 'tilt-default': server });
    await gateway.session().until(HEALTHY);
  });
});
