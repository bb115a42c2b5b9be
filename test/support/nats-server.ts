import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findFreePorts } from './free-port.js';
import { formatNatsConfig, type NatsConfig } from './nats-config.js';
import { REMOVAL } from './temporary-folder.js';

/**
 * A real `nats-server` with JetStream on a fixed port of 127.0.0.1. Stopped at the end of its block (`await
 * using`), which rejects with the server's log if the server has ended by itself.
 */
export interface NatsServer extends AsyncDisposable {
  readonly name: string;
  readonly port: number;
  /** HTTP monitoring endpoint: `http://127.0.0.1:<port>`. */
  readonly monitor: string;
  /** Process id, or null while the server is stopped. */
  readonly pid: number | null;
  /** `nats://127.0.0.1:<port>/<bucket>`. */
  address(bucket: string): string;
  /** Kills the server (`SIGKILL`). */
  kill(): Promise<void>;
  /** Suspends the server (`SIGSTOP`) or resumes it (`SIGCONT`). */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void;
  /** Starts the server with its stored data. */
  start(): Promise<void>;
  /** Deletes the stored data. The server must be stopped. */
  wipe(): Promise<void>;
  /**
   * Replaces `extraLines` of the configuration and reloads it (`SIGHUP`). Logins that became invalid are
   * closed.
   */
  reload(extraLines: string): Promise<void>;
}

/** A cluster of three servers. */
export interface NatsCluster extends AsyncDisposable {
  readonly servers: readonly NatsServer[];
  address(bucket: string): string;
  /** Returns the leader of a stream, or with null the meta leader of the cluster. Null during an election. */
  leader(stream: string | null): Promise<NatsServer | null>;
}

/** Starts a single server. */
export async function startNats(
  options: Pick<NatsConfig, 'jetstream' | 'extraLines'> = {},
): Promise<NatsServer> {
  const [port = 0, monitor = 0] = await findFreePorts(2);
  const server = await prepare({ name: 'n1', port, monitor, ...options });
  await server.start();
  return server;
}

/**
 * Starts a cluster of three servers.
 *
 * @param options.advertise whether servers advertise each other to clients. Default: true
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

/** The part of a `/jsz` response that is used here. */
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
  let crash: Error | null = null;
  const server: NatsServer = {
    name,
    port,
    monitor: `http://127.0.0.1:${monitor}`,
    get pid() {
      return child?.pid ?? null;
    },
    address: (bucket) => `nats://127.0.0.1:${port}/${bucket}`,
    async start() {
      const started = spawn('nats-server', ['-c', file], { stdio: ['ignore', 'ignore', 'pipe'] });
      child = started;
      const readLog = collectLog(started);
      started.once('close', (code, signal) => {
        if (child === started) crash = new Error(`nats-server ended (${signal ?? code}): ${readLog()}`);
      });
      await waitUntilReady(started, readLog);
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
      if (crash !== null) throw crash;
    },
  };
  return server;
}

/** Length of the end of the log that is kept, in characters. */
const LOG_LENGTH = 100_000;

/** Returns a function that returns the end of the server's log. */
function collectLog({ stderr }: ChildProcess): () => string {
  let log = '';
  stderr?.on('data', (chunk) => {
    log = `${log}${chunk}`.slice(-LOG_LENGTH);
  });
  return () => log;
}

/** Resolves when the server has logged that it is ready. */
function waitUntilReady(server: ChildProcess, readLog: () => string): Promise<void> {
  const { stderr } = server;
  return new Promise((resolve, reject) => {
    server.once('error', ({ message }) =>
      reject(new Error(`nats-server does not start: ${message}. Install it with: npm run setup:e2e`)),
    );
    stderr?.on('data', () => {
      if (readLog().includes('Server is ready')) resolve();
    });
    stderr?.once('close', () => reject(new Error(`nats-server exited early: ${readLog()}`)));
  });
}
