import { existsSync } from 'node:fs';
import { delimiter } from 'node:path';
import type { Readable } from 'node:stream';
import type { GatewayOptions } from '../gateway.js';
import type { Clock } from '../lib/clock.js';
import type { Log } from '../lib/log.js';
import { withoutLogin } from '../nats/address.js';
import type { NatsProviderOptions } from '../nats/nats.js';
import { createDemoProvider } from '../providers/demo/demo.js';
import { createFileProvider } from '../providers/file/file.js';
import type { SessionProvider } from '../providers/provider.js';
import { createStreamProvider } from '../providers/stdin/stdin.js';
import { defaultKubeconfigPaths, findEndpoint, loadKubeconfig } from '../providers/tilt/kubeconfig.js';
import { withoutUndefined } from './options.js';
import type { ServeFlags } from './serve-options.js';
import { parseSourceSpec, type SourceSpec } from './source-spec.js';
import { orUsageError, UsageError } from './usage-error.js';

/** What providers are made of. */
export interface SourceParts {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  readonly stdin: Readable;
  readonly clock: Clock;
  readonly log: Log;
}

/** What a gateway is to read, and how to say so in a few words. */
export type ChosenSources = Pick<GatewayOptions, 'providers' | 'tilts'> & { readonly described: string };

/** What the command line says of sources. */
export type SourceOptions = Pick<ServeFlags, 'sources' | 'retention' | 'credentials' | 'bucket'>;

/** The sources that the command line asks for; a mistake in it, or a source that cannot be read, is a usage error. */
export async function chooseSources(options: SourceOptions, parts: SourceParts): Promise<ChosenSources> {
  const { source, context, kubeconfig: path } = options.sources;
  const specs = [...source, ...context.map((name) => `tilt:${name}`)].map(parseSourceSpec);
  const kubeconfig = path ? [path] : defaultKubeconfigPaths(parts.env, parts.home, existsSync);
  if (path !== undefined) await checkKubeconfig(kubeconfig);
  if (specs.length === 0) {
    const standIn = createDemoProvider({ clock: parts.clock });
    return {
      tilts: { kubeconfig, env: parts.env, standIn },
      described: `every Tilt in ${kubeconfig.join(delimiter)}, and the built-in demo while none runs`,
    };
  }
  const providers = await Promise.all(specs.flatMap((spec) => providerOf(spec, options, parts)));
  const tilts = specs.filter((spec) => spec.type === 'tilt');
  return {
    providers,
    ...(tilts.length === 0 ? {} : { tilts: { ...(await tiltsOf(tilts, kubeconfig)), env: parts.env } }),
    described: [...source.map(withoutLogin), ...context].join(', '),
  };
}

function providerOf(
  spec: SourceSpec,
  options: SourceOptions,
  { clock, stdin }: SourceParts,
): Promise<SessionProvider>[] {
  const name = spec.type === 'tilt' || spec.name === null ? {} : { name: spec.name };
  switch (spec.type) {
    case 'demo':
      return [checked(createDemoProvider({ ...name, seed: spec.seed, clock }))];
    case 'stdin':
      return [checked(createStreamProvider({ ...name, input: stdin }))];
    case 'file':
      return [checked(createFileProvider({ ...name, path: spec.path, clock }))];
    case 'nats':
      return [natsProvider({ ...name, address: spec.address, clock }, options)];
    case 'tilt':
      return [];
  }
}

/** The client of NATS is loaded by those alone who read from it. */
async function natsProvider(
  parts: Pick<NatsProviderOptions, 'name' | 'address' | 'clock'>,
  options: SourceOptions,
): Promise<SessionProvider> {
  const { createNatsProvider } = await import('../nats/nats.js');
  return await orUsageError(async () => {
    const provider = createNatsProvider({
      ...parts,
      credentials: withoutUndefined(options.credentials),
      settings: withoutUndefined(options.bucket),
      retainMs: options.retention.retainMs,
    });
    return checked(provider);
  });
}

async function tiltsOf(
  specs: readonly Extract<SourceSpec, { type: 'tilt' }>[],
  kubeconfig: readonly string[],
): Promise<NonNullable<GatewayOptions['tilts']>> {
  const contexts = specs.map(({ context }) => context).filter((context) => context !== null);
  if (contexts.length === 0) return { kubeconfig };
  if (contexts.length < specs.length) {
    throw new UsageError('--source tilt reads every Tilt: leave it out to read only the contexts named');
  }
  await checkKubeconfig(kubeconfig, contexts);
  return { kubeconfig, contexts };
}

async function checkKubeconfig(paths: readonly string[], contexts: readonly string[] = []): Promise<void> {
  await orUsageError(async () => {
    const known = await loadKubeconfig(paths);
    for (const context of contexts) findEndpoint(known, context);
  });
}

async function checked(provider: SessionProvider): Promise<SessionProvider> {
  await orUsageError(async () => provider.check?.());
  return provider;
}
