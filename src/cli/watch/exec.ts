import { type SpawnOptions, spawn } from 'node:child_process';
import { targetKey } from '../../client/changes.js';
import type { TargetFields, TargetsView, VerdictState } from '../../client/client.js';
import { isAnotherRun } from '../../client/run.js';
import { findWaiting } from '../../client/waits.js';
import { messageOf } from '../../lib/errors.js';
import { systemProgram } from '../../lib/windows.js';
import { clusterErrorLine } from '../../model/plain-text.js';
import { statusLine, terminalText } from '../text.js';

/** Event that runs the command of `--exec`. */
export interface Alert {
  /** A new alert replaces a waiting one with the same key. */
  readonly key: string;
  /** Environment variables that describe the event; each is one line. */
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Creates a function that compares each view with the one before, and returns alerts for a changed verdict
 * and for each new failure of a target. The first view gives none. A Session that was missing for a while,
 * for example during a restart of the gateway, is compared with its last known state.
 */
export function createAlerts(): (view: TargetsView) => Alert[] {
  let verdict: VerdictState | null = null;
  let before: TargetsView['session'] = null;
  const failures = new Map<string, string>();

  return (view) => {
    const { session, targets, changes, reset } = view;
    if (session === null) return [];
    const isFirst = verdict === null;
    const touched = reset ? [...targets.values()] : changes.map(({ target }) => target);
    const failed = touched.filter((target) => {
      const key = targetKey(target);
      return hasNewFailure(key, targets.get(key) ?? target);
    });
    const previous = verdict;
    const isOtherRun = isAnotherRun(before, session);
    verdict = session.verdict.state;
    before = session;
    if (isFirst) return [];
    const alerts = failed.map((target) => failureAlert(target, view));
    const hasNewVerdict = previous !== verdict || isOtherRun;
    return previous === null || !hasNewVerdict ? alerts : [...alerts, verdictAlert(view, previous)];
  };

  function hasNewFailure(key: string, { phase, state }: TargetFields): boolean {
    const failure = phase === 'FAILED' ? JSON.stringify(state) : null;
    const isNew = failure !== null && failures.get(key) !== failure;
    if (failure === null) failures.delete(key);
    else failures.set(key, failure);
    return isNew;
  }
}

function failureAlert(target: TargetFields, { session, targets }: TargetsView): Alert {
  const key = targetKey(target);
  return {
    key: `target ${key}`,
    env: toVariables({
      EVENT: 'target-failed',
      SESSION: session?.id,
      VERDICT: session?.verdict.state,
      TARGET: key,
      PHASE: target.phase,
      RESOURCES: target.resources.join(','),
      ERROR: statusLine(target),
      BLOCKS: findWaiting(target.name, targets).join(','),
    }),
  };
}

function verdictAlert({ session, targets }: TargetsView, previous: VerdictState): Alert {
  const { failed, retrying, notReady, waiting } = session?.verdict ?? NO_TARGETS;
  const names = [...failed, ...retrying, ...notReady, ...waiting].map(({ name }) => name);
  const causes = waiting.flatMap(({ name }) => targets.get(name)?.rootCause?.name ?? []);
  return {
    key: 'verdict',
    env: toVariables({
      EVENT: 'verdict',
      SESSION: session?.id,
      VERDICT: session?.verdict.state,
      PREVIOUS_VERDICT: previous,
      FINAL: String(session?.verdict.final ?? false),
      REASON: session?.verdict.reason ?? '',
      BLOCKERS: names.join(','),
      ROOT_CAUSE: failed[0]?.name ?? causes[0] ?? '',
      CLUSTER_ERROR: clusterErrorLine(session?.cluster?.error ?? ''),
    }),
  };
}

const NO_TARGETS = { failed: [], retrying: [], notReady: [], waiting: [] };

/** Maximum length of a variable. Linux cannot run a command with a variable of 128 kB. */
const MAX_VALUE_LENGTH = 4_000;

function toVariables(facts: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(facts).map(([name, fact = '']) => [
      `TILT_GRAPHQL_${name}`,
      shortenLine(terminalText(fact)),
    ]),
  );
}

/** Shortens a long line to its start and, twice as long, its end: the cause of an error is at its end. */
function shortenLine(line: string): string {
  if (line.length <= MAX_VALUE_LENGTH) return line;
  const head = Math.floor(MAX_VALUE_LENGTH / 3);
  return `${line.slice(0, head)}…${line.slice(head + 1 - MAX_VALUE_LENGTH)}`;
}

/** Running command. */
export interface Execution {
  /** Resolves with null on success, or with one line about the failure. Never rejects. */
  readonly ended: Promise<string | null>;
  kill(): void;
}

/** Dependencies of {@link createExecQueue}. */
export interface ExecQueueOptions {
  readonly run: (env: Alert['env']) => Execution;
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
    onError(`--exec is too slow: more than ${MAX_WAITING} events are waiting, the oldest was dropped`);
  }

  async function next(): Promise<void> {
    for (let [alert] = waiting.values(); alert; [alert] = waiting.values()) {
      waiting.delete(alert.key);
      running = run(alert.env);
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
 * Removes what cmd.exe interprets. It expands `%TILT_GRAPHQL_ERROR%` before it parses the line, so an error of
 * a target that contains `" & command` would run that command.
 */
function withoutCmdSyntax(variables: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(variables).map(([name, value]) => [name, value.replace(/["%&|<>^!\r\n]/g, ' ')]),
  );
}

/** Starts a program and does not wait for it. */
export type StartProgram = (file: string, args: readonly string[]) => void;

/**
 * Ends the shell and the command that it waits for: by their process group, or on Windows, which has none, by
 * the tree of their parents. `taskkill` without `/F` only closes windows.
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
