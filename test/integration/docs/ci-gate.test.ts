import { spawn } from 'node:child_process';
import { chmod } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { blocksOf, ROOT, readPage } from '../../docs/pages.js';
import { BIN } from '../../support/cli.js';
import { findFreePort } from '../../support/free-port.js';
import { createKubeconfigFolder, writeStoppedKubeconfig } from '../../support/kubeconfig-file.js';
import { createTemporaryFolder } from '../../support/temporary-folder.js';
import { tiltCommandLine } from '../../support/tilt-command.js';

describe('the shell script of docs/ci-gate.md', () => {
  it('the shell script of docs/ci-gate.md succeeds when tilt ci passes', async () => {
    const script = blocksOf([readPage('docs/ci-gate.md')]).find(({ code }) =>
      code.includes('kill "$gateway"'),
    )?.code;
    await using folder = await createTemporaryFolder();
    await using kubeconfig = await createKubeconfigFolder();
    const command = async (name: string, line: string) => {
      await folder.write(name, `#!/bin/sh\n${line}\n`);
      await chmod(folder.file(name), 0o755);
    };
    const node = `'${process.execPath}'`;
    await command('tilt-graphql', `exec ${node} '${BIN}' "$@"`);
    // A fake `tilt ci`, because the real one needs a cluster. The script refers to it by its process id.
    const tilt = tiltCommandLine({ kubeconfig: kubeconfig.path, livesMs: 2_000 });
    await command('tilt', `cd '${fileURLToPath(ROOT)}'; exec ${tilt.map((word) => `'${word}'`).join(' ')}`);
    await writeStoppedKubeconfig(kubeconfig.path);
    const port = await findFreePort();
    const child = spawn('sh', ['-c', script ?? ''], {
      cwd: folder.path,
      detached: true, // So that all it has started can be ended with it.
      env: {
        PATH: `${folder.path}:${process.env.PATH}`,
        TILT_CONFIG: kubeconfig.path,
        TILT_GRAPHQL_PORT: String(port),
        TILT_GRAPHQL_URL: `http://127.0.0.1:${port}`,
      },
    });
    try {
      const said = await text(child.stdout);
      expect(said).toContain('reached: ');
      expect(said).toMatch(/^good$/m);
    } finally {
      endGroup(child.pid);
    }
    // The script starts Node.js seven times, which is slow on a busy machine.
  }, 90_000);
});

function endGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // All processes of the script have exited.
  }
}
