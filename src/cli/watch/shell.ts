import { type SpawnOptions, spawn } from 'node:child_process';
import type { Execution } from './exec-queue.js';

/** What {@link createShell} works with. */
export interface ShellOptions {
  readonly command: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where its output goes: to our standard error, or nowhere, while a table is on the screen. */
  readonly output: 'stderr' | 'nowhere';
}

/** Runs a command by the shell each time it is called, with variables beside those of the environment. */
export function createShell({ command, env, output }: ShellOptions) {
  const to = output === 'stderr' ? 2 : 'ignore';
  const options: SpawnOptions = {
    shell: true,
    stdio: ['ignore', to, to],
    detached: process.platform !== 'win32',
  };
  return (variables: Readonly<Record<string, string>>): Execution => {
    const child = spawn(command, { ...options, env: { ...env, ...variables } });
    const ended = new Promise<string | null>((resolve) => {
      child.once('error', (error) => resolve(`--exec cannot be run (${error.message})`));
      child.once('exit', (code, signal) =>
        resolve(code === 0 ? null : `--exec ended with ${signal ?? code}`),
      );
    });
    return { ended, kill: () => void endGroup(child.pid) };
  };
}

/** The shell leads a group of its own: a command that it waits for is to end with it. */
function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(process.platform === 'win32' ? pid : -pid);
  } catch {
    // It has ended by itself.
  }
}
