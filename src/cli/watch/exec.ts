import { type SpawnOptions, spawn } from 'node:child_process';
import { messageOf } from '../../lib/errors.js';
import { systemProgram } from '../../lib/windows.js';
import type { Alert } from './alerts.js';

/** Running command. */
export interface Execution {
  /** Resolves with null on success, or with one line about the failure. Never rejects. */
  readonly ended: Promise<string | null>;
  kill(): void;
}

/** Dependencies of {@link createExecQueue}. */
export interface ExecQueueOptions {
  readonly run: (alert: Alert) => Execution;
  /** Called with one line about a failed command or a dropped alert. */
  readonly onError: (message: string) => void;
}

/** Runs a command for each alert, one at a time. */
export interface ExecQueue {
  /** Adds an alert. Does not wait for its command. */
  add(alert: Alert): void;
  /** Drops the waiting alerts and ends the running command. */
  close(): void;
}

/** Maximum number of waiting alerts. Beyond it, the oldest is dropped. */
const MAX_WAITING = 100;

/**
 * Creates a queue that runs one command at a time, in order. An alert replaces a waiting one with the same
 * key, so that only the newest failure of a target is reported.
 */
export function createExecQueue({ run, onError }: ExecQueueOptions): ExecQueue {
  const waiting = new Map<string, Alert>();
  let running: Execution | null = null;
  let isClosed = false;

  return {
    add(alert) {
      if (isClosed) return;
      waiting.delete(alert.key);
      waiting.set(alert.key, alert);
      if (waiting.size > MAX_WAITING) dropOldest();
      if (running === null) void runWaiting();
    },
    close() {
      isClosed = true;
      waiting.clear();
      running?.kill();
    },
  };

  function dropOldest(): void {
    const [oldest] = waiting.keys();
    if (oldest !== undefined) waiting.delete(oldest);
    onError(`--exec is too slow: more than ${MAX_WAITING} events are waiting, the oldest was dropped`);
  }

  async function runWaiting(): Promise<void> {
    for (let [alert] = waiting.values(); alert; [alert] = waiting.values()) {
      waiting.delete(alert.key);
      running = run(alert);
      const failure = await running.ended;
      if (failure !== null && !isClosed) onError(failure);
    }
    running = null;
  }
}

/** Options of {@link createShell}. */
export interface ShellOptions {
  readonly command: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Destination of the command's output. `ignore` while a table is on the screen. */
  readonly output: 'stderr' | 'ignore';
  /** Default: the platform of this process. */
  readonly platform?: NodeJS.Platform;
}

/** Creates a function that runs a shell command with additional environment variables. */
export function createShell({ command, env, output, platform = process.platform }: ShellOptions) {
  const to = output === 'stderr' ? 2 : 'ignore';
  const options: SpawnOptions = {
    shell: true,
    stdio: ['ignore', to, to],
    detached: platform !== 'win32',
  };
  return (variables: Readonly<Record<string, string>>): Execution => {
    const facts = platform === 'win32' ? withoutCmdSyntax(variables) : variables;
    const child = spawn(command, { ...options, env: { ...env, ...facts } });
    const ended = new Promise<string | null>((resolve) => {
      child.once('error', (error) => resolve(`--exec could not be run (${messageOf(error)})`));
      child.once('exit', (code, signal) =>
        resolve(code === 0 ? null : `--exec ended with ${signal === null ? `exit code ${code}` : signal}`),
      );
    });
    return { ended, kill: () => endTree(child.pid, platform) };
  };
}

/**
 * Removes what cmd.exe interprets. It expands `%TILT_GRAPHQL_ERROR%` before it parses the line, so an error
 * of a target that contains `" & command` would run that command.
 */
function withoutCmdSyntax(variables: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(variables).map(([name, value]) => [name, value.replace(/["%&|<>^!\r\n]/g, ' ')]),
  );
}

/** Starts a program and does not wait for it. */
export type StartProgram = (file: string, args: readonly string[]) => void;

/**
 * Ends the shell and the command that it waits for. Signals their process group; on Windows, which has no
 * process groups, `taskkill /T` ends the process tree. Without `/F` it would not end console programs.
 */
export function endTree(
  pid: number | undefined,
  platform: NodeJS.Platform,
  start: StartProgram = startProgram,
): void {
  if (pid === undefined) return;
  if (platform === 'win32') {
    start(systemProgram('taskkill.exe', process.env), ['/PID', String(pid), '/T', '/F']);
    return;
  }
  try {
    process.kill(-pid);
  } catch {
    // The group has already ended.
  }
}

function startProgram(file: string, args: readonly string[]): void {
  const child = spawn(file, args, { stdio: 'ignore', windowsHide: true });
  // Without taskkill, the command continues.
  child.on('error', () => {});
  child.unref();
}
