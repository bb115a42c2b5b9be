import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { BIN } from './cli.js';

/** What a line of bash has printed where its own output goes, and how it ended. */
export interface ShellResult {
  /** 128 and the number of the signal that ended it, as a shell reports it. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Starts a line of bash that knows the command `tilt-graphql`, and nothing of this machine's Tilts. Its process group is its
 * own: end it with `process.kill(-child.pid)`.
 */
export function startShell(line: string, env: Readonly<Record<string, string>> = {}) {
  const program = `tilt-graphql() { '${process.execPath}' '${BIN}' "$@"; }`;
  return spawn('bash', ['--norc', '-c', `${program}\n${line}`], {
    env: { PATH: process.env.PATH, HOME: '/nonexistent', TILT_CONFIG: '/nonexistent/config', ...env },
    detached: true,
  });
}

/** Collects what a child prints, until it has ended and closed its streams. */
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

/** Runs a line of bash to its end, with nothing on standard input. */
export async function runShell(
  line: string,
  env: Readonly<Record<string, string>> = {},
): Promise<ShellResult> {
  const child = startShell(line, env);
  child.stdin.end();
  return collectOutput(child);
}
