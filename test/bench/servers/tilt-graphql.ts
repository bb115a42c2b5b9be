import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Session } from '../../../src/index.js';
import { changedIndex, changedState, instanceOf, sessionAt, versionOf } from '../data/session.js';
import { type BenchServer, control, type StartOptions } from './control.js';

control((options) => {
  if (!options.upstream) return startOnMemory(options);
  return 'nats' in options.upstream ? startOnNats(options.upstream.nats) : startOnTilt(options);
});

/** All readers connect from one address. */
const LIMITS = { sockets: 100_000, socketsPerAddress: 100_000 };

/** The gateway embedded in a program that feeds it. */
async function startOnMemory({ services, streams, isCompressing }: StartOptions): Promise<BenchServer> {
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

/** The gateway reading a Tilt. */
async function startOnTilt({ upstream }: StartOptions): Promise<BenchServer> {
  if (!upstream || !('kubeconfig' in upstream)) throw new Error('Expected a kubeconfig.');
  const { createGateway } = await gatewayLibrary();
  const gateway = createGateway({ tilts: { kubeconfig: upstream.kubeconfig } });
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

function natsLibrary(): Promise<typeof import('../../../src/nats/nats-provider.js')> {
  return import(pathToFileURL(resolve('dist/nats/nats-provider.js')).href);
}

/** The built library. The process runs in the project's root. */
function gatewayLibrary(): Promise<typeof import('../../../src/index.js')> {
  return import(pathToFileURL(resolve('dist/index.js')).href);
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
