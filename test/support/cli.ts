import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** The published program as one bundle, built by `npm run build`. */
export const BIN = fileURLToPath(new URL('../../dist/bin/tilt-graphql.js', import.meta.url));

/** A running command. Killed at the end of its block (`await using`). */
export interface RunningCommand extends AsyncDisposable {
  readonly process: ChildProcessWithoutNullStreams;
  /** Output so far. */
  readonly stdout: string;
  readonly stderr: string;
  /** Resolves with the match when standard output matches. Rejects if the command exits first. */
  until(pattern: RegExp): Promise<RegExpMatchArray>;
  /** Resolves with the exit code, or null when a signal ended the command. */
  readonly exit: Promise<number | null>;
}

/** Runs `tilt-graphql` in a process of its own, isolated from the Tilts of this machine. */
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
        const check = () => {
          const match = printed.stdout.match(pattern);
          if (match) resolve(match);
        };
        child.stdout.on('data', check);
        child.once('close', () =>
          reject(new Error(`The command exited early: ${printed.stdout}${printed.stderr}`)),
        );
        check();
      }),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await exit;
    },
  };
}

/** Runs a command until it exits. */
export async function runCliToEnd(args: readonly string[], env: Record<string, string> = {}) {
  const command = runCli(args, env);
  command.process.stdin.end();
  const code = await command.exit;
  return { code, stdout: command.stdout, stderr: command.stderr };
}
