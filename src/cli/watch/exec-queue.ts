import { type SpawnOptions, spawn } from 'node:child_process';
import type { Alert } from './alerts.js';

/** A command that runs. */
export interface Execution {
  /** How it ended: null for well, or else a line about it. Never rejects. */
  readonly ended: Promise<string | null>;
  kill(): void;
}

/** What {@link createExecQueue} works with. */
export interface ExecQueueOptions {
  readonly run: (env: Alert['env']) => Execution;
  /** Is told of a command that did not end well, and of alerts that were dropped, in one line. */
  readonly onTrouble: (message: string) => void;
}

/** Runs a command for each alert, one after the other. */
export interface ExecQueue {
  /** Takes an alert, and returns at once. */
  add(alert: Alert): void;
  /** Forgets what waits, and ends what runs. */
  close(): void;
}

/** How many alerts may wait; with one more, the oldest is dropped. */
const MOST_WAITING = 100;

/**
 * Makes a queue: one command at a time, the others wait in order. An alert takes the place of one with its key that still
 * waits: of a target that fails again and again the newest failure is told.
 */
export function createExecQueue({ run, onTrouble }: ExecQueueOptions): ExecQueue {
  const waiting = new Map<string, Alert>();
  let running: Execution | null = null;
  let isClosed = false;

  return {
    add(alert) {
      if (isClosed) return;
      waiting.delete(alert.key);
      waiting.set(alert.key, alert);
      if (waiting.size > MOST_WAITING) dropOldest();
      if (running === null) void next();
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
    onTrouble(`--exec is slower than what happens: more than ${MOST_WAITING} wait, the oldest was dropped`);
  }

  async function next(): Promise<void> {
    for (let [alert] = waiting.values(); alert; [alert] = waiting.values()) {
      waiting.delete(alert.key);
      running = run(alert.env);
      const trouble = await running.ended;
      if (trouble !== null && !isClosed) onTrouble(trouble);
    }
    running = null;
  }
}

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
