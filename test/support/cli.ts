import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** The program as it is published, in one bundle: `npm run build` makes it. */
export const BIN = fileURLToPath(new URL('../../dist/bin/tilt-graphql.js', import.meta.url));

/** A command that runs. Killed at the end of its block (`await using`). */
export interface RunningCommand extends AsyncDisposable {
  readonly process: ChildProcessWithoutNullStreams;
  /** What it has printed so far. */
  readonly stdout: string;
  readonly stderr: string;
  /** Resolves once standard output matches, with the match. Rejects when the command ends before. */
  until(pattern: RegExp): Promise<RegExpMatchArray>;
  /** Resolves with the exit code (null when a signal ended it). */
  readonly exit: Promise<number | null>;
}

/** Runs `tilt-graphql` as its users do, in a process of its own, with nothing of this machine's Tilts. */
export function runCli(args: readonly string[], env: Record<string, string> = {}, bin = BIN): RunningCommand {
  const child = spawn(process.execPath, [bin, ...args], {
    env: { PATH: process.env.PATH, HOME: '/nonexistent', TILT_CONFIG: '/nonexistent/config', ...env },
  });
  const printed = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => {
    printed.stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    printed.stderr += chunk;
  });
  const exit = once(child, 'close').then(([code]: (number | null)[]) => code ?? null);
  return {
    process: child,
    get stdout() {
      return printed.stdout;
    },
    get stderr() {
      return printed.stderr;
    },
    exit,
    until: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const match = printed.stdout.match(pattern);
          if (match) resolve(match);
        };
        child.stdout.on('data', look);
        child.once('close', () => reject(new Error(`It ended: ${printed.stdout}${printed.stderr}`)));
        look();
      }),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await exit;
    },
  };
}

/** Runs a command to its end. */
export async function runCliToEnd(args: readonly string[], env: Record<string, string> = {}) {
  const command = runCli(args, env);
  command.process.stdin.end();
  const code = await command.exit;
  return { code, stdout: command.stdout, stderr: command.stderr };
}
