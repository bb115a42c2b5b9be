import { expect, it } from 'vitest';
import { startNats } from '../support/nats-server.js';
import { publishFile, serveShortPresenceBucket } from '../support/published-file.js';

it('a wiped NATS store receives the state of a running Session again: LIVE at gateways from before and after', async () => {
  await using nats = await startNats();
  const address = nats.address('wiped');
  await using publisher = await publishFile(address);
  await using early = await serveShortPresenceBucket(address);
  await early.shows('LIVE', 'PASSED');
  await nats.kill();
  await nats.wipe();
  await nats.start();
  await using late = await serveShortPresenceBucket(address);
  for (const gateway of [early, late]) await gateway.shows('LIVE', 'PASSED');
  await publisher.red();
  for (const gateway of [early, late]) await gateway.shows('LIVE', 'FAILED');
});

it('a wiped NATS store receives the result of an ended Session again, with its end time', async () => {
  await using nats = await startNats();
  const address = nats.address('wiped');
  await using publisher = await publishFile(address);
  await publisher.done();
  await using early = await serveShortPresenceBucket(address);
  await early.shows('LIVE', 'PASSED');
  await publisher.remove();
  await early.shows('GONE', 'PASSED');
  const before = await early.sessions();
  await nats.kill();
  await nats.wipe();
  const wipedAt = Date.now();
  await nats.start();
  await using late = await serveShortPresenceBucket(address);
  await late.shows('GONE', 'PASSED');
  const [shown] = await late.sessions();
  expect(Date.parse(shown?.connection.since ?? '')).toBeLessThan(wipedAt);
  expect(shown?.connection.error).toBe(before[0]?.connection.error);
  expect(await early.sessions()).toEqual(before);
});
