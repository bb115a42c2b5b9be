import { homedir, hostname } from 'node:os';
import { type Clock, sleep, systemClock } from '../clock.js';
import type { Log } from '../log.js';
import { noMetrics } from '../metrics.js';
import { parseAddress, withoutLogin } from '../providers/nats/address.js';
import { readCredentials } from '../providers/nats/credentials.js';
import { createSources, type Sources } from '../providers/sources.js';
import { connectBroker } from '../publish/broker.js';
import { createPublisher, type Publisher } from '../publish/publisher.js';
import { createStore, type Store } from '../store/store.js';
import { followTilts } from '../tilts.js';
import { version } from '../version.js';
import type { CliProcess } from './cli-process.js';
import { runCommand } from './command.js';
import { createLog } from './logger.js';
import { credentialsOf, settingsOf } from './nats-options.js';
import type { PublishOptions } from './publish-options.js';
import { chooseSources } from './sources.js';
import { stopSignal } from './stop-signal.js';
import { orUsageError } from './usage-error.js';

/** How long the Tilt of a command that has ended may take to close its connection, in milliseconds. */
const LAST_NEWS_MS = 2_000;

/**
 * Publishes until a signal comes, or the command has ended, and resolves with the exit code: the command's, whatever
 * became of the publishing; else 0, and 1 when another publisher has the instance.
 */
export async function publish(
  options: PublishOptions,
  command: readonly string[],
  cli: CliProcess,
): Promise<number> {
  const clock = systemClock;
  const log = createLog({
    level: options.logLevel,
    format: options.logFormat,
    clock,
    write: (line) => cli.stderr.write(line),
  });
  const address = await orUsageError(async () => parseAddress(options.to), '--to: ');
  const credentials = credentialsOf(options);
  await orUsageError(() => readCredentials(credentials));
  const stopped = command.length === 0 ? stopSignal(cli) : null;
  const store = createStore({ clock, epoch: 'publish' });
  const { sources, described } = await openSources(options, store, { cli, clock, log });
  const random = Math.random;
  const broker = connectBroker({ address, credentials, settings: settingsOf(options), clock, random, log });
  const publisher = createPublisher({
    store,
    broker,
    publisher: `${hostname()}:${process.pid}:${Math.floor(random() * 36 ** 6).toString(36)}`,
    instanceOf: (record) => options.instance ?? `${hostname()}.${record.instance}`,
    takeOver: options.takeOver,
    clock,
    log,
  });
  log('info', `tilt-graphql ${version} publishes ${described} to ${withoutLogin(options.to)}`);
  try {
    if (stopped === null) return await alongside(command, { cli, store, clock });
    // A set-up that cannot work ends what is for publishing alone.
    const refusal = await Promise.race([
      stopped,
      publisher.refused,
      broker.bucket().then(() => stopped, toError),
    ]);
    if (refusal instanceof Error) throw refusal;
    return 0;
  } finally {
    await end(
      { publisher, sources, store, log },
      command.length === 0 ? 'its publisher ended' : 'its command ended',
      options.deadline,
    );
  }
}

/** Runs the command to its end, and waits for the last that its Tilt has said. */
async function alongside(
  command: readonly string[],
  { cli, store, clock }: { readonly cli: CliProcess; readonly store: Store; readonly clock: Clock },
): Promise<number> {
  const code = await runCommand(command, cli);
  const over = new AbortController();
  const stop = store.subscribe(check);
  check();
  await sleep(clock, LAST_NEWS_MS, over.signal);
  stop();
  return code;

  function check(): void {
    if (store.ids().every((id) => store.get(id)?.connection.state !== 'live')) over.abort();
  }
}

interface Ending {
  readonly publisher: Publisher;
  readonly sources: Sources;
  readonly store: Store;
  readonly log: Log;
}

async function end(
  { publisher, sources, store, log }: Ending,
  reason: string,
  deadlineMs: number,
): Promise<void> {
  const unwritten = await publisher.close(reason, deadlineMs);
  for (const key of unwritten) {
    log(
      'error',
      `${key}: its final state could not be written within ${deadlineMs / 1_000} s: the broker is away`,
    );
  }
  await sources.close();
  store.dispose();
}

async function openSources(
  options: PublishOptions,
  store: Store,
  { cli, clock, log }: { readonly cli: CliProcess; readonly clock: Clock; readonly log: Log },
): Promise<{ readonly sources: Sources; readonly described: string }> {
  const flags = {
    ...options,
    source: options.from.length === 0 ? ['tilt'] : options.from,
    context: [],
    retain: 0,
  };
  const parts = { env: cli.env, home: homedir(), stdin: cli.stdin, clock, log };
  const { providers = [], tilts, described } = await chooseSources(flags, parts);
  const sources = createSources({ sink: store, clock, random: Math.random, log });
  for (const provider of providers) sources.add(provider);
  if (tilts) followTilts(tilts, { store, sources, clock, log, metrics: noMetrics });
  return { sources, described: options.from.length === 0 ? 'every Tilt of this machine' : described };
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
