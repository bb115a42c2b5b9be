import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A real `nats-server` with JetStream, on a port of 127.0.0.1 that it keeps. Ends at the end of its block. */
export interface NatsServer extends AsyncDisposable {
  readonly name: string;
  readonly port: number;
  /** `nats://127.0.0.1:<port>/<bucket>`. */
  address(bucket: string): string;
  /** Ends it without a goodbye. */
  kill(): Promise<void>;
  /** Stops it in the midst of everything (`SIGSTOP`), and lets it go on (`SIGCONT`). */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void;
  /** Starts it again with what it has stored. */
  start(): Promise<void>;
}

/** Three of them, as a cluster. */
export interface NatsCluster extends AsyncDisposable {
  readonly servers: readonly NatsServer[];
  address(bucket: string): string;
}

/** What may be said of a server. */
export interface NatsServerOptions {
  /** More of its configuration file, such as who is let in. */
  readonly config?: string;
}

/** Starts one. */
export async function startNats({ config = '' }: NatsServerOptions = {}): Promise<NatsServer> {
  const server = await prepare('n1', await freePort(), config);
  await server.start();
  return server;
}

/** Starts a cluster of three, each of which knows the others. */
export async function startNatsCluster(): Promise<NatsCluster> {
  const ports = await freePorts(6);
  const routes = ports.slice(3).map((port) => `nats://127.0.0.1:${port}`);
  const servers = await Promise.all(
    ['n1', 'n2', 'n3'].map((name, index) =>
      prepare(
        name,
        ports[index] ?? 0,
        `cluster { name: tilt, listen: "127.0.0.1:${ports[index + 3]}", routes: ${JSON.stringify(routes)} }`,
      ),
    ),
  );
  await Promise.all(servers.map((server) => server.start()));
  return {
    servers,
    address: (bucket) => `nats://${servers.map(({ port }) => `127.0.0.1:${port}`).join(',')}/${bucket}`,
    async [Symbol.asyncDispose]() {
      await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()));
    },
  };
}

async function prepare(name: string, port: number, config: string): Promise<NatsServer> {
  const folder = await mkdtemp(join(tmpdir(), 'tilt-graphql-nats-'));
  const file = join(folder, 'nats.conf');
  await writeFile(
    file,
    [
      `server_name: ${name}`,
      `listen: "127.0.0.1:${port}"`,
      `jetstream { store_dir: ${JSON.stringify(folder)}, max_mem: 256M, max_file: 2G }`,
      config,
      '',
    ].join('\n'),
  );
  let child: ChildProcess | null = null;
  const server: NatsServer = {
    name,
    port,
    address: (bucket) => `nats://127.0.0.1:${port}/${bucket}`,
    async start() {
      child = spawn('nats-server', ['-c', file], { stdio: ['ignore', 'ignore', 'pipe'] });
      await isReady(child);
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
    signal: (signal) => void child?.kill(signal),
    async [Symbol.asyncDispose]() {
      await server.kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
  return server;
}

/** Resolves once it says that it is ready. */
function isReady({ stderr }: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = '';
    stderr?.on('data', (chunk) => {
      if (said.length < 100_000) said += chunk;
      if (said.includes('Server is ready')) resolve();
    });
    stderr?.once('close', () => reject(new Error(`nats-server ended: ${said}`)));
  });
}

async function freePort(): Promise<number> {
  const [port = 0] = await freePorts(1);
  return port;
}

async function freePorts(count: number): Promise<number[]> {
  const probes = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  const ports = await Promise.all(
    probes.map(async (probe) => {
      await once(probe, 'listening');
      const address = probe.address();
      return typeof address === 'object' && address !== null ? address.port : 0;
    }),
  );
  await Promise.all(probes.map((probe) => new Promise((resolve) => probe.close(resolve))));
  return ports;
}
