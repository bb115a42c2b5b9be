import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/lib/clock.js';
import { createNatsProvider } from '../../../src/nats/nats-provider.js';
import { openDisposableClient } from '../../support/disposable-client.js';
import { startGateway } from '../../support/gateway.js';
import { startNats } from '../../support/nats-server.js';
import { session } from '../../support/sessions.js';
import { openTestBucket } from '../../support/test-bucket.js';

const ID = 'ci/Tiltfile';
const PATIENCE = { timeout: 20_000 };
const SETTINGS = { presenceMs: 60_000, history: 64 };

/** Runs a wait, and reads all verdicts of a Session, at a gateway whose broker is away. */
async function openReaders(address: string) {
  const provider = createNatsProvider({ address, clock: systemClock });
  const gateway = await startGateway({ providers: [provider] });
  const client = openDisposableClient({ url: gateway.url });
  const verdicts: string[] = [];
  const reading = (async () => {
    for await (const { session: shown } of client.watchTargets({ session: ID })) {
      if (shown) verdicts.push(`${shown.connection.state} ${shown.verdict.state}`);
    }
  })();
  await expect.poll(() => gateway.gateway.readers, PATIENCE).toBe(1);
  const outcome = client.waitFor({ session: ID, for: 'ready', maxAgeMs: 60_000, timeoutMs: 120_000 });
  let result: string | null = null;
  outcome.then(
    (settled) => {
      result = settled.result;
    },
    () => {},
  );
  await expect.poll(() => gateway.gateway.readers, PATIENCE).toBeGreaterThan(1);
  return {
    verdicts,
    outcome,
    result: () => result,
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]();
      await reading;
      await gateway[Symbol.asyncDispose]();
    },
  };
}

describe('a gateway that reads its bucket while clients wait', () => {
  it('shows them the newest state only, and none that the bucket still keeps', async () => {
    await using nats = await startNats();
    const address = nats.address('old');
    await using bucket = await openTestBucket(address, SETTINGS);
    for (const [index, api] of (['running', 'ready', 'failed'] as const).entries()) {
      await bucket.put(session('ci', { api }, { resourceVersion: String(index + 1) }));
    }
    await nats.kill();
    await using readers = await openReaders(address);
    await nats.start();
    await expect.poll(() => readers.verdicts.length, PATIENCE).toBeGreaterThan(0);
    await expect
      .poll(() => bucket.put(session('ci', { api: 'failed' }, { resourceVersion: '4' })), PATIENCE)
      .toBeGreaterThan(0);
    expect(await readers.outcome).toMatchObject({ result: 'failed' });
    expect(readers.verdicts.filter((verdict) => verdict === 'LIVE PASSED')).toEqual([]);
  });

  it('shows them no earlier run as the present one', async () => {
    await using nats = await startNats();
    const address = nats.address('runs');
    await using bucket = await openTestBucket(address, SETTINGS);
    await bucket.put(session('ci', { api: 'ready' }, { uid: 'earlier' }));
    await bucket.put(session('ci', { api: 'waiting' }, { uid: 'present' }));
    await nats.kill();
    await using readers = await openReaders(address);
    await nats.start();
    await expect.poll(() => readers.verdicts.length, PATIENCE).toBeGreaterThan(0);
    await expect
      .poll(
        () => bucket.put(session('ci', { api: 'failed' }, { uid: 'present', resourceVersion: '9' })),
        PATIENCE,
      )
      .toBeGreaterThan(0);
    expect(await readers.outcome).toMatchObject({ result: 'failed', run: { uid: 'present' } });
    expect(readers.verdicts.filter((verdict) => verdict === 'LIVE PASSED')).toEqual([]);
  });

  it('shows a Session whose publisher is dead as STALE from the first moment', async () => {
    await using nats = await startNats();
    const address = nats.address('dead');
    await using bucket = await openTestBucket(address, { ...SETTINGS, presenceMs: 1_000 });
    await bucket.put(session('ci', { api: 'ready' }));
    await nats.kill();
    await using readers = await openReaders(address);
    await nats.start();
    await expect.poll(() => readers.verdicts, PATIENCE).toContain('STALE UNKNOWN');
    expect(readers.verdicts.filter((verdict) => verdict.startsWith('LIVE'))).toEqual([]);
    expect(readers.result()).toBeNull();
  });
});
