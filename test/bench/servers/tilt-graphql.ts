import { resolve } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import type { Session } from '../../../src/index.js';
import { createLogMessages } from '../data/log-messages.js';
import { changedIndex, changedState, instanceOf, sessionAt, versionOf } from '../data/session.js';
import { type BenchServer, control, type StartOptions } from './control.js';

control((options) => {
  if (!options.upstream) return startOnMemory(options);
  return 'nats' in options.upstream ? startOnNats(options.upstream.nats) : startOnTilt(options);
});

/** All readers connect from one address. */
const LIMITS = { sockets: 100_000, socketsPerAddress: 100_000 };

/** The gateway embedded in a program that feeds it. */
async function startOnMemory(options: StartOptions): Promise<BenchServer> {
  const { services, streams, isCompressing, logLines } = options;
  const { createGateway, createMemoryProvider, decodeSession } = await gatewayLibrary();
  const sessions = Array.from({ length: streams }, (_, stream) =>
    decodeSession(sessionAt({ services, stream, n: 0 }), instanceOf(stream)),
  );
  const source = createMemoryProvider('bench', sessions);
  const gateway = createGateway({
    providers: [source.provider],
    limits: LIMITS,
    compress: isCompressing ? 'always' : 'auto',
  });
  const { port } = await gateway.listen(0);
  await gateway.ready();
  if (logLines !== undefined) {
    for (const { id } of sessions) source.setLog(id, await writeLog(logLines));
  }
  return {
    port,
    emit(stream, n) {
      const session = sessions[stream];
      if (!session) return;
      const next = updated(session, stream, n);
      sessions[stream] = next;
      source.put(next);
    },
  };
}

/** Tilt sends at most one message in this time, in milliseconds. */
const LOG_INTERVAL_MS = 200;

/** Number of messages with more lines than are kept. */
const FULL_LOG = 100;

/**
 * Creates a log that is read from messages of Tilt's web server, at a fixed rate, until the process exits.
 */
async function writeLog(linesPerSecond: number) {
  const { createHudReader } =
    await module<typeof import('../../../src/logs/hud-reader.js')>('logs/hud-reader');
  const { createRedactor } = await module<typeof import('../../../src/logs/redact.js')>('logs/redact');
  const { createSessionLog } =
    await module<typeof import('../../../src/logs/session-log.js')>('logs/session-log');
  const log = createSessionLog();
  const reader = createHudReader({ log, redactor: createRedactor([]), yieldToLoop: setImmediate });
  const messages = createLogMessages({ linesPerSecond, lineBytes: 100 }, LOG_INTERVAL_MS);
  // The log has reached its bounds before the first measurement of memory.
  for (let message = 0; message < FULL_LOG; message += 1)
    await reader.push(Buffer.from(messages.next().text));
  setInterval(() => void reader.push(Buffer.from(messages.next().text)), LOG_INTERVAL_MS);
  return log;
}

/** The gateway reading a Tilt. */
async function startOnTilt({ upstream }: StartOptions): Promise<BenchServer> {
  if (!upstream || !('kubeconfig' in upstream)) throw new Error('Expected a kubeconfig.');
  const { createGateway, createTiltLogs } = await gatewayLibrary();
  const { kubeconfig, tokenFile } = upstream;
  const logs = tokenFile === undefined ? {} : { logs: createTiltLogs({ tokenFile }) };
  const gateway = createGateway({ tilts: { kubeconfig, ...logs }, limits: LIMITS });
  const { port } = await gateway.listen(0);
  return { port, emit() {} };
}

/** The gateway reading a bucket. */
async function startOnNats(address: string): Promise<BenchServer> {
  const { createGateway, systemClock } = await gatewayLibrary();
  const { createNatsProvider } = await natsLibrary();
  const gateway = createGateway({
    providers: [createNatsProvider({ address, clock: systemClock })],
    limits: LIMITS,
  });
  const { port } = await gateway.listen(0);
  await gateway.ready();
  return { port, emit() {} };
}

function natsLibrary() {
  return module<typeof import('../../../src/nats/nats-provider.js')>('nats/nats-provider');
}

function gatewayLibrary() {
  return module<typeof import('../../../src/index.js')>('index');
}

/** Loads a module of the built library. The process runs in the project's root. */
function module<T>(path: string): Promise<T> {
  return import(pathToFileURL(resolve(`dist/${path}.js`)).href);
}

/** Applies the n-th update. Unchanged parts are reused, as in a program that keeps its own state. */
function updated(session: Session, stream: number, n: number): Session {
  const targets = [...session.status.targets];
  const index = changedIndex(targets.length / 2, n);
  const target = targets[index];
  if (target) {
    const { active } = changedState(targets.length / 2, n);
    targets[index] = { ...target, state: { is: 'active', ...active } };
  }
  return {
    ...session,
    metadata: { ...session.metadata, resourceVersion: versionOf(stream, n) },
    status: { ...session.status, targets },
  };
}
