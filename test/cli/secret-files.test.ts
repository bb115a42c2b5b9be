import { chmod } from 'node:fs/promises';
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { readGatewayFiles } from '../../src/cli/gateway-files.js';
import { addOptions } from '../../src/cli/options/option.js';
import { serveOptions } from '../../src/cli/options/serve.js';
import { warnOfOpenSecrets } from '../../src/cli/secret-files.js';
import type { Log } from '../../src/lib/log.js';
import { createTemporaryFolder } from '../support/temporary-folder.js';

function createRecorder() {
  const lines: string[] = [];
  const log: Log = (level, message) => void lines.push(`${level} ${message}`);
  return { lines, log };
}

/** Reads the files that the options of this command line name. */
function readFiles(args: readonly string[], log: Log) {
  const command = new Command().exitOverride();
  const flags = addOptions(command, serveOptions);
  command.parse(args, { from: 'user' });
  return readGatewayFiles(flags, {}, log);
}

// Windows has no modes.
describe.skipIf(process.platform === 'win32')('files with secrets', () => {
  it('the gateway warns at its start of a token file that every user of the machine can read', async () => {
    await using folder = await createTemporaryFolder();
    const { lines, log } = createRecorder();
    await folder.write('token', 'known-to-its-clients\n');
    await chmod(folder.file('token'), 0o644);
    const files = await readFiles(['--token-file', folder.file('token')], log);
    expect(files.token).toBe('known-to-its-clients');
    const path = folder.file('token');
    expect(lines).toEqual([
      `warn --token-file ${path}: every user of this machine can access this secret (mode 0644); run: chmod o= ${path}`,
    ]);
  });

  it.each([
    ['0600', 0],
    ['0640', 0],
    ['0440', 0],
    ['0604', 1],
    ['0602', 1],
    ['0644', 1],
  ])('a secret with mode %s causes %d warnings', async (mode, warnings) => {
    await using folder = await createTemporaryFolder();
    const { lines, log } = createRecorder();
    await folder.write('key', 'secret');
    await chmod(folder.file('key'), Number.parseInt(mode, 8));
    await warnOfOpenSecrets({ '--tls-key': folder.file('key') }, log);
    expect(lines).toHaveLength(warnings);
  });

  it('no warning is written for a missing file, a folder, an option without a file, and on Windows', async () => {
    await using folder = await createTemporaryFolder();
    const { lines, log } = createRecorder();
    await chmod(folder.path, 0o755);
    await warnOfOpenSecrets({ '--nats-creds': folder.file('none'), '--nats-nkey': undefined }, log);
    await warnOfOpenSecrets({ '--tls-key': folder.path }, log);
    await folder.write('token', 'secret');
    await chmod(folder.file('token'), 0o644);
    await warnOfOpenSecrets({ '--token-file': folder.file('token') }, log, 'win32');
    expect(lines).toEqual([]);
  });
});
