import { createClient } from 'graphql-ws';
import { describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { greenJson, HEALTHY } from '../../support/followed-session.js';
import { startTiltGateway } from '../../support/tilt-gateway.js';
import { createTiltServer } from '../../support/tilt-server.js';

const CHANGES = `subscription { targetChanges { reset conflated
  session { metadata { resourceVersion } } changes { type target { name phase } } } }`;
const HISTORY = '{ session { status { targets { name history(last: 50) { phase } } } } }';

/** Creates the passing Session with its server in another state, at a version. */
function createWithServerState(state: object, resourceVersion: string) {
  const server = { name: 'api:serve', type: 'server', resources: ['api'], state };
  const green = greenJson({ uid: 'a', resourceVersion });
  const [, tiltfile] = Object(green.status).targets;
  return { ...green, status: { ...Object(green.status), targets: [server, tiltfile] } };
}

const FAILED = { terminated: { error: 'exit 1' } };
const READY = { active: { startTime: '2026-11-22T11:42:30Z', ready: true } };

describe('events of Tilt', () => {
  it('S6: duplicate and late events of Tilt cause neither a payload nor a history entry', async () => {
    await using server = await createTiltServer({ sessions: [greenJson({ uid: 'a' })] });
    await using gateway = await startTiltGateway({ 'tilt-default': server });
    await gateway.session().until(HEALTHY);
    await server.until(() => server.openWatches === 1);
    const client = createClient({ url: gateway.webSocketUrl, webSocketImpl: WebSocket });
    const payloads = client.iterate<{ targetChanges: object }>({ query: CHANGES });
    const next = async () => (await payloads.next()).value?.data?.targetChanges;
    expect(await next()).toMatchObject({ reset: true });

    server.emit('MODIFIED', createWithServerState(FAILED, '50'));
    expect(await next()).toMatchObject({ changes: [{ target: { name: 'api:serve', phase: 'FAILED' } }] });
    server.emit('MODIFIED', createWithServerState(FAILED, '50'));
    server.emit('ADDED', createWithServerState(READY, '49'));
    server.emit('MODIFIED', createWithServerState(FAILED, '50'));
    server.emit('MODIFIED', createWithServerState(READY, '51'));
    expect(await next()).toEqual({
      reset: false,
      conflated: 0,
      session: { metadata: { resourceVersion: '51' } },
      changes: [{ type: 'MODIFIED', target: { name: 'api:serve', phase: 'READY' } }],
    });
    server.emit('DELETED', createWithServerState(READY, '60'));
    server.emit('MODIFIED', createWithServerState(FAILED, '59'));
    await gateway.session().until({ connection: { state: 'GONE' }, verdict: { state: 'UNKNOWN' } });

    const { data } = await gateway.query<{ session: { status: { targets: object[] } } }>(HISTORY);
    expect(data.session.status.targets[0]).toEqual({
      name: 'api:serve',
      history: [{ phase: 'READY' }, { phase: 'FAILED' }, { phase: 'READY' }],
    });
    await client.dispose();
  });
});
