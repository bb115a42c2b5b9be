import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { blocksOf, ROOT, readPage } from '../../docs/pages.js';
import { BIN } from '../../support/cli.js';
import { findFreePort } from '../../support/free-port.js';
import { createKubeconfigFolder, writeStoppedKubeconfig } from '../../support/kubeconfig-file.js';
import { createTemporaryFolder } from '../../support/temporary-folder.js';
import { tiltCommandLine } from '../../support/tilt-command.js';

const script =
  blocksOf([readPage('docs/ci-gate.md')]).find(({ code }) => code.includes('kill "$gateway"'))?.code ?? '';

/** Creates a folder for the script, with commands that it finds before those of the system. */
async function createScriptFolder() {
  const folder = await createTemporaryFolder();
  return {
    ...folder,
    async addCommand(name: string, line: string) {
      await folder.write(name, `#!/bin/sh\n${line}\n`);
      await chmod(folder.file(name), 0o755);
    },
    /** Starts the script as it is on the page, in its own process group. */
    start(shell: string, env: Readonly<Record<string, string>> = {}) {
      return spawn(shell, ['-c', script], {
        cwd: folder.path,
        detached: true,
        env: { PATH: `${folder.path}:${process.env.PATH}`, ...env },
      });
    },
    /** Reads the process id that a command wrote to a file. */
    readPid: async (name: string) => Number(await readFile(folder.file(name), 'utf8')),
  };
}

/** Stub that writes its process id and runs until it is ended. */
const endless = (name: string) => `echo $$ > ${name}.pid; exec tail -f /dev/null`;

/** Stub of tilt-graphql whose `wait` ends with this command once both processes have started. */
const waitThat = (end: string) =>
  `[ "$1" = wait ] || { ${endless('gateway')}; }
until [ -s tilt.pid ] && [ -s gateway.pid ]; do sleep 0.01; done
echo $$ > wait.pid
${end}`;

describe('the shell script of docs/ci-gate.md', () => {
  it('the shell script of docs/ci-gate.md succeeds when tilt ci passes', async () => {
    await using folder = await createScriptFolder();
    await using kubeconfig = await createKubeconfigFolder();
    await folder.addCommand('tilt-graphql', `exec '${process.execPath}' '${BIN}' "$@"`);
    // A fake `tilt ci`, because the real one needs a cluster. The script refers to it by its process id.
    const tilt = tiltCommandLine({ kubeconfig: kubeconfig.path, livesMs: 2_000 });
    const line = tilt.map((word) => `'${word}'`).join(' ');
    await folder.addCommand('tilt', `cd '${fileURLToPath(ROOT)}'; exec ${line}`);
    await writeStoppedKubeconfig(kubeconfig.path);
    const port = await findFreePort();
    const child = folder.start('sh', {
      TILT_CONFIG: kubeconfig.path,
      TILT_GRAPHQL_PORT: String(port),
      TILT_GRAPHQL_URL: `http://127.0.0.1:${port}`,
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

  // `sh` is dash on Debian. GitHub Actions runs scripts with `bash -e`.
  describe.each(['sh', 'bash'])('in %s', (shell) => {
    it('the shell script of docs/ci-gate.md ends Tilt and the gateway after a timeout', async () => {
      await using folder = await createScriptFolder();
      await folder.addCommand('tilt', endless('tilt'));
      await folder.addCommand('tilt-graphql', waitThat('exit 124'));
      const child = folder.start(shell);
      try {
        const [said, [code]] = await Promise.all([text(child.stdout), once(child, 'close')]);
        expect([said, code]).toEqual(['unknown: trying again may help\n', 124]);
        for (const name of ['tilt.pid', 'gateway.pid']) {
          const pid = await folder.readPid(name);
          await expect.poll(() => isRunning(pid)).toBe(false);
        }
      } finally {
        endGroup(child.pid);
      }
    });

    it('the shell script of docs/ci-gate.md ends Tilt and the gateway after Ctrl+C', async () => {
      await using folder = await createScriptFolder();
      await folder.addCommand('tilt', endless('tilt'));
      await folder.addCommand('tilt-graphql', waitThat('exec tail -f /dev/null'));
      const child = folder.start(shell);
      try {
        await expect.poll(() => folder.readPid('wait.pid').catch(() => 0)).toBeGreaterThan(0);
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGINT');
        const [code] = await once(child, 'close');
        expect(code).toBe(143);
        for (const name of ['tilt.pid', 'gateway.pid']) {
          const pid = await folder.readPid(name);
          await expect.poll(() => isRunning(pid)).toBe(false);
        }
      } finally {
        endGroup(child.pid);
      }
    });

    it('the shell script of docs/ci-gate.md prints the exit code of a Tilt that no gateway saw', async () => {
      await using folder = await createScriptFolder();
      await folder.addCommand('tilt', 'echo $$ > tilt.pid; exit 5');
      const gone = 'while kill -0 "$(cat tilt.pid)" 2> /dev/null; do sleep 0.01; done; exit 3';
      await folder.addCommand('tilt-graphql', waitThat(gone));
      const child = folder.start(shell);
      try {
        const [said, [code]] = await Promise.all([text(child.stdout), once(child, 'close')]);
        expect(said).toBe('unknown: trying again may help\ntilt ci exited with 5\n');
        expect(code).toBe(3);
      } finally {
        endGroup(child.pid);
      }
    });
  });
});

/** Whether a process exists. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function endGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // All processes of the script have exited.
  }
}
