import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { BIN } from './cli.js';

/** Output and exit code of a bash command line. */
export interface ShellResult {
  /** Exit code. 128 plus the signal number if a signal ended the command. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Starts a bash command line that can call `tilt-graphql`, isolated from the Tilts of this machine. It has
 * its own process group: end it with `process.kill(-child.pid)`.
 */
export function startShell(line: string, env: Readonly<Record<string, string>> = {}) {
  const program = `tilt-graphql() { '${process.execPath}' '${BIN}' "$@"; }`;
  return spawn('bash', ['--norc', '-c', `${program}\n${line}`], {
    env: { PATH: process.env.PATH, HOME: '/nonexistent', TILT_CONFIG: '/nonexistent/config', ...env },
    detached: true,
  });
}

/** Collects the output of a child until it has exited and closed its streams. */
export async function collectOutput(child: ChildProcessWithoutNullStreams): Promise<ShellResult> {
  const printed = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => {
    printed.stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    printed.stderr += chunk;
  });
  const [code] = await once(child, 'close');
  return { code: Number(code), ...printed };
}

/** Runs a bash command line until it exits, with empty standard input. */
export async function runShell(
  line: string,
  env: Readonly<Record<string, string>> = {},
): Promise<ShellResult> {
  const child = startShell(line, env);
  child.stdin.end();
  return collectOutput(child);
}
