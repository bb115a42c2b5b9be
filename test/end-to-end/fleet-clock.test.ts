import { describe, expect, it } from 'vitest';
import type { BucketGateway } from '../support/bucket-gateway.js';
import { type NatsServer, startNats } from '../support/nats-server.js';
import { type FilePublisher, publishFile, serveShortPresenceBucket } from '../support/published-file.js';
import { openTestBucket } from '../support/test-bucket.js';

interface Parts {
  readonly nats: NatsServer;
  readonly publisher: FilePublisher;
  readonly gateway: BucketGateway;
}

/**
 * Runs a test with a published Session that is LIVE at a gateway. Both processes have a settable wall clock.
 */
async function withFleet(test: (parts: Parts) => Promise<void>): Promise<void> {
  await using nats = await startNats();
  const address = nats.address('clock');
  await using publisher = await publishFile(address, [], settableWallClock());
  await using gateway = await serveShortPresenceBucket(address, settableWallClock());
  await gateway.shows('LIVE', 'PASSED');
  await test({ nats, publisher, gateway });
}

/** Sets the wall clocks of both processes back by one hour. */
function setClocksBack({ publisher, gateway }: Parts): void {
  publisher.command.process.kill('SIGUSR2');
  gateway.command.process.kill('SIGUSR2');
}

describe('a wall clock set back by one hour', () => {
  it('does not keep a Session LIVE after its publisher was killed', () =>
    withFleet(async (parts) => {
      parts.publisher.command.process.kill('SIGKILL');
      setClocksBack(parts);
      await parts.gateway.shows('STALE', 'UNKNOWN');
      expect((await parts.gateway.wait()).code).not.toBe(0);
    }));

  it('does not keep a Session LIVE after its broker was killed', () =>
    withFleet(async (parts) => {
      await parts.nats.kill();
      setClocksBack(parts);
      await parts.gateway.shows('STALE', 'UNKNOWN');
    }));

  it('does not keep a Session LIVE while its broker hangs', () =>
    withFleet(async (parts) => {
      parts.nats.signal('SIGSTOP');
      setClocksBack(parts);
      await parts.gateway.shows('STALE', 'UNKNOWN');
    }));

  it(
    'does not prevent a publisher from writing to a restarted broker',
    () =>
      withFleet(async (parts) => {
        await parts.nats.kill();
        setClocksBack(parts);
        await parts.gateway.shows('STALE', 'UNKNOWN');
        await parts.nats.start();
        await parts.publisher.red();
        await parts.gateway.shows('LIVE', 'FAILED');
      }),
    60_000,
  );

  it('does not affect a running publisher and gateway', () =>
    withFleet(async (parts) => {
      setClocksBack(parts);
      await parts.publisher.red();
      await parts.gateway.shows('LIVE', 'FAILED');
    }));
});

/** Long enough for a gateway to start within it on a busy machine. */
const LONG_PRESENCE_S = 10;

describe('a gateway started after a publisher was killed', () => {
  it('shows its Session as STALE within the presence time of the last heartbeat, not of its own start', async () => {
    await using nats = await startNats();
    const address = nats.address('late');
    const presence = ['--bucket-presence', `${LONG_PRESENCE_S}s`];
    await using publisher = await publishFile(address, presence);
    await using bucket = await openTestBucket(address, { presenceMs: LONG_PRESENCE_S * 1_000 });
    const presenceAt = async () => (await bucket.bucket.presence.get('ci.Tiltfile'))?.created.getTime() ?? 0;
    await expect.poll(presenceAt, { timeout: 10_000 }).toBeGreaterThan(0);
    // The first heartbeat claims the name, before the first state is written.
    await expect.poll(() => bucket.bucket.sessions.get('ci.Tiltfile'), { timeout: 10_000 }).not.toBeNull();
    publisher.command.process.kill('SIGKILL');
    await publisher.command.exit;
    const last = await presenceAt();
    // A gateway that counts from its own start would be 2 s late.
    await expect.poll(() => Date.now() - last, { timeout: 10_000, interval: 10 }).toBeGreaterThan(2_000);
    await using gateway = await serveShortPresenceBucket(address, {}, presence);
    await gateway.shows('STALE', 'UNKNOWN');
    const [session] = await gateway.sessions();
    expect(Date.parse(session?.connection.since ?? '') - last).toBeLessThan((LONG_PRESENCE_S + 1) * 1_000);
  });
});

/**
 * Environment of a Node.js process. `SIGUSR2` sets its wall clock back by an hour; its timers are unaffected.
 */
function settableWallClock(): Record<string, string> {
  return { NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(PATCH)}` };
}

const PATCH = `
  let back = 0;
  const Real = Date;
  const now = () => Real.now() - back;
  globalThis.Date = class Date extends Real {
    constructor(...args) { args.length === 0 ? super(now()) : super(...args); }
    static now() { return now(); }
  };
  process.on('SIGUSR2', () => { back += 3600000; });
`;
