import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { createProcessReader } from '../../../src/nats/publish/process-list.js';

/** A process named `x) (y` that waits for its end, as the name of a program may be anything. */
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
    'has the parent of a process, and when that was started, as on %s',
    async (platform) => {
      await using child = await startChild();
      const { list } = createProcessReader(platform);
      const [before, after] = [await list(), await list()];
      expect(before.get(child.pid)).toMatchObject({ parent: process.pid, startedAt: expect.any(String) });
      expect(after.get(child.pid)).toEqual(before.get(child.pid));
      expect(before.get(process.pid)?.parent).toBe(process.ppid);
    },
  );

  it('is empty on Windows, where only the command itself is known', async () => {
    expect(await createProcessReader('win32').list()).toEqual(new Map());
  });

  it('tells on Linux whether a process was started with a variable, and nothing of one that has ended', async () => {
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
