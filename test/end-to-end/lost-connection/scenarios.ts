import { rm } from 'node:fs/promises';
import { decodeSession } from '../../../src/model/decode.js';
import { createNatsProvider } from '../../../src/nats/nats-provider.js';
import { createDemoProvider } from '../../../src/providers/demo/demo.js';
import { createMemoryProvider } from '../../../src/providers/memory.js';
import { runCli } from '../../support/cli.js';
import { greenJson } from '../../support/followed-session.js';
import { startGateway } from '../../support/gateway.js';
import { createKubeconfigFolder, writeKubeconfig } from '../../support/kubeconfig-file.js';
import { createManualClock } from '../../support/manual-clock.js';
import { startNats } from '../../support/nats-server.js';
import { startRestartableGateway } from '../../support/restartable-gateway.js';
import { type SessionJson, sessionJson } from '../../support/session-json.js';
import { openTcpProxy } from '../../support/tcp-proxy.js';
import { startTiltGateway, type TiltGatewayOptions } from '../../support/tilt-gateway.js';
import { createTiltServer } from '../../support/tilt-server.js';

/** A gateway with a passing Tilt, and a way to break the connection to it. */
export interface Scene extends AsyncDisposable {
  /** `http://127.0.0.1:<port>`: the address for all clients. */
  readonly origin: string;
  /** Id of the Session. */
  readonly id: string;
  /** Breaks the connection. Resolves when the gateway can no longer read the Tilt. */
  disconnect(): Promise<void>;
}

/** A run that has just started. */
const STARTING = {
  uid: 'another',
  targets: [
    { name: 'api:serve', type: 'server', resources: ['api'], state: { waiting: { waitReason: 'x' } } },
  ],
};

/** All scenarios of a lost connection, by name in docs/guarantees.md. */
export const SCENARIOS: Readonly<Record<string, () => Promise<Scene>>> = {
  'Tilt was killed': () => tiltScene(({ tilt }) => tilt.stop()),
  async 'Tilt hangs'() {
    const clock = createManualClock();
    return tiltScene(
      async ({ tilt, gateway }) => {
        tilt.respond('list', 'silent');
        tilt.stallWatches();
        await gateway.session().until({ connection: { state: 'STALE' } });
      },
      { clock },
    );
  },
  'Tilt was restarted': () =>
    tiltScene(async ({ tilt, gateway }) => {
      await tilt.restart({ freshCa: true });
      tilt.put(sessionJson(STARTING));
      await gateway.updateKubeconfig({ 'tilt-default': tilt });
      await gateway.session().until({ metadata: { uid: STARTING.uid } });
    }),
  'another run replaced it': () =>
    tiltScene(async ({ tilt, gateway, own }) => {
      await tilt.stop();
      const json: SessionJson = sessionJson(STARTING);
      const spec = { tiltfilePath: '/home/dev/other/Tiltfile', exitCondition: 'ci' };
      const other = own(await createTiltServer({ sessions: [{ ...json, spec }] }));
      await gateway.updateKubeconfig({ 'tilt-default': other });
      await gateway.session().until({ metadata: { uid: STARTING.uid } });
    }),
  'the token changed': () =>
    tiltScene(async ({ tilt }) => {
      for (const kind of ['list', 'watch'] as const) tilt.respond(kind, { status: 403, body: '{}' });
      await tilt.cut();
    }),
  'the kubeconfig was deleted': () =>
    tiltScene(async ({ tilt, gateway }) => {
      await rm(gateway.kubeconfig);
      await tilt.stop();
    }),
  'Tilt exited': () =>
    tiltScene(async ({ tilt, gateway }) => {
      await tilt.stop();
      await gateway.updateKubeconfig({});
      await gateway.session().until({ connection: { state: 'GONE' } });
    }),
  async 'the gateway was restarted'() {
    const source = createMemoryProvider('tilt-default', [decodeSession(greenJson(), 'tilt-default')]);
    const gateway = await startRestartableGateway({ providers: [source.provider] });
    return scene(gateway.origin, [gateway], async () => {
      await gateway.kill();
      await gateway.start({ providers: [createMemoryProvider('tilt-default').provider] });
    });
  },
  async 'the client lost its connection'() {
    const source = createMemoryProvider('tilt-default', [decodeSession(greenJson(), 'tilt-default')]);
    const gateway = await startGateway({ providers: [source.provider] });
    const proxy = await openTcpProxy(Number(new URL(gateway.origin).port));
    return scene(`http://127.0.0.1:${proxy.port}`, [proxy, gateway], () => proxy.cut());
  },
  'NATS is unreachable': () => fleetScene(({ nats }) => nats.kill()),
  'the publisher died': () => fleetScene(({ publisher }) => void publisher.kill('SIGKILL')),
  async 'only the demo is running'() {
    const clock = createManualClock();
    const gateway = await startGateway({ clock, providers: [createDemoProvider({ clock })] });
    return { ...scene(gateway.origin, [gateway], () => {}), id: 'demo/Tiltfile' };
  },
};

/**
 * Presence time of a publisher. The process that starts first creates the bucket, so both must use the same
 * value.
 */
const PRESENCE_MS = 2_000;

type Own = <T extends AsyncDisposable>(resource: T) => T;

async function tiltScene(
  disconnect: (parts: {
    readonly tilt: Awaited<ReturnType<typeof createTiltServer>>;
    readonly gateway: Awaited<ReturnType<typeof startTiltGateway>>;
    readonly own: Own;
  }) => Promise<void>,
  options: TiltGatewayOptions = {},
): Promise<Scene> {
  const tilt = await createTiltServer({ sessions: [greenJson()] });
  const gateway = await startTiltGateway({ 'tilt-default': tilt }, options);
  await gateway.session().until({ verdict: { state: 'PASSED' } });
  const owned: AsyncDisposable[] = [gateway, tilt];
  const own: Own = (resource) => {
    owned.push(resource);
    return resource;
  };
  return scene(gateway.origin, owned, () => disconnect({ tilt, gateway, own }));
}

async function fleetScene(
  disconnect: (parts: {
    readonly nats: Awaited<ReturnType<typeof startNats>>;
    readonly publisher: { kill(signal: NodeJS.Signals): boolean };
  }) => Promise<void> | void,
): Promise<Scene> {
  const nats = await startNats();
  const tilt = await createTiltServer({ sessions: [greenJson()] });
  const folder = await createKubeconfigFolder();
  await writeKubeconfig(folder.path, { 'tilt-default': tilt });
  const address = nats.address('sight');
  const flags = ['--instance', 'tilt-default', '--bucket-presence', `${PRESENCE_MS / 1_000}s`];
  const publisher = runCli(['publish', '--to', address, ...flags], { TILT_CONFIG: folder.path });
  const gateway = await startGateway({
    providers: [createNatsProvider({ address, settings: { presenceMs: PRESENCE_MS } })],
  });
  return scene(gateway.origin, [gateway, publisher, tilt, folder, nats], () =>
    disconnect({ nats, publisher: publisher.process }),
  );
}

function scene(
  origin: string,
  owned: readonly AsyncDisposable[],
  disconnect: () => Promise<void> | void,
): Scene {
  return {
    origin,
    id: 'tilt-default/Tiltfile',
    disconnect: async () => disconnect(),
    async [Symbol.asyncDispose]() {
      for (const resource of owned) await resource[Symbol.asyncDispose]();
    },
  };
}
