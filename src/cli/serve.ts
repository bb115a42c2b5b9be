import { homedir } from 'node:os';
import { type Clock, sleep, systemClock } from '../clock.js';
import { createGateway, type Gateway } from '../gateway.js';
import { GRAPHQL_PATH } from '../transport/http-server.js';
import { version } from '../version.js';
import { createLog } from './logger.js';
import type { CliProcess } from './main.js';
import type { ServeOptions } from './serve-options.js';
import { chooseSources } from './sources.js';
import { UsageError } from './usage-error.js';

/** How long the start-up lines wait for the sources' first news, so that they can tell of it: milliseconds. */
const PATIENCE_MS = 1_000;

/** Serves until SIGTERM or SIGINT. Rejects with a usage error when the command line asks for what cannot be had. */
export async function serve(options: ServeOptions, cli: CliProcess): Promise<void> {
  const log = createLog({
    level: options.logLevel,
    format: options.logFormat,
    clock: systemClock,
    write: (line) => cli.stderr.write(line),
  });
  const stopped = stopSignal(cli);
  const chosen = await chooseSources(options, {
    env: cli.env,
    home: homedir(),
    stdin: cli.stdin,
    clock: systemClock,
    log,
  });
  const gateway = createGateway({
    ...chosen,
    retainMs: options.retain,
    queryCacheBytes: options.queryCache,
    log,
    clock: systemClock,
  });
  try {
    const url = await listen(gateway, options);
    await settle(gateway, systemClock);
    cli.stdout.write(startLines(url, gateway, chosen.described));
    await stopped;
  } finally {
    await gateway.close();
  }
}

/** Three lines: where it listens, which sources it reads, what to open. */
function startLines(url: string, gateway: Gateway, described: string): string {
  const now = gateway
    .sources()
    .map(({ name, state, error }) => `${name} ${state}${error === null ? '' : ` (${error})`}`)
    .join(', ');
  return [
    `tilt-graphql ${version} listens on ${url} (HTTP, SSE) and ${url.replace(/^http/, 'ws')} (WebSocket)`,
    `reads ${described}; now: ${now}`,
    `open ${url} for GraphiQL`,
    '',
  ].join('\n');
}

async function listen(gateway: Gateway, { port, host }: ServeOptions): Promise<string> {
  try {
    const address = await gateway.listen(port, host);
    const name = address.family === 'IPv6' ? `[${address.address}]` : address.address;
    return `http://${name}:${address.port}${GRAPHQL_PATH}`;
  } catch (error) {
    throw new UsageError(whyNotListening(error, port, host));
  }
}

function whyNotListening(error: unknown, port: number, host: string): string {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  const mend = 'give another with --port, or --port 0 for a free one';
  if (code === 'EADDRINUSE') return `port ${port} of ${host} is in use; ${mend}`;
  if (code === 'EACCES') return `port ${port} of ${host} is not for this user; ${mend}`;
  return `cannot listen on port ${port} of ${host}: ${error instanceof Error ? error.message : String(error)}`;
}

async function settle(gateway: Gateway, clock: Clock): Promise<void> {
  const ready = new AbortController();
  await Promise.race([gateway.ready(), sleep(clock, PATIENCE_MS, ready.signal)]);
  ready.abort();
}

function stopSignal(cli: CliProcess): Promise<void> {
  return new Promise((resolve) => {
    const stop = () => {
      cli.off('SIGTERM', stop);
      cli.off('SIGINT', stop);
      resolve();
    };
    cli.on('SIGTERM', stop);
    cli.on('SIGINT', stop);
  });
}
