import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { greenJson } from '../../support/followed-session.js';
import { type HealthReader, readHealth } from '../../support/health-reader.js';
import { createKubeconfigFolder, writeKubeconfig } from '../../support/kubeconfig-file.js';
import {
  type ResourceLimitedGateway,
  startResourceLimitedGateway,
} from '../../support/resource-limited-gateway.js';
import { createTiltServer } from '../../support/tilt-server.js';

/** A low limit that still lets Node.js load the program, which opens about 200 files at once. */
const LIMIT = 512;

/** Starts a gateway with a low file descriptor limit that follows a Tilt. */
async function start() {
  const server = await createTiltServer({ sessions: [greenJson({ uid: 'a' })] });
  const folder = await createKubeconfigFolder();
  await writeKubeconfig(folder.path, { 'tilt-default': server });
  const gateway = await startResourceLimitedGateway(LIMIT, ['--kubeconfig', folder.path, '--source', 'tilt']);
  await server.until(() => server.openWatches === 1);
  return {
    server,
    gateway,
    kubeconfig: folder.path,
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]();
      await server.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** Opens readers until the gateway rejects one. */
async function openReadersUntilFull(gateway: ResourceLimitedGateway): Promise<HealthReader[]> {
  const readers: HealthReader[] = [];
  while (readers.length < LIMIT) {
    const some = await Promise.allSettled(Array.from({ length: 20 }, () => readHealth(gateway)));
    readers.push(...some.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])));
    if (some.some(({ status }) => status === 'rejected')) return readers;
  }
  throw new Error(`Expected to be refused before reader ${LIMIT}.`);
}

/** Options of `expect.poll` on a busy machine. */
const PATIENCE = { timeout: 20_000 };

const versionOf = (reader: HealthReader) => reader.payloads.at(-1)?.metadata.resourceVersion;

/** Opens many connections at once. Resolves when all were rejected or closed by the gateway. */
async function connectMany(gateway: ResourceLimitedGateway, count: number): Promise<void> {
  const port = Number(new URL(gateway.url).port);
  const one = () =>
    new Promise<void>((resolve) => {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => {});
      socket.on('close', () => resolve());
    });
  await Promise.all(Array.from({ length: count }, one));
}

describe('a gateway that is out of file descriptors', () => {
  it('without free file descriptors the gateway rejects new readers, serves the others, does not spin, and recovers', async () => {
    await using parts = await start();
    const { server, gateway } = parts;
    const readers = await openReadersUntilFull(gateway);
    expect(readers.length).toBeGreaterThan(LIMIT / 2);
    await connectMany(gateway, 200);

    const { resourceVersion } = server.put(greenJson({ uid: 'a' })).metadata;
    for (const reader of readers) await expect.poll(() => versionOf(reader), PATIENCE).toBe(resourceVersion);
    await expect.poll(() => gateway.load(300), PATIENCE).toBeLessThan(0.2);

    for (const reader of readers.slice(0, 5)) await reader[Symbol.asyncDispose]();
    await using again = await openReaderWithRetry(gateway);
    const next = server.put(greenJson({ uid: 'a' })).metadata.resourceVersion;
    for (const reader of [again, ...readers.slice(5)]) {
      await expect.poll(() => versionOf(reader), PATIENCE).toBe(next);
      expect(reader.hasEnded).toBe(false);
    }
    expect(server.count('watch')).toBe(1);
    expect(gateway.isAlive).toBe(true);
    for (const reader of readers) await reader[Symbol.asyncDispose]();
    await expect.poll(() => gateway.openFiles(), PATIENCE).toBeLessThan(LIMIT / 4);
  });

  it('a Tilt whose watch breaks without free file descriptors is STALE until the gateway can reconnect', async () => {
    await using parts = await start();
    const { server, gateway } = parts;
    const readers = await openReadersUntilFull(gateway);
    const [first] = readers;
    if (!first) throw new Error('Expected a reader.');
    // Every freed descriptor is used at once by a waiting connection.
    const taken = Array.from({ length: 20 }, () => openReaderWithRetry(gateway));
    await server.cut();
    await connectMany(gateway, 200);
    server.put(greenJson({ uid: 'b' }));
    for (const reader of readers.slice(1)) await reader[Symbol.asyncDispose]();
    await expect
      .poll(() => first.payloads.at(-1), PATIENCE)
      .toMatchObject({ connection: { state: 'LIVE' }, metadata: { uid: 'b' } });
    for (const seen of first.payloads) {
      const isLive = seen?.connection.state === 'LIVE';
      expect(seen?.verdict.state).toBe(isLive ? 'PASSED' : 'UNKNOWN');
    }
    await first[Symbol.asyncDispose]();
    for (const reader of await Promise.all(taken)) await reader[Symbol.asyncDispose]();
    expect(gateway.isAlive).toBe(true);
  });

  it('the gateway reserves file descriptors to follow a new Tilt and to serve GraphiQL', async () => {
    await using parts = await start();
    const { server, gateway, kubeconfig } = parts;
    const readers = await openReadersUntilFull(gateway);
    await server.stop();
    await using other = await createTiltServer({ sessions: [greenJson({ uid: 'other' })] });
    await writeKubeconfig(kubeconfig, { 'tilt-default': other });
    await other.until(() => other.openWatches === 1);
    for (const reader of readers)
      await expect.poll(() => reader.payloads.at(-1)?.metadata.uid, PATIENCE).toBe('other');

    await readers.pop()?.[Symbol.asyncDispose]();
    const page = () =>
      fetch(gateway.url, { headers: { accept: 'text/html' } }).then((response) => response.ok);
    await expect.poll(() => page().catch(String), PATIENCE).toBe(true);
    for (const reader of readers) await reader[Symbol.asyncDispose]();
  });
});

/** Retries until the gateway accepts a reader. */
async function openReaderWithRetry(gateway: ResourceLimitedGateway): Promise<HealthReader> {
  for (;;) {
    try {
      return await readHealth(gateway);
    } catch {
      if (!gateway.isAlive) throw new Error(`The gateway has ended: ${gateway.stderr}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
