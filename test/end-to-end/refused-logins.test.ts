import { describe, expect, it } from 'vitest';
import { createNkey } from '../support/nats-jwt.js';
import { startNats } from '../support/nats-server.js';
import { logLines, publishFile, serveShortPresenceBucket } from '../support/published-file.js';
import { createTemporaryFolder } from '../support/temporary-folder.js';

const PATIENCE = { timeout: 20_000 };

function passwordOf(password: string): string {
  return `authorization { user: ci, password: ${password} }`;
}

function nkeyOf(publicKey: string): string {
  return `authorization { users: [{ nkey: ${publicKey} }] }`;
}

describe('a publisher whose login was refused again and again', () => {
  it('goes on when the password at the broker is right again', async () => {
    await using nats = await startNats({ extraLines: passwordOf('right') });
    const address = `nats://ci:right@127.0.0.1:${nats.port}/logins`;
    await using publisher = await publishFile(address);
    await using gateway = await serveShortPresenceBucket(address);
    await gateway.shows('LIVE', 'PASSED');

    await nats.reload(passwordOf('changed'));
    await expect
      .poll(() => logLines(publisher.command, 'WARN').join('\n'), PATIENCE)
      .toMatch(/permission denied by the server .*next try in/);
    await gateway.shows('STALE', 'UNKNOWN');

    await nats.reload(passwordOf('right'));
    await publisher.red();
    await gateway.shows('LIVE', 'FAILED');
    expect(publisher.command.process.exitCode).toBeNull();
    expect(publisher.command.stderr.match(/broker disconnected/g)).toHaveLength(1);
    expect(publisher.command.stderr).not.toMatch(/right|changed/);
  });

  it('goes on with a new nkey from its file, as the gateway does', async () => {
    const [old, rotated] = [createNkey(), createNkey()];
    await using folder = await createTemporaryFolder();
    await folder.write('seed', old.seed);
    await using nats = await startNats({ extraLines: nkeyOf(old.publicKey) });
    const address = nats.address('rotated');
    const login = ['--nats-nkey', folder.file('seed')];
    await using publisher = await publishFile(address, login);
    await using gateway = await serveShortPresenceBucket(address, {}, login);
    await gateway.shows('LIVE', 'PASSED');

    await nats.reload(nkeyOf(rotated.publicKey));
    await expect
      .poll(() => logLines(publisher.command, 'WARN').join('\n'), PATIENCE)
      .toMatch(/permission denied by the server .*next try in/);
    await folder.replace('seed', rotated.seed);
    await publisher.red();
    await gateway.shows('LIVE', 'FAILED');
  });

  it('ends with exit code 1 when its first login is refused', async () => {
    await using nats = await startNats({ extraLines: passwordOf('right') });
    await using publisher = await publishFile(`nats://ci:wrong@127.0.0.1:${nats.port}/first`);
    expect(await publisher.command.exit).toBe(1);
    expect(publisher.command.stderr).toMatch(/^tilt-graphql: .*permission denied by the server/m);
  });
});
