import { hostname } from 'node:os';
import { type Clock, systemClock } from '../lib/clock.js';
import type { Log } from '../lib/log.js';
import { createMetrics } from '../lib/metrics.js';
import { version } from '../lib/version.js';
import { parseAddress, withoutLogin } from '../nats/address.js';
import { readCredentials } from '../nats/credentials.js';
import { connectBroker } from '../nats/publish/broker.js';
import { createPublisher } from '../nats/publish/publisher.js';
import { createSources, type Sources } from '../providers/sources.js';
import { createStore, type Store } from '../store/store.js';
import { followTilts } from '../tilts.js';
import { type CliProcess, homeDirectory } from './cli-process.js';
import { withoutUndefined } from './options.js';
import { logUnwritten, type PublishParts, publishCommand } from './publish-command.js';
import type { PublishFlags } from './publish-options.js';
import { stopSignal } from './signals.js';
import { chooseSources } from './sources.js';
import { createStderrLog } from './stderr-log.js';
import { orUsageError } from './usage-error.js';

/**
 * Publishes until a signal comes, or the command has ended, and resolves with the exit code: the command's, whatever
 * became of the publishing; else 0, and 1 when another publisher has the instance.
 */
export async function publish(
  flags: PublishFlags,
  command: readonly string[],
  cli: CliProcess,
): Promise<number> {
  const clock = systemClock;
  // It listens for errors of the stream, so that a line written by anybody else cannot end the process either.
  const log = createStderrLog(flags.log, cli.stderr, clock);
  const { publish: options } = flags;
  const address = await orUsageError(async () => parseAddress(options.to), '--to: ');
  const credentials = withoutUndefined(flags.credentials);
  await orUsageError(() => readCredentials(credentials));
  const stopped = command.length === 0 ? stopSignal(cli) : null;
  const store = createStore({ clock, epoch: 'publish' });
  const opened = await openSources(flags, store, { cli, clock, log });
  const random = Math.random;
  const settings = withoutUndefined(flags.bucket);
  const broker = connectBroker({ address, credentials, settings, clock, random, log });
  const parts: PublishParts = {
    store,
    broker,
    publisher: `${hostname()}:${process.pid}:${Math.floor(random() * 36 ** 6).toString(36)}`,
    instanceOf: (record) => options.instance ?? `${hostname()}.${record.instance}`,
    takeOver: options.takeOver,
    clock,
    log,
  };
  const what = command.length > 0 && options.from.length === 0 ? 'the Tilt of its command' : opened.described;
  log('info', `tilt-graphql ${version} publishes ${what} to ${withoutLogin(options.to)}`);
  try {
    return stopped === null
      ? await publishCommand(command, { ...parts, ...opened, cli, options })
      : await publishUntil(stopped, parts, options.deadlineMs);
  } finally {
    await opened.sources.close();
    store.dispose();
  }
}

/** Publishes everything until a promise resolves. A set-up that cannot work ends it with an error. */
async function publishUntil(
  stopped: Promise<number>,
  parts: PublishParts,
  deadlineMs: number,
): Promise<number> {
  const publisher = createPublisher(parts);
  const { broker, log } = parts;
  try {
    const refusal = await Promise.race([
      stopped,
      publisher.refused,
      broker.bucket().then(() => stopped, toError),
    ]);
    if (refusal instanceof Error) throw refusal;
    return typeof refusal === 'number' ? refusal : 0;
  } finally {
    const unwritten = await publisher.close('its publisher ended', deadlineMs);
    logUnwritten(unwritten, deadlineMs, broker.isAway, log);
  }
}

interface OpenedSources {
  readonly sources: Sources;
  readonly described: string;
  /** Names of the sources that are no Tilts of this machine. */
  readonly explicitSources: ReadonlySet<string>;
  readonly followsTilts: boolean;
}

async function openSources(
  { publish: { from, kubeconfig }, ...flags }: PublishFlags,
  store: Store,
  { cli, clock, log }: { readonly cli: CliProcess; readonly clock: Clock; readonly log: Log },
): Promise<OpenedSources> {
  const source = from.length === 0 ? ['tilt'] : from;
  const parts = { env: cli.env, home: homeDirectory(), stdin: cli.stdin, clock, log };
  const {
    providers = [],
    tilts,
    described,
  } = await chooseSources(
    { ...flags, sources: { source, kubeconfig, context: [] }, retention: { retainMs: 0 } },
    parts,
  );
  const sources = createSources({ sink: store, clock, random: Math.random, log });
  for (const provider of providers) sources.add(provider);
  if (tilts) followTilts(tilts, { store, sources, clock, log, metrics: createMetrics() });
  return {
    sources,
    described: from.length === 0 ? 'every Tilt of this machine' : described,
    explicitSources: new Set(providers.map(({ name }) => name)),
    followsTilts: tilts !== undefined,
  };
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
