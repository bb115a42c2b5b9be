import { expect, test } from 'vitest';
import { sessionJson } from '../../support/session-json.js';
import { createTiltServer } from '../../support/tilt-server.js';
import { followTilt } from './follow-tilt.js';

test('smoke', async () => {
  await using server = await createTiltServer({ sessions: [sessionJson()] });
  await using tilt = await followTilt(server);
  await server.until(() => server.openWatches === 1);
  server.put(sessionJson({ status: { done: true } }));
  await tilt.until(() => tilt.count('upsert') === 1);
  expect(tilt.changes.map((c) => c.type)).toEqual(['snapshot', 'upsert']);
  server.endWatches();
  await tilt.until(() => tilt.count('snapshot') === 2);
  await server.until(() => server.openWatches === 1);
  await server.cut('{"half');
  await tilt.until(() => tilt.count('snapshot') === 3);
});
