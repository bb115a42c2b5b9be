import { hostname } from 'node:os';
import { type Clock, systemClock } from '../lib/clock.js';
import type { Log } from '../lib/log.js';
import { createMetrics } from '../lib/metrics.js';
import { version } from '../lib/version.js';
import { readCredentials } from '../nats/connection.js';
import { formatKey } from '../nats/message-format.js';
import { connectBroker } from '../nats/publish/broker.js';
import { createPublisher } from '../nats/publish/publisher.js';
import { isSameBucket, mayMatch, parseAddress, withoutLogin } from '../nats/settings.js';
import { createSources, type Sources } from '../providers/sources.js';
import { createStore, DEFAULT_RETAIN_MS, type Store } from '../store/store.js';
import { followTilts } from '../tilts.js';
import { type CliProcess, homeDirectory, stopSignal } from './cli-process.js';
import { withoutUndefined } from './options/option.js';
import type { PublishFlags } from './options/publish.js';
import { natsSecrets, warnOfOpenSecrets } from './secret-files.js';
import { chooseSources, findBuckets, type SourceOptions } from './sources.js';
import { createStderrLog } from './stderr-log.js';
import { orUsageError, UsageError } from './usage-error.js';
import { logUnwritten, type PublishParts, publishCommand } from './wrapped-command.js';

/**
 * Publishes until a signal arrives or the command ends. Resolves with the exit code. With a command, this is
 * the exit code of the command, even if publishing failed. Without a command, it is 0, or 1 when another
 * publisher has the instance.
 */
export async function publish(
  flags: PublishFlags,
  command: readonly string[],
  cli: CliProcess,
): Promise<number> {
  const clock = systemClock;
  // The log listens for errors of standard error. Without it, a failed write of other code ends the process.
  const log = createStderrLog(flags.log, cli.stderr, clock);
  const { publish: options } = flags;
  const address = await orUsageError(async () => parseAddress(options.to), '--to: ');
  const credentials = withoutUndefined(flags.credentials);
  await orUsageError(() => readCredentials(credentials));
  await warnOfOpenSecrets(natsSecrets(flags.credentials), log);
  // Once: macOS changes the name with the network, and a running Session must keep its key.
  const host = hostname();
  await orUsageError(async () => rejectOwnBucket(options, host));
  const stopped = command.length === 0 ? stopSignal(cli) : null;
  const store = createStore({ clock, epoch: 'publish' });
  // A command publishes its own run. Otherwise a restart of the publisher must not lose a result.
  const retainMs = command.length > 0 ? 0 : DEFAULT_RETAIN_MS;
  const opened = await openSources({ ...flags, retention: { retainMs } }, store, { cli, clock, log });
  const random = Math.random;
  const settings = withoutUndefined(flags.bucket);
  const broker = connectBroker({ address, credentials, settings, clock, random, log });
  const parts: PublishParts = {
    store,
    broker,
    publisher: `${host}:${process.pid}:${Math.floor(random() * 36 ** 6).toString(36)}`,
    instanceOf: (record) => options.instance ?? `${host}.${record.instance}`,
    takeOver: options.takeOver,
    clock,
    random,
    log,
  };
  const what =
    command.length > 0 && options.from.length === 0 ? 'the Tilt that the command starts' : opened.description;
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

/**
 * Throws a {@link UsageError} if a source has the keys that are published: each Session would be published
 * again and again, with the name of the host one more time in front.
 *
 * @param host start of the keys without `--instance`
 */
export function rejectOwnBucket(
  { to, from, instance }: Pick<PublishFlags['publish'], 'to' | 'from' | 'instance'>,
  host: string,
): void {
  const target = parseAddress(to);
  const prefix = formatKey(instance ?? host, 'Tiltfile')
    .split('.')
    .slice(0, -1);
  for (const text of findBuckets(from, '--from')) {
    const source = parseAddress(text);
    if (!isSameBucket(source, target) || !mayMatch(source.subject, prefix)) continue;
    throw new UsageError(
      `--from ${withoutLogin(text)}: publish writes to this bucket and would read its own Sessions; use another bucket, or a subject without ${prefix.join('.')}.>`,
    );
  }
}

/** Publishes everything until `stopped` resolves. Rejects when the configuration cannot work. */
async function publishUntil(
  stopped: Promise<number>,
  parts: PublishParts,
  deadlineMs: number,
): Promise<number> {
  const publisher = createPublisher(parts);
  const { broker, log } = parts;
  try {
    const end = await Promise.race([stopped, publisher.failed, broker.bucket().then(() => stopped, toError)]);
    if (end instanceof Error) throw end;
    return typeof end === 'number' ? end : 0;
  } finally {
    const unwritten = await publisher.close('its publisher ended', deadlineMs);
    logUnwritten(unwritten, deadlineMs, broker, log);
  }
}

interface OpenedSources {
  readonly sources: Sources;
  readonly description: string;
  /** Names of the sources other than the Tilts of this machine. */
  readonly explicitSources: ReadonlySet<string>;
  readonly followsTilts: boolean;
}

/** The settings `--bucket-…` are those of the bucket that is written to, not of a source. */
async function openSources(
  { publish: { from, kubeconfig }, bucket: _, ...flags }: PublishFlags & Pick<SourceOptions, 'retention'>,
  store: Store,
  { cli, clock, log }: { readonly cli: CliProcess; readonly clock: Clock; readonly log: Log },
): Promise<OpenedSources> {
  const source = from.length === 0 ? ['tilt'] : from;
  const {
    providers = [],
    tilts,
    description,
  } = await chooseSources(
    { ...flags, sources: { source, kubeconfig, context: [] } },
    { env: cli.env, home: homeDirectory(cli.env), stdin: cli.stdin, clock, log, option: '--from' },
  );
  const random = Math.random;
  const sources = createSources({ sink: store, clock, random, log });
  for (const provider of providers) sources.add(provider);
  if (tilts) followTilts(tilts, { store, sources, clock, random, log, metrics: createMetrics() });
  return {
    sources,
    description: from.length === 0 ? 'every Tilt on this machine' : description,
    explicitSources: new Set(providers.map(({ name }) => name)),
    followsTilts: tilts !== undefined,
  };
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
