import { randomUUID } from 'node:crypto';
import { sleep } from '../lib/clock.js';
import type { Log } from '../lib/log.js';
import {
  type CommandPublisher,
  type CommandPublisherOptions,
  createCommandPublisher,
} from '../nats/publish/command-publisher.js';
import type { CommandEnd, CommandRun } from '../nats/publish/command-states.js';
import { RUN_VARIABLE } from '../nats/publish/own-runs.js';
import { createProcessReader } from '../nats/publish/process-list.js';
import type { PublisherOptions } from '../nats/publish/publisher.js';
import { ProviderError } from '../providers/provider.js';
import type { Store } from '../store/store.js';
import type { CliProcess } from './cli-process.js';
import type { PublishFlags } from './publish-options.js';
import { startCommand } from './start-command.js';

/** Everything that publishing needs, with a command and without. */
export type PublishParts = PublisherOptions & { readonly store: Store };

/** Dependencies of {@link publishCommand}. */
export interface PublishCommandParts
  extends PublishParts,
    Pick<CommandPublisherOptions, 'explicitSources' | 'followsTilts'> {
  readonly cli: CliProcess;
  readonly options: Pick<PublishFlags['publish'], 'instance' | 'deadlineMs'>;
}

/** How long the Tilt of a command that has ended may take to close its connection, in milliseconds. */
const LAST_NEWS_MS = 2_000;

/** Runs a command to its end, publishes its Sessions, and resolves with its exit code, whatever became of the publishing. */
export async function publishCommand(words: readonly string[], parts: PublishCommandParts): Promise<number> {
  const warning = orphanWarning(process.pid);
  if (warning !== null) parts.log('warn', warning);
  const startTime = new Date(parts.clock.now()).toISOString();
  const uid = randomUUID();
  const command = startCommand(words, parts.cli, { [RUN_VARIABLE]: uid });
  try {
    const run = { uid, pid: command.pid, startTime };
    await publishRun(run, command.ended, parts).catch((error) =>
      parts.log('error', 'the command is not published, because of an internal error', { error }),
    );
    const { code, how } = await command.ended;
    if (command.pid === null) parts.cli.stderr.write(`tilt-graphql: the command ${how}\n`);
    return code;
  } finally {
    command.release();
  }
}

/**
 * Warning for the first process of a container, null for another. Orphans become its children, and Node.js collects only those that it
 * has started itself: the others stay as zombies.
 */
export function orphanWarning(pid: number): string | null {
  if (pid !== 1) return null;
  return 'this is process 1, which cannot collect orphaned processes of the command: start the container with --init';
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
  await settled(publisher, parts);
  const unwritten = await publisher.close(end, options.deadlineMs);
  logUnwritten(unwritten, options.deadlineMs, parts.broker.isAway, log);
}

/** Logs the keys whose final state the broker did not take. @param isAway whether the broker could not be reached */
export function logUnwritten(keys: readonly string[], deadlineMs: number, isAway: boolean, log: Log): void {
  const reason = isAway ? ': the broker is away' : '; its readers see the last state that was written';
  for (const key of keys) {
    log('error', `${key}: its final state could not be written within ${deadlineMs / 1_000} s${reason}`);
  }
}

/** Resolves when the last messages of the command's Tilt have arrived, or could have. */
async function settled(publisher: CommandPublisher, { store, clock }: PublishCommandParts): Promise<void> {
  const over = new AbortController();
  const check = () => {
    if (publisher.isSettled) over.abort();
  };
  const stops = [store.subscribe(check), store.onSources(check)];
  check();
  await sleep(clock, LAST_NEWS_MS, over.signal);
  for (const stop of stops) stop();
}
