import { describe, expect, it } from 'vitest';
import { createNkey } from '../support/nats-jwt.js';
import { startNats } from '../support/nats-server.js';
import { logLines, publishFile, serveShortPresenceBucket } from '../support/published-file.js';
import { createTemporaryFolder } from '../support/temporary-folder.js';

const POLL = { timeout: 20_000 };

function passwordConfig(password: string): string {
  return `authorization { user: ci, password: ${password} }`;
}

function nkeyConfig(publicKey: string): string {
  return `authorization { users: [{ nkey: ${publicKey} }] }`;
}

describe('a publisher whose login is rejected repeatedly', () => {
  it('resumes when the broker accepts the password again', async () => {
    await using nats = await startNats({ extraLines: passwordConfig('right') });
    const address = `nats://ci:right@127.0.0.1:${nats.port}/logins`;
    await using publisher = await publishFile(address);
    await using gateway = await serveShortPresenceBucket(address);
    await gateway.shows('LIVE', 'PASSED');

    await nats.reload(passwordConfig('changed'));
    await expect
      .poll(() => logLines(publisher.command, 'WARN').join('\n'), POLL)
      .toMatch(/permission denied by the server .*next try in/);
    await gateway.shows('STALE', 'UNKNOWN');

    await nats.reload(passwordConfig('right'));
    await publisher.red();
    await gateway.shows('LIVE', 'FAILED');
    expect(publisher.command.process.exitCode).toBeNull();
    expect(publisher.command.stderr.match(/broker disconnected/g)).toHaveLength(1);
    expect(publisher.command.stderr).not.toMatch(/right|changed/);
  });

  it('gives the reason when it ends without having written its final state', async () => {
    await using nats = await startNats({ extraLines: passwordConfig('right') });
    const address = `nats://ci:right@127.0.0.1:${nats.port}/ends`;
    await using publisher = await publishFile(address, ['--deadline', '1s']);
    await using gateway = await serveShortPresenceBucket(address);
    await gateway.shows('LIVE', 'PASSED');
    await nats.reload(passwordConfig('changed'));
    await expect.poll(() => publisher.command.stderr, POLL).toMatch(/permission denied .*next try in/);
    publisher.command.process.kill('SIGTERM');
    await publisher.command.exit;
    expect(publisher.command.stderr).toMatch(
      /ERROR ci\.Tiltfile: the final state was not written within 1 s: nats:\S+: permission denied/,
    );
  });

  it('resumes with a new nkey from its file, and so does the gateway', async () => {
    const [old, rotated] = [createNkey(), createNkey()];
    await using folder = await createTemporaryFolder();
    await folder.write('seed', old.seed);
    await using nats = await startNats({ extraLines: nkeyConfig(old.publicKey) });
    const address = nats.address('rotated');
    const login = ['--nats-nkey', folder.file('seed')];
    await using publisher = await publishFile(address, login);
    await using gateway = await serveShortPresenceBucket(address, {}, login);
    await gateway.shows('LIVE', 'PASSED');

    await nats.reload(nkeyConfig(rotated.publicKey));
    await expect
      .poll(() => logLines(publisher.command, 'WARN').join('\n'), POLL)
      .toMatch(/permission denied by the server .*next try in/);
    await folder.replace('seed', rotated.seed);
    await publisher.red();
    await gateway.shows('LIVE', 'FAILED');
  });

  it('exits with code 1 when its first login is rejected', async () => {
    await using nats = await startNats({ extraLines: passwordConfig('right') });
    await using publisher = await publishFile(`nats://ci:wrong@127.0.0.1:${nats.port}/first`);
    expect(await publisher.command.exit).toBe(1);
    expect(publisher.command.stderr).toMatch(/^tilt-graphql: .*permission denied by the server/m);
  });
});
