import type { AddressInfo } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { createGateway, type Gateway } from '../gateway.js';
import { type Clock, systemClock, within } from '../lib/clock.js';
import { isSystemError, messageOf } from '../lib/errors.js';
import type { Log } from '../lib/log.js';
import { createTracer, noTracer } from '../lib/tracing.js';
import { version } from '../lib/version.js';
import { GRAPHQL_PATH } from '../server/pages.js';
import type { KeyPair } from '../server/tls.js';
import { type CliProcess, homeDirectory, stopSignal } from './cli-process.js';
import { followKeyPair, readGatewayFiles } from './gateway-files.js';
import type { OptionTable } from './options/option.js';
import { bucketOptions, credentialOptions } from './options/publish.js';
import { type ServeFlags, serveOptions } from './options/serve.js';
import { createOutput } from './output.js';
import { natsSecrets, warnOfOpenSecrets } from './secret-files.js';
import { chooseSources, readsBucket } from './sources.js';
import { createStderrLog } from './stderr-log.js';
import { UsageError } from './usage-error.js';

/** How long the start-up lines wait for the first state of each source, in milliseconds. */
const FIRST_STATE_MS = 1_000;

/**
 * Serves until SIGTERM or SIGINT, and resolves with the exit code. A closed or full standard output or error
 * does not end the gateway. Rejects with a {@link UsageError} when an option cannot be satisfied, such as a
 * port in use.
 */
export async function serve(flags: ServeFlags, cli: CliProcess): Promise<number> {
  const log = createStderrLog(flags.log, cli.stderr, systemClock);
  const stopped = stopSignal(cli);
  const chosen = await chooseSources(flags, {
    env: cli.env,
    home: homeDirectory(cli.env),
    stdin: cli.stdin,
    clock: systemClock,
    log,
    option: '--source',
  });
  const files = await readGatewayFiles(flags, cli.env, log);
  const hasBucket = readsBucket(flags.sources.source);
  if (hasBucket) await warnOfOpenSecrets(natsSecrets(flags.credentials), log);
  for (const line of describeIgnoredOptions(flags, hasBucket)) log('warn', line);
  const tracer = createTracer();
  if (tracer === noTracer && isTracingConfigured(cli.env)) log('warn', NO_SDK);
  const gateway = createGateway({
    ...chosen,
    ...flags.access,
    ...flags.serving,
    ...files,
    tracer,
    ...flags.retention,
    log,
    clock: systemClock,
  });
  const ending = new AbortController();
  try {
    const url = await listen(gateway, flags);
    await Promise.race([waitForFirstState(gateway, systemClock), stopped]);
    const isTokenGiven = flags.access.tokenFile !== undefined || Boolean(cli.env.TILT_GRAPHQL_TOKEN);
    // A configured token is known to the user and is not printed.
    const links = formatLinks(url, flags.serving, isTokenGiven ? null : (files.token ?? null));
    void createOutput(cli.stdout)
      .write(formatStartLines(url, gateway, chosen.description, links))
      .catch((error: Error) =>
        log('warn', 'the start-up lines could not be written', { url, error: error.message }),
      );
    void renewCertificates(gateway, flags.serving, log, ending.signal);
    return await stopped;
  } finally {
    ending.abort();
    await gateway.close();
  }
}

/** Whether the environment configures the export of OpenTelemetry traces. */
function isTracingConfigured(env: CliProcess['env']): boolean {
  if (env.OTEL_SDK_DISABLED === 'true' || env.OTEL_TRACES_EXPORTER === 'none') return false;
  return Boolean(env.OTEL_EXPORTER_OTLP_ENDPOINT?.trim() || env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT?.trim());
}

const NO_SDK =
  "no traces are exported: OTEL_EXPORTER_OTLP_ENDPOINT is set, but no OpenTelemetry SDK is loaded; load yours with NODE_OPTIONS='--import …'";

/**
 * Describes the given options of `serve` that have no effect because another one is missing, one line each.
 *
 * @param hasBucket whether a source is a NATS bucket
 */
function describeIgnoredOptions(
  { jwt, credentials, bucket }: Pick<ServeFlags, 'jwt' | 'credentials' | 'bucket'>,
  hasBucket: boolean,
): readonly string[] {
  const ofTokens = jwt.jwks === undefined ? givenOptions(serveOptions.jwt, jwt) : [];
  const ofBuckets = hasBucket
    ? []
    : [...givenOptions(credentialOptions, credentials), ...givenOptions(bucketOptions, bucket)];
  return [
    ...ofTokens.map((name) => `${name} has no effect without --jwks`),
    ...ofBuckets.map((name) => `${name} has no effect: no source is a NATS bucket`),
  ];
}

/** Names of the options whose value is not the initial one. */
function givenOptions<V extends object>(table: OptionTable<V>, values: V): string[] {
  const names: string[] = [];
  for (const key in table) {
    const { flags, initial } = table[key];
    if (values[key] !== initial) names.push(flags.replace(/ .*/, ''));
  }
  return names;
}

/** Start-up output in three lines: addresses, sources and their states, links to open. */
function formatStartLines(url: string, gateway: Gateway, description: string, links: string): string {
  const now = gateway
    .sources()
    .map(({ name, state, error }) => `${name} ${state.toUpperCase()}${error === null ? '' : ` (${error})`}`)
    .join(', ');
  return [
    `tilt-graphql ${version} listens on ${url} (HTTP, SSE) and ${url.replace(/^http/, 'ws')} (WebSocket)`,
    `reads ${description}; now: ${now || 'no source'}`,
    `open ${links}`,
    '',
  ].join('\n');
}

/** Links to the pages. Only the first one has the generated token; it sets a cookie in the browser. */
function formatLinks(
  url: string,
  { dashboard, graphiql }: ServeFlags['serving'],
  token: string | null,
): string {
  const query = token === null ? '' : `?token=${token}`;
  const home = url.replace(/graphql$/, '');
  const pages = [
    ...(dashboard ? [`${home}${query} for the dashboard`] : []),
    ...(graphiql ? [`${url}${dashboard ? '' : query} for GraphiQL`] : []),
  ];
  return pages.length > 0 ? pages.join(', ') : `${url}${query}`;
}

async function renewCertificates(
  gateway: Gateway,
  { tlsCert, tlsKey }: ServeFlags['serving'],
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  if (tlsCert === undefined || tlsKey === undefined) return;
  const onRenewed = (pair: KeyPair) => gateway.renewTls(pair);
  await followKeyPair({ certPath: tlsCert, keyPath: tlsKey, clock: systemClock, log, onRenewed }, signal);
}

async function listen(gateway: Gateway, flags: ServeFlags): Promise<string> {
  const { host } = flags.access;
  const { port } = flags.listen;
  const { tlsCert, pathPrefix } = flags.serving;
  try {
    const address = await gateway.listen(port, host);
    const scheme = tlsCert === undefined ? 'http' : 'https';
    return `${scheme}://${urlHost(address)}:${address.port}${pathPrefix}${GRAPHQL_PATH}`;
  } catch (error) {
    throw new UsageError(listenError(error, port, host));
  }
}

/** Host for a URL. A wildcard address is reachable as `localhost`. */
function urlHost({ address, family }: AddressInfo): string {
  if (address === '0.0.0.0' || address === '::') return 'localhost';
  return family === 'IPv6' ? `[${address}]` : address;
}

function listenError(error: unknown, port: number, host: string): string {
  const code = isSystemError(error) ? error.code : null;
  const hint = 'choose another with --port, or --port 0 for a free port';
  if (code === 'EADDRINUSE') return `port ${port} on ${host} is already in use; ${hint}`;
  if (code === 'EACCES') return `permission denied for port ${port} on ${host}; ${hint}`;
  return `cannot listen on port ${port} of ${host}: ${messageOf(error)}`;
}

async function waitForFirstState(gateway: Gateway, clock: Clock): Promise<void> {
  await within(clock, FIRST_STATE_MS, gateway.ready());
  // A snapshot makes a source ready. Its error, if any, follows in the same iteration of the event loop.
  await setImmediate();
}
