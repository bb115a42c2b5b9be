import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findFreePorts } from './free-port.js';
import { formatNatsConfig, type NatsConfig } from './nats-config.js';
import { REMOVAL } from './temporary-folder.js';

/** A real `nats-server` with JetStream, on a port of 127.0.0.1 that it keeps. Ends at the end of its block. */
export interface NatsServer extends AsyncDisposable {
  readonly name: string;
  readonly port: number;
  /** Where it tells over HTTP how it is: `http://127.0.0.1:<port>`. */
  readonly monitor: string;
  /** Its process; null while it does not run. */
  readonly pid: number | null;
  /** `nats://127.0.0.1:<port>/<bucket>`. */
  address(bucket: string): string;
  /** Ends it without a goodbye. */
  kill(): Promise<void>;
  /** Stops it in the midst of everything (`SIGSTOP`), and lets it go on (`SIGCONT`). */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void;
  /** Starts it again with what it has stored. */
  start(): Promise<void>;
  /** Deletes everything that it has stored. It must not run. */
  wipe(): Promise<void>;
  /** Replaces the lines `more` of its configuration and reloads that (`SIGHUP`): logins that are not right any more end at once. */
  reload(extraLines: string): Promise<void>;
}

/** Three of them, as a cluster. */
export interface NatsCluster extends AsyncDisposable {
  readonly servers: readonly NatsServer[];
  address(bucket: string): string;
  /** The server that leads a stream, or (null) the cluster itself, which places streams and consumers; null while none does. */
  leader(stream: string | null): Promise<NatsServer | null>;
}

/** Starts one. */
export async function startNats(options: Pick<NatsConfig, 'jetstream' | 'extraLines'> = {}): Promise<NatsServer> {
  const [port = 0, monitor = 0] = await findFreePorts(2);
  const server = await prepare({ name: 'n1', port, monitor, ...options });
  await server.start();
  return server;
}

/**
 * Starts a cluster of three, each of which knows the others.
 *
 * @param options.advertise whether a server tells its clients of the others. Default: true
 */
export async function startNatsCluster({ advertise = true } = {}): Promise<NatsCluster> {
  const ports = await findFreePorts(9);
  const routes = ports.slice(0, 3);
  const monitors = ports.slice(3, 6);
  const servers = await Promise.all(
    ports.slice(6).map((port, index) => {
      const cluster = { port: routes[index] ?? 0, routes, advertise };
      return prepare({ name: `n${index + 1}`, port, monitor: monitors[index] ?? 0, cluster });
    }),
  );
  await Promise.all(servers.map((server) => server.start()));
  return {
    servers,
    address: (bucket) => `nats://${servers.map(({ port }) => `127.0.0.1:${port}`).join(',')}/${bucket}`,
    async leader(stream) {
      for (const { monitor } of servers) {
        const name = await fetchLeader(monitor, stream).catch(() => null);
        const server = servers.find((candidate) => candidate.name === name);
        if (server) return server;
      }
      return null;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()));
    },
  };
}

/** As much as is needed of what `/jsz` says. */
interface JetStreamStatus {
  readonly meta_cluster?: { readonly leader?: string };
  readonly account_details?: readonly {
    readonly stream_detail?: readonly {
      readonly name: string;
      readonly cluster?: { readonly leader?: string };
    }[];
  }[];
}

async function fetchLeader(monitor: string, stream: string | null): Promise<string | null> {
  const response = await fetch(`${monitor}/jsz?accounts=true&streams=true&config=true`);
  const status: JetStreamStatus = await response.json();
  if (stream === null) return status.meta_cluster?.leader ?? null;
  const streams = status.account_details?.flatMap(({ stream_detail }) => stream_detail ?? []) ?? [];
  return streams.find(({ name }) => name === stream)?.cluster?.leader ?? null;
}

async function prepare(
  config: Omit<NatsConfig, 'folder'> & { readonly monitor: number },
): Promise<NatsServer> {
  const { name, port, monitor } = config;
  const folder = await mkdtemp(join(tmpdir(), 'tilt-graphql-nats-'));
  const file = join(folder, 'nats.conf');
  await writeFile(file, formatNatsConfig({ ...config, folder }));
  let child: ChildProcess | null = null;
  const server: NatsServer = {
    name,
    port,
    monitor: `http://127.0.0.1:${monitor}`,
    get pid() {
      return child?.pid ?? null;
    },
    address: (bucket) => `nats://127.0.0.1:${port}/${bucket}`,
    async start() {
      child = spawn('nats-server', ['-c', file], { stdio: ['ignore', 'ignore', 'pipe'] });
      await waitUntilReady(child);
    },
    async kill() {
      const running = child;
      child = null;
      if (!running || running.exitCode !== null || running.signalCode !== null) return;
      const ended = once(running, 'exit');
      running.kill('SIGCONT');
      running.kill('SIGKILL');
      await ended;
    },
    wipe: () => rm(join(folder, 'jetstream'), { recursive: true }),
    signal: (signal) => void child?.kill(signal),
    async reload(extraLines) {
      await writeFile(file, formatNatsConfig({ ...config, extraLines, folder }));
      child?.kill('SIGHUP');
    },
    async [Symbol.asyncDispose]() {
      await server.kill();
      await rm(folder, REMOVAL);
    },
  };
  return server;
}

/** Resolves once it says that it is ready. */
function waitUntilReady({ stderr }: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = '';
    stderr?.on('data', (chunk) => {
      if (said.length < 100_000) said += chunk;
      if (said.includes('Server is ready')) resolve();
    });
    stderr?.once('close', () => reject(new Error(`nats-server ended: ${said}`)));
  });
}
