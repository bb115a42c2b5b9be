import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { createDescendants } from '../../../src/nats/publish/descendants.js';
import { createProcessReader } from '../../../src/nats/publish/processes.js';

/** A waiting process named `x) (y`, because names of programs may contain any character. */
async function startChild() {
  const script = "process.title = 'x) (y'; console.log('ready'); process.stdin.resume();";
  const child = spawn(process.execPath, ['-e', script], { env: { MARK: 'of this test' } });
  await once(child.stdout, 'data');
  const exited = once(child, 'exit');
  return {
    pid: child.pid ?? 0,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

describe('the list of processes', () => {
  it.each(['linux', 'darwin'] as const)(
    'contains the parent and the start time of a process on %s',
    async (platform) => {
      await using child = await startChild();
      const { list } = createProcessReader(platform);
      const [before, after] = [await list(), await list()];
      expect(before.get(child.pid)).toMatchObject({ parent: process.pid, startedAt: expect.any(String) });
      expect(after.get(child.pid)).toEqual(before.get(child.pid));
      expect(before.get(process.pid)?.parent).toBe(process.ppid);
    },
  );

  it('is read on Windows with PowerShell of the system folder', async () => {
    const programs: string[] = [];
    const { list, sampleMs } = createProcessReader('win32', async (file, args) => {
      programs.push(`${file} ${args.slice(0, 3).join(' ')}`);
      return WINDOWS_LIST;
    });
    expect((await list()).get(42)).toEqual({ parent: 41, startedAt: '134061987000000002' });
    expect(programs).toEqual([
      expect.stringMatching(/^[A-Z]:\\.*\\System32\\.*\\powershell.exe -NoProfile -NonInteractive -Command$/),
    ]);
    expect(sampleMs).toBe(60_000);
  });

  it('contains the Tilt that a Scoop shim has started as a child of the shim on Windows', async () => {
    const { list } = createProcessReader('win32', async () => WINDOWS_LIST);
    const processes = await list();
    expect([41, 42, 43].map((pid) => createDescendants(41).has(pid, processes))).toEqual([true, true, false]);
  });

  it('finds a variable in the environment of a process on Linux, but not of one that has ended', async () => {
    const { hasVariable } = createProcessReader('linux');
    const child = await startChild();
    expect(hasVariable(child.pid, 'MARK', 'of this test')).toBe(true);
    expect(hasVariable(child.pid, 'MARK', 'of this')).toBe(false);
    expect(hasVariable(child.pid, 'ARK', 'of this test')).toBe(false);
    await child[Symbol.asyncDispose]();
    expect(hasVariable(child.pid, 'MARK', 'of this test')).toBe(false);
    expect(createProcessReader('darwin').hasVariable(process.pid, 'PATH', process.env.PATH ?? '')).toBe(
      false,
    );
  });
});

/** Process 41 is a shim, 42 its Tilt. Process 43 is older than 41, which has the id of its parent. */
const WINDOWS_LIST = [
  '4 0 134061000000000000',
  '41 4 134061987000000001',
  '42 41 134061987000000002',
  '43 41 134061987000000000',
  '',
].join('\r\n');
