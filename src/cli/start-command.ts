import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { constants } from 'node:os';
import { isSystemError, messageOf } from '../lib/errors.js';
import type { CommandEnd } from '../nats/publish/command-states.js';
import type { CliProcess } from './cli-process.js';
import { UsageError } from './usage-error.js';

/** A command that was started, and that is never left behind: its owner awaits `ended`. */
export interface StartedCommand {
  /** Process id; null when the command could not be run. */
  readonly pid: number | null;
  /** Resolves when the command has ended. Never rejects. */
  readonly ended: Promise<CommandEnd>;
  /** Stops handling signals. Until then signals that would end this process are passed on, or ignored once the command has ended. */
  release(): void;
}

/** Exit codes of a shell for a command that does not exist, and for one that cannot be run. */
const NOT_FOUND = 127;
const NOT_EXECUTABLE = 126;

/**
 * Starts a command with our own input and output, and passes on the signals that only this process receives.
 *
 * @param variables added to its environment
 */
export function startCommand(
  [file, ...args]: readonly string[],
  cli: CliProcess,
  variables: Readonly<Record<string, string>>,
): StartedCommand {
  if (file === undefined) throw new UsageError('expected a command after --');
  try {
    const child = spawn(file, args, { stdio: 'inherit', env: { ...cli.env, ...variables } });
    return { pid: child.pid ?? null, ended: endOf(child), release: forwardSignals(child, cli) };
  } catch (error) {
    // Node.js throws for some codes, such as ENOTDIR, and emits an event for others.
    return { pid: null, ended: Promise.resolve(failureToRun(error)), release: () => {} };
  }
}

/** Exit code as a shell reports it: 128 and the number of the signal, where a signal ended the command. */
function endOf(child: ChildProcess): Promise<CommandEnd> {
  return new Promise((resolve) => {
    child.on('error', (error) => {
      // An error later than at the start is a signal that could not be sent: the command still runs.
      if (child.pid === undefined) resolve(failureToRun(error));
    });
    child.once('exit', (code, signal) => {
      if (signal === null) resolve({ code: code ?? 0, how: `exited with code ${code ?? 0}` });
      else resolve({ code: 128 + constants.signals[signal], how: `was ended by ${signal}` });
    });
  });
}

function failureToRun(error: unknown): CommandEnd {
  const isNotFound = isSystemError(error) && error.code === 'ENOENT';
  return { code: isNotFound ? NOT_FOUND : NOT_EXECUTABLE, how: `could not be run (${messageOf(error)})` };
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
