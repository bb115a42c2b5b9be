import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { constants } from 'node:os';
import { sleep } from '../lib/clock.js';
import { isSystemError, messageOf } from '../lib/errors.js';
import type { Log } from '../lib/log.js';
import type { Broker } from '../nats/publish/broker.js';
import {
  type CommandEnd,
  type CommandPublisher,
  type CommandPublisherOptions,
  type CommandRun,
  createCommandPublisher,
} from '../nats/publish/command-publisher.js';
import { RUN_VARIABLE } from '../nats/publish/own-runs.js';
import { createProcessReader } from '../nats/publish/processes.js';
import type { PublisherOptions } from '../nats/publish/publisher.js';
import { ProviderError } from '../providers/provider.js';
import type { Store } from '../store/store.js';
import { describeMissing, toSpawnArguments } from './batch-file.js';
import { type CliProcess, WINDOWS_SIGNALS } from './cli-process.js';
import type { PublishFlags } from './options/publish.js';
import { UsageError } from './usage-error.js';

/** Dependencies of publishing, with a command and without. */
export type PublishParts = PublisherOptions & { readonly store: Store };

/** Dependencies of {@link publishCommand}. */
export interface PublishCommandParts
  extends PublishParts,
    Pick<CommandPublisherOptions, 'explicitSources' | 'followsTilts'> {
  readonly cli: CliProcess;
  readonly options: Pick<PublishFlags['publish'], 'instance' | 'deadlineMs'>;
}

/** Maximum time for the Tilt of a command that has ended to close its connection, in milliseconds. */
const CLOSE_TIMEOUT_MS = 2_000;

/** Exit codes of a shell: command not found, and command not executable. */
const NOT_FOUND = 127;
const NOT_EXECUTABLE = 126;

/**
 * Runs a command, publishes its Sessions, and resolves with the command's exit code. Errors while publishing
 * are logged and do not change the exit code.
 */
export async function publishCommand(words: readonly string[], parts: PublishCommandParts): Promise<number> {
  const warning = orphanWarning(process.pid);
  if (warning !== null) parts.log('warn', warning);
  const startTime = new Date(parts.clock.now()).toISOString();
  const uid = randomUUID();
  const command = startCommand(words, parts.cli, { [RUN_VARIABLE]: uid });
  try {
    const run = { uid, pid: command.pid, startTime };
    await publishRun(run, command.ended, parts).catch((error) =>
      parts.log('error', 'internal error: the command is not published', { error }),
    );
    const { code, how } = await command.ended;
    if (command.pid === null) parts.cli.stderr.write(`tilt-graphql: the command ${how}\n`);
    return code;
  } finally {
    command.release();
  }
}

/**
 * Warning for process 1 of a container; null for any other process. Orphaned processes become children of
 * process 1, and Node.js reaps only processes that it started itself: the others stay as zombies.
 */
export function orphanWarning(pid: number): string | null {
  if (pid !== 1) return null;
  return 'this is process 1, which cannot reap orphaned processes of the command: start the container with --init';
}

async function publishRun(
  run: CommandRun,
  ended: Promise<CommandEnd>,
  parts: PublishCommandParts,
): Promise<void> {
  const { options, log } = parts;
  const instance = options.instance ?? null;
  parts.broker.bucket().catch((error) => {
    if (error instanceof ProviderError) log('error', error.message, { code: error.code });
  });
  const publisher = createCommandPublisher({ ...parts, run, instance, processes: createProcessReader() });
  const end = await ended;
  await waitUntilSettled(publisher, parts);
  const unwritten = await publisher.close(end, options.deadlineMs);
  logUnwritten(unwritten, options.deadlineMs, parts.broker, log);
}

/** Logs the keys whose final state the broker did not accept. */
export function logUnwritten(
  keys: readonly string[],
  deadlineMs: number,
  { isDown, problem }: Pick<Broker, 'isDown' | 'problem'>,
  log: Log,
): void {
  const reason = isDown
    ? `: ${problem ?? 'the broker is unreachable'}`
    : '; readers keep the last state that was written';
  for (const key of keys) {
    log('error', `${key}: the final state was not written within ${deadlineMs / 1_000} s${reason}`);
  }
}

/** Resolves when the last messages of the command's Tilt have arrived, or after {@link CLOSE_TIMEOUT_MS}. */
async function waitUntilSettled(
  publisher: CommandPublisher,
  { store, clock }: PublishCommandParts,
): Promise<void> {
  const settled = new AbortController();
  const check = () => {
    if (publisher.isSettled) settled.abort();
  };
  const stops = [store.subscribe(check), store.onSources(check)];
  check();
  await sleep(clock, CLOSE_TIMEOUT_MS, settled.signal);
  for (const stop of stops) stop();
}

/** Command that was started. Its owner awaits `ended`, so that the command is never left behind. */
interface StartedCommand {
  /** Process id; null when the command could not be run. */
  readonly pid: number | null;
  /** Resolves when the command has ended. Never rejects. */
  readonly ended: Promise<CommandEnd>;
  /**
   * Removes the signal handlers. Until then, signals that would end this process are forwarded to the
   * command, or ignored once the command has ended.
   */
  release(): void;
}

/**
 * Starts a command that inherits standard input and output. Forwards signals to it, except those that the
 * terminal sends to both processes.
 *
 * @param variables additions to its environment
 */
function startCommand(
  [file, ...args]: readonly string[],
  cli: CliProcess,
  variables: Readonly<Record<string, string>>,
): StartedCommand {
  if (file === undefined) throw new UsageError('expected a command after --');
  try {
    const { args: given, ...command } = toSpawnArguments(file, args, process.platform, cli.env);
    const { windowsVerbatimArguments } = command;
    const env = { ...cli.env, ...variables };
    const child = spawn(command.file, given, { stdio: 'inherit', env, windowsVerbatimArguments });
    return { pid: child.pid ?? null, ended: waitForEnd(child, file), release: forwardSignals(child, cli) };
  } catch (error) {
    if (error instanceof UsageError) throw error;
    // Node.js throws for some codes, such as ENOTDIR, and emits an event for others.
    return { pid: null, ended: Promise.resolve(failureToRun(error, file)), release: () => {} };
  }
}

/**
 * Resolves with the exit code as a shell reports it: 128 plus the signal number when a signal ended the
 * command.
 */
function waitForEnd(child: ChildProcess, file: string): Promise<CommandEnd> {
  return new Promise((resolve) => {
    child.on('error', (error) => {
      // A later error is a signal that could not be sent: the command is still running.
      if (child.pid === undefined) resolve(failureToRun(error, file));
    });
    child.once('exit', (code, signal) => {
      if (signal === null) resolve({ code: code ?? 0, how: `exited with code ${code ?? 0}` });
      else resolve({ code: 128 + constants.signals[signal], how: `was ended by ${signal}` });
    });
  });
}

function failureToRun(error: unknown, file: string): CommandEnd {
  const isNotFound = isSystemError(error) && error.code === 'ENOENT';
  const hint = isNotFound ? describeMissing(file, process.platform) : '';
  return {
    code: isNotFound ? NOT_FOUND : NOT_EXECUTABLE,
    how: `could not be run (${messageOf(error)}${hint})`,
  };
}

function forwardSignals(child: ChildProcess, cli: CliProcess): () => void {
  const forward = (signal: NodeJS.Signals) => child.kill(signal);
  const ignore = () => {};
  const fromTerminal = hasTerminal() ? ignore : forward;
  const handlers = [
    ['SIGTERM', forward],
    ['SIGINT', fromTerminal],
    ['SIGHUP', fromTerminal],
    ...(process.platform === 'win32' ? WINDOWS_SIGNALS.map((signal) => [signal, ignore] as const) : []),
  ] as const;
  for (const [signal, handler] of handlers) cli.on(signal, handler);
  return () => {
    for (const [signal, handler] of handlers) cli.off(signal, handler);
  };
}

/**
 * Whether this process has a controlling terminal, wherever its input and output are redirected. The
 * terminal sends SIGINT (Ctrl-C) and SIGHUP to the whole process group, so the command receives them too. A
 * second SIGINT would end `tilt ci` without its clean-up. On Windows the console does the same, and a
 * forwarded signal would terminate the command at once.
 */
function hasTerminal(): boolean {
  if (process.platform === 'win32') return true;
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return true;
  } catch {
    return false;
  }
}
