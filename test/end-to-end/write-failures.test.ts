import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { runCli } from '../support/cli.js';
import { startNats } from '../support/nats-server.js';
import { logLines, publishFile, serveShortPresenceBucket } from '../support/published-file.js';
import { session } from '../support/sessions.js';
import { openTestBucket, type TestBucket } from '../support/test-bucket.js';
import { startPublisher } from '../support/test-publisher.js';

const POLL = { timeout: 20_000 };

/** Limits the size of further values in the bucket, or seals it. */
async function limit({ bucket }: TestBucket, change: 'max_msg_size' | 'sealed'): Promise<void> {
  const { config } = await bucket.manager.streams.info(bucket.sessionStream);
  const limits = change === 'sealed' ? { sealed: true } : { max_msg_size: 8_192 };
  await bucket.manager.streams.update(bucket.sessionStream, { ...config, ...limits });
}

function account(limits: string): string {
  return `accounts { A: { jetstream: { ${limits} }, users: [{ user: a, password: a }] } }\nno_auth_user: a`;
}

describe('a publisher that cannot write the newest state', { timeout: 60_000 }, () => {
  it.each([
    {
      what: 'in a full account',
      more: account('max_mem: 10M, max_store: 64K'),
      words: /insufficient|exceeded/,
    },
    { what: 'above max_payload', more: 'max_payload: 16K', words: /payload/ },
    {
      what: 'above the maximum value size of its bucket',
      change: 'max_msg_size',
      words: /message size exceeds/,
    },
    { what: 'in a sealed bucket', change: 'sealed', words: /sealed/ },
  ] as const)(
    '$what stops its heartbeats: STALE at every gateway, one warning, and `wait` does not succeed',
    async (given) => {
      await using nats = await startNats('more' in given ? { extraLines: given.more } : {});
      const address = nats.address('states');
      await using publisher = await publishFile(address);
      await using early = await serveShortPresenceBucket(address);
      await early.shows('LIVE', 'PASSED');
      expect((await early.wait()).code).toBe(0);
      await using bucket = await openTestBucket(address, { presenceMs: 3_000 });
      if ('change' in given) await limit(bucket, given.change);

      await publisher.red(200_000);
      await early.shows('STALE', 'UNKNOWN');
      await using late = await serveShortPresenceBucket(address);
      await late.shows('STALE', 'UNKNOWN');
      for (const gateway of [early, late]) expect((await gateway.wait()).code).not.toBe(0);
      const warnings = logLines(publisher.command, 'WARN');
      expect(warnings).toEqual([expect.stringMatching(/ci\.Tiltfile: its newest state cannot be written: /)]);
      expect(warnings[0]).toMatch(given.words);

      if (given.what === 'in a sealed bucket') return;
      await publisher.green();
      for (const gateway of [early, late]) await gateway.shows('LIVE', 'PASSED');
      await expect
        .poll(() => logLines(publisher.command, 'INFO').join('\n'), POLL)
        .toMatch(/ci\.Tiltfile: its newest state is written again/);
    },
  );

  it('does not make the state of an earlier publisher LIVE again', async () => {
    await using nats = await startNats({ extraLines: 'max_payload: 16K' });
    const address = nats.address('before');
    await using gateway = await serveShortPresenceBucket(address);
    await using bucket = await openTestBucket(address, { presenceMs: 3_000 });
    {
      await using _killed = await publishFile(address);
      await gateway.shows('LIVE', 'PASSED');
    }
    await gateway.shows('STALE', 'UNKNOWN');
    const before = await gateway.sessions();
    await using publisher = await publishFile(address, [], {}, 200_000);
    const presence = async () => (await bucket.bucket.presence.get('ci.Tiltfile'))?.string() ?? null;
    await expect.poll(() => logLines(publisher.command, 'WARN'), POLL).toHaveLength(1);
    await expect.poll(presence, POLL).toBeNull();
    expect(await gateway.sessions()).toEqual(before);
  });

  it('reports a failed write of its first state too', async () => {
    await using nats = await startNats({ extraLines: 'max_payload: 16K' });
    const address = nats.address('first');
    await using publisher = await publishFile(address, [], {}, 200_000);
    await expect
      .poll(() => logLines(publisher.command, 'WARN').join('\n'), POLL)
      .toMatch(/ci\.Tiltfile: its newest state cannot be written: .*exceeds the maximum message size/);
  });
});

describe('a gateway that reads a bucket', () => {
  it('shows one of several Sessions as STALE when its newest state cannot be written, and the others as LIVE', async () => {
    await using nats = await startNats({ extraLines: 'max_payload: 16K' });
    const address = nats.address('several');
    const settings = { presenceMs: 2_000 };
    await using one = startPublisher({ address, settings, sessions: [session('a'), session('b')] });
    await using gateway = await serveShortPresenceBucket(address, {}, ['--bucket-presence', '2s']);
    const states = async () =>
      (await gateway.sessions()).map(({ id, connection }) => `${id} ${connection.state}`);
    await expect.poll(states, POLL).toEqual(['a/Tiltfile LIVE', 'b/Tiltfile LIVE']);
    const error = randomBytes(60_000).toString('hex');
    one.put(session('a', {}, { resourceVersion: '2', status: { error } }));
    await expect.poll(states, POLL).toEqual(['a/Tiltfile STALE', 'b/Tiltfile LIVE']);
    one.put(session('a', {}, { resourceVersion: '3' }));
    await expect.poll(states, POLL).toEqual(['a/Tiltfile LIVE', 'b/Tiltfile LIVE']);
    expect(one.lines.filter((line) => line.startsWith('warn '))).toHaveLength(1);
  });

  it('names the key of a value that it cannot read', async () => {
    await using nats = await startNats();
    const address = nats.address('unreadable');
    await using bucket = await openTestBucket(address, { presenceMs: 3_000 });
    await bucket.bucket.sessions.put('ci.Tiltfile', '{"version":9}');
    await using gateway = await serveShortPresenceBucket(address);
    const sources = async () => JSON.stringify(await gateway.query('{ gateway { sources { error } } }'));
    await expect.poll(sources, POLL).toContain('ci.Tiltfile: version: expected version 1, got 9');
  });
});

describe('an account that does not allow creating the bucket', () => {
  it.each([
    ['max_bytes_required', 'max_mem: 10M, max_store: 10M, max_bytes_required: true', /--bucket-max-bytes/],
    ['max_streams', 'max_mem: 10M, max_store: 10M, max_streams: 1', /raise max_streams/],
    ['no memory', 'max_mem: 0, max_store: 10M', /needs memory: raise max_mem/],
  ])('ends `publish` with one line: %s', async (_, limits, line) => {
    await using nats = await startNats({ extraLines: account(limits) });
    await using publisher = await publishFile(nats.address('none'));
    expect(await publisher.command.exit).toBe(2);
    expect(publisher.command.stderr).toMatch(line);
    expect(publisher.command.stderr.match(/cannot create the bucket/g)).toHaveLength(1);
  });

  it('is reported once by `publish -- COMMAND`, which claims no result and exits with the code of the command', async () => {
    const limits = 'max_mem: 10M, max_store: 10M, max_streams: 1';
    await using nats = await startNats({ extraLines: account(limits) });
    const flags = ['publish', '--to', nats.address('none'), '--instance', 'ci'];
    await using publisher = runCli([...flags, '--', 'sh', '-c', 'read end; exit 7']);
    await expect.poll(() => logLines(publisher, 'ERROR'), POLL).toHaveLength(1);
    publisher.process.stdin.end('end\n');
    expect(await publisher.exit).toBe(7);
    expect(logLines(publisher, 'ERROR')).toEqual([expect.stringMatching(/raise max_streams/)]);
    expect(logLines(publisher, 'WARN')).toEqual([]);
  });

  it('accepts the bucket with the size of --bucket-max-bytes when it requires one', async () => {
    const limits = 'max_mem: 10M, max_store: 10M, max_bytes_required: true';
    await using nats = await startNats({ extraLines: account(limits) });
    const address = nats.address('sized');
    await using publisher = await publishFile(address, ['--bucket-max-bytes', '4M']);
    await using gateway = await serveShortPresenceBucket(address);
    await gateway.shows('LIVE', 'PASSED');
    await using bucket = await openTestBucket(address, { presenceMs: 3_000, maxBytes: 4 * 2 ** 20 });
    expect((await bucket.bucket.sessions.status()).streamInfo.config.max_bytes).toBe(4 * 2 ** 20);
    expect(logLines(publisher.command, 'WARN')).toEqual([]);
  });
});
