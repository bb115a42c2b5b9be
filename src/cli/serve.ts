import type { AddressInfo } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { createGateway, type Gateway } from '../gateway.js';
import { type Clock, sleep, systemClock } from '../lib/clock.js';
import { isSystemError, messageOf } from '../lib/errors.js';
import type { Log } from '../lib/log.js';
import { createTracer, noTracer } from '../lib/tracing.js';
import { version } from '../lib/version.js';
import { GRAPHQL_PATH } from '../server/pages.js';
import type { KeyPair } from '../server/tls.js';
import { type CliProcess, homeDirectory } from './cli-process.js';
import { readGatewayFiles } from './gateway-files.js';
import { createOutput } from './output.js';
import type { ServeFlags } from './serve-options.js';
import { stopSignal } from './signals.js';
import { chooseSources } from './sources.js';
import { createStderrLog } from './stderr-log.js';
import { followKeyPair } from './tls-files.js';
import { UsageError } from './usage-error.js';

/** How long the start-up lines wait for the sources' first news, so that they can tell of it: milliseconds. */
const PATIENCE_MS = 1_000;

/**
 * Serves until SIGTERM or SIGINT, and resolves with the exit code. A closed or full standard output or error does not end it.
 * Rejects with a usage error when the command line asks for what cannot be had.
 */
export async function serve(flags: ServeFlags, cli: CliProcess): Promise<number> {
  const log = createStderrLog(flags.log, cli.stderr, systemClock);
  const stopped = stopSignal(cli);
  const chosen = await chooseSources(flags, {
    env: cli.env,
    home: homeDirectory(),
    stdin: cli.stdin,
    clock: systemClock,
    log,
  });
  const files = await readGatewayFiles(flags, cli.env);
  const tracer = createTracer();
  if (tracer === noTracer && asksForTraces(cli.env)) log('warn', NO_SDK);
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
    await Promise.race([settle(gateway, systemClock), stopped]);
    const isTokenGiven = flags.access.tokenFile !== undefined || Boolean(cli.env.TILT_GRAPHQL_TOKEN);
    // A token that was given is known, and is never shown.
    const links = linksTo(url, flags.serving, isTokenGiven ? null : (files.token ?? null));
    void createOutput(cli.stdout)
      .write(startLines(url, gateway, chosen.described, links))
      .catch((error: Error) => log('warn', 'The start-up lines are lost', { url, error: error.message }));
    void renewCertificates(gateway, flags.serving, log, ending.signal);
    return await stopped;
  } finally {
    ending.abort();
    await gateway.close();
  }
}

/** Whether the environment asks an OpenTelemetry SDK to send traces to a collector. */
function asksForTraces(env: CliProcess['env']): boolean {
  if (env.OTEL_SDK_DISABLED === 'true' || env.OTEL_TRACES_EXPORTER === 'none') return false;
  return Boolean(env.OTEL_EXPORTER_OTLP_ENDPOINT?.trim() || env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT?.trim());
}

const NO_SDK =
  "no traces are sent: OTEL_EXPORTER_OTLP_ENDPOINT is set, but no OpenTelemetry SDK is loaded; load yours with NODE_OPTIONS='--import …'";

/** Three lines: where it listens, which sources it reads, what to open. */
function startLines(url: string, gateway: Gateway, described: string, links: string): string {
  const now = gateway
    .sources()
    .map(({ name, state, error }) => `${name} ${state.toUpperCase()}${error === null ? '' : ` (${error})`}`)
    .join(', ');
  return [
    `tilt-graphql ${version} listens on ${url} (HTTP, SSE) and ${url.replace(/^http/, 'ws')} (WebSocket)`,
    `reads ${described}; now: ${now || 'no source'}`,
    `open ${links}`,
    '',
  ].join('\n');
}

/** The pages that are served. A token that was made stands in the first link alone: from then on the browser has it. */
function linksTo(url: string, { dashboard, graphiql }: ServeFlags['serving'], token: string | null): string {
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
    return `${scheme}://${nameOf(address)}:${address.port}${pathPrefix}${GRAPHQL_PATH}`;
  } catch (error) {
    throw new UsageError(whyNotListening(error, port, host));
  }
}

/** An address that can be opened: all addresses of this machine are reached by its own name. */
function nameOf({ address, family }: AddressInfo): string {
  if (address === '0.0.0.0' || address === '::') return 'localhost';
  return family === 'IPv6' ? `[${address}]` : address;
}

function whyNotListening(error: unknown, port: number, host: string): string {
  const code = isSystemError(error) ? error.code : null;
  const mend = 'give another with --port, or --port 0 for a free one';
  if (code === 'EADDRINUSE') return `port ${port} of ${host} is in use; ${mend}`;
  if (code === 'EACCES') return `port ${port} of ${host} is not for this user; ${mend}`;
  return `cannot listen on port ${port} of ${host}: ${messageOf(error)}`;
}

async function settle(gateway: Gateway, clock: Clock): Promise<void> {
  const ready = new AbortController();
  await Promise.race([gateway.ready(), sleep(clock, PATIENCE_MS, ready.signal)]);
  ready.abort();
  // A snapshot makes a source ready; what is wrong with it follows in the same turn of the event loop.
  await setImmediate();
}
