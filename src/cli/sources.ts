import { existsSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import type { GatewayOptions } from '../gateway.js';
import type { Clock } from '../lib/clock.js';
import type { Log } from '../lib/log.js';
import type { NatsProviderOptions } from '../nats/nats-provider.js';
import { isAddress, withoutLogin } from '../nats/settings.js';
import { createDemoProvider } from '../providers/demo/demo.js';
import { createFileProvider } from '../providers/file/file.js';
import type { SessionProvider } from '../providers/provider.js';
import { createStreamProvider } from '../providers/stdin/stdin.js';
import type { TiltLogs } from '../providers/tilt/hud-logs.js';
import {
  defaultKubeconfigPaths,
  findEndpoint,
  findTiltFolder,
  loadKubeconfig,
} from '../providers/tilt/kubeconfig.js';
import { withoutUndefined } from './options/option.js';
import { SOURCE_FORMS } from './options/publish.js';
import type { ServeFlags } from './options/serve.js';
import { orUsageError, UsageError } from './usage-error.js';

/** Dependencies of providers. */
export interface SourceParts {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  readonly stdin: Readable;
  readonly clock: Clock;
  readonly log: Log;
  /** The option that names the sources, for error messages. */
  readonly option: SourceOption;
}

type SourceOption = '--source' | '--from';

/** Sources for a gateway, and their description in a few words. */
export type ChosenSources = Pick<GatewayOptions, 'providers' | 'tilts'> & { readonly description: string };

/** Options that select and configure sources. */
export type SourceOptions = Pick<ServeFlags, 'sources' | 'retention' | 'credentials' | 'tiltLogs'> & {
  /** Expected settings of the sources that are NATS buckets. Default: any. */
  readonly bucket?: ServeFlags['bucket'];
};

/** Chooses the sources for these options. Throws a {@link UsageError} for an invalid or unreadable source. */
export async function chooseSources(options: SourceOptions, parts: SourceParts): Promise<ChosenSources> {
  const { source, context, kubeconfig: path } = options.sources;
  const specs = [...source, ...context.map((name) => `tilt:${name}`)].map((text) =>
    parseSourceSpec(text, parts.option),
  );
  const kubeconfig = path ? [path] : defaultKubeconfigPaths(parts.env, parts.home, existsSync);
  if (path !== undefined) await checkKubeconfig(kubeconfig);
  const tilts = specs.filter((spec) => spec.type === 'tilt');
  const { areRead, redact } = options.tiltLogs;
  // Without --logs this only checks the patterns.
  const opened = areRead || redact.length > 0 ? await openLogs(options, parts) : null;
  const logs = areRead ? opened : null;
  const readsTilts = specs.length === 0 || tilts.length > 0;
  if (logs && !readsTilts) parts.log('warn', '--logs has no effect: no source is a Tilt of this machine');
  if (!logs && redact.length > 0) parts.log('warn', '--redact has no effect without --logs');
  if (path !== undefined && !readsTilts) parts.log('warn', '--kubeconfig has no effect: no source is a Tilt');
  const shared = { env: parts.env, ...(logs && { logs }) };
  if (specs.length === 0) {
    const standIn = createDemoProvider({ clock: parts.clock });
    return {
      tilts: { kubeconfig, ...shared, standIn },
      description: `every Tilt in ${kubeconfig.join(delimiter)}, or the built-in demo while no Tilt runs`,
    };
  }
  const file = tilts.length === 0 ? '' : ` (kubeconfig ${kubeconfig.join(delimiter)})`;
  const providers = await Promise.all(specs.flatMap((spec) => createProviders(spec, options, parts)));
  return {
    providers,
    ...(tilts.length === 0
      ? {}
      : { tilts: { ...(await chooseTilts(tilts, kubeconfig, parts.option)), ...shared } }),
    description: `${[...source.map(withoutLogin), ...context].join(', ')}${file}`,
  };
}

/** Whether a `--source` is a NATS bucket. Throws a {@link UsageError} for an invalid one. */
export function readsBucket(sources: readonly string[]): boolean {
  return findBuckets(sources, '--source').length > 0;
}

/**
 * Returns the addresses of the sources that are NATS buckets. Throws a {@link UsageError} for an invalid one.
 *
 * @param option option that names the sources, for the error
 */
export function findBuckets(sources: readonly string[], option: SourceOption): readonly string[] {
  return sources.flatMap((source) => {
    const spec = parseSourceSpec(source, option);
    return spec.type === 'nats' ? [spec.address] : [];
  });
}

/** One parsed `--source` or `--from`. */
type SourceSpec =
  | { readonly type: 'demo'; readonly name: string | null; readonly seed: number }
  /** One context of the kubeconfig, or every Tilt in it when `context` is null. */
  | { readonly type: 'tilt'; readonly context: string | null }
  /** A bucket that publishers write to. */
  | { readonly type: 'nats'; readonly name: string | null; readonly address: string }
  | { readonly type: 'stdin'; readonly name: string | null }
  | { readonly type: 'file'; readonly name: string | null; readonly path: string };

/** Parses one source: `[NAME=]FORM`. Throws a {@link UsageError} that lists the forms. */
function parseSourceSpec(text: string, option: SourceOption): SourceSpec {
  const [, given, rest = ''] = /^(?:([\w.-]+)=)?(.*)$/s.exec(text) ?? [];
  const name = given ?? null;
  const [, scheme, detail] = /^(tilt|demo)(?::(.*))?$/s.exec(rest) ?? [];
  if (rest === '') throw invalidSource(text, option);
  if (rest === '-') return { type: 'stdin', name };
  if (scheme === 'demo') return { type: 'demo', name, seed: parseSeed(detail, text, option) };
  if (scheme === 'tilt') {
    if (name !== null || detail === '') throw invalidSource(text, option);
    return { type: 'tilt', context: detail ?? null };
  }
  if (isAddress(rest)) return { type: 'nats', name, address: rest };
  // A URL of an unknown scheme is more likely a mistake than a path.
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(rest)) throw invalidSource(text, option);
  return { type: 'file', name, path: rest };
}

function parseSeed(detail: string | undefined, text: string, option: SourceOption): number {
  if (detail === undefined) return 1;
  if (!/^\d{1,9}$/.test(detail)) throw invalidSource(text, option);
  return Number(detail);
}

function invalidSource(text: string, option: SourceOption): Error {
  return new UsageError(
    `${option}: expected ${SOURCE_FORMS}, all but tilt with an optional NAME= in front; got ${JSON.stringify(withoutLogin(text))}`,
  );
}

/** Creates the provider of a source. Empty for `tilt`: {@link chooseTilts} selects those. */
function createProviders(
  spec: SourceSpec,
  options: SourceOptions,
  { clock, stdin, log }: SourceParts,
): Promise<SessionProvider>[] {
  const name = spec.type === 'tilt' || spec.name === null ? {} : { name: spec.name };
  switch (spec.type) {
    case 'demo':
      return [checkProvider(createDemoProvider({ ...name, seed: spec.seed, clock }))];
    case 'stdin':
      return [checkProvider(createStreamProvider({ ...name, input: stdin }))];
    case 'file':
      return [checkProvider(createFileProvider({ ...name, path: spec.path, clock }))];
    case 'nats':
      return [createNatsSource({ ...name, address: spec.address, clock, log }, options)];
    case 'tilt':
      return [];
  }
}

/** Loads the NATS client on demand: most gateways do not use it. */
async function createNatsSource(
  parts: Pick<NatsProviderOptions, 'name' | 'address' | 'clock' | 'log'>,
  options: SourceOptions,
): Promise<SessionProvider> {
  const { createNatsProvider } = await import('../nats/nats-provider.js');
  return await orUsageError(async () => {
    const provider = createNatsProvider({
      ...parts,
      credentials: withoutUndefined(options.credentials),
      settings: withoutUndefined(options.bucket ?? {}),
      retainMs: options.retention.retainMs,
    });
    return checkProvider(provider);
  });
}

async function chooseTilts(
  specs: readonly Extract<SourceSpec, { type: 'tilt' }>[],
  kubeconfig: readonly string[],
  option: SourceOption,
): Promise<NonNullable<GatewayOptions['tilts']>> {
  const contexts = specs.map(({ context }) => context).filter((context) => context !== null);
  if (contexts.length === 0) return { kubeconfig };
  if (contexts.length < specs.length) {
    throw new UsageError(`${option} tilt reads every Tilt; omit it to read only the named contexts`);
  }
  await checkKubeconfig(kubeconfig, contexts);
  return { kubeconfig, contexts };
}

/** Loads the reader of logs on demand. The token is next to `--kubeconfig`, otherwise in Tilt's folder. */
async function openLogs(
  { tiltLogs: { redact }, sources: { kubeconfig } }: SourceOptions,
  { env, home }: SourceParts,
): Promise<TiltLogs> {
  const { createTiltLogs } = await import('../providers/tilt/hud-logs.js');
  const folder = kubeconfig === undefined ? findTiltFolder(env, home, existsSync) : dirname(kubeconfig);
  return await orUsageError(
    async () => createTiltLogs({ tokenFile: join(folder, 'token'), redact }),
    '--redact: ',
  );
}

async function checkKubeconfig(paths: readonly string[], contexts: readonly string[] = []): Promise<void> {
  await orUsageError(async () => {
    const loaded = await loadKubeconfig(paths);
    for (const context of contexts) findEndpoint(loaded, context);
  });
}

async function checkProvider(provider: SessionProvider): Promise<SessionProvider> {
  await orUsageError(async () => provider.check?.());
  return provider;
}
