import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { constants } from 'node:os';
import type { CliProcess } from './cli-process.js';
import { UsageError } from './usage-error.js';

/** The exit codes of a shell for a command that is not there, and for one that cannot be run. */
const NOT_FOUND = 127;
const NOT_RUN = 126;

/**
 * Runs a command with our own input and output, hands it the signals that reach us alone, and resolves with its exit code: as a
 * shell has it, 128 and the number of the signal that ended it, 127 when there is none of that name, 126 when it cannot be run.
 */
export async function runCommand(command: readonly string[], cli: CliProcess): Promise<number> {
  const [file, ...args] = command;
  if (file === undefined) throw new UsageError('expected a command after --');
  const child = spawn(file, args, { stdio: 'inherit' });
  const stopForwarding = forwardSignals(child, cli);
  try {
    return await exitCodeOf(child, file, cli);
  } finally {
    stopForwarding();
  }
}

function exitCodeOf(child: ChildProcess, file: string, cli: CliProcess): Promise<number> {
  return new Promise((resolve) => {
    child.once('error', (error: NodeJS.ErrnoException) => {
      cli.stderr.write(`tilt-graphql: cannot run ${file} (${error.message})\n`);
      resolve(error.code === 'ENOENT' ? NOT_FOUND : NOT_RUN);
    });
    child.once('exit', (code, signal) => {
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
    });
  });
}

function forwardSignals(child: ChildProcess, cli: CliProcess): () => void {
  const forward = (signal: NodeJS.Signals) => child.kill(signal);
  const ignore = () => {};
  const fromTerminal = hasTerminal() ? ignore : forward;
  const handlers = [
    ['SIGTERM', forward],
    ['SIGINT', fromTerminal],
    ['SIGHUP', fromTerminal],
  ] as const;
  for (const [signal, handler] of handlers) cli.on(signal, handler);
  return () => {
    for (const [signal, handler] of handlers) cli.off(signal, handler);
  };
}

/**
 * Whether a terminal controls us, wherever our input and output go. Its Ctrl-C and its end (SIGINT, SIGHUP) come to us and to
 * the command alike, as we are of one process group; a second SIGINT would have `tilt ci` end without its clean-up.
 */
function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return true;
  } catch {
    return false;
  }
}
