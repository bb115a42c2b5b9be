import { type RunningCommand, runCli } from './cli.js';
import { createKubeconfigFolder, writeKubeconfig } from './kubeconfig-file.js';
import { type SessionJson, sessionJson } from './session-json.js';
import { createTiltServer, type TiltServer } from './tilt-server.js';

/** `tilt-graphql serve` in a process of its own, following one Tilt. */
export interface CliGateway extends AsyncDisposable {
  readonly command: RunningCommand;
  readonly server: TiltServer;
  readonly url: string;
  readonly webSocketUrl: string;
}

/** Starts Tilt and gateway, and waits until the gateway watches the Tilt. */
export async function startCliGateway(): Promise<CliGateway> {
  const server = await createTiltServer({ sessions: [bigJson(0)] });
  const folder = await createKubeconfigFolder();
  await writeKubeconfig(folder.path, { 'tilt-default': server });
  const command = runCli(['--port', '0', '--kubeconfig', folder.path, '--source', 'tilt']);
  const [, url = ''] = await command.until(/listens on (http:\S+) /);
  await server.until(() => server.openWatches === 1);
  return {
    command,
    server,
    url,
    webSocketUrl: url.replace('http', 'ws'),
    async [Symbol.asyncDispose]() {
      await command[Symbol.asyncDispose]();
      await server.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** Creates a Session of about 100 kB that differs in every round. */
export function bigJson(round: number): SessionJson {
  const state = { waiting: { waitReason: `${round} ${'x'.repeat(1_000)}` } };
  const targets = Array.from({ length: 100 }, (_, index) => ({
    name: index === 0 ? `round-${round}` : `target-${index}`,
    type: 'job',
    resources: [],
    state,
  }));
  return sessionJson({ uid: 'big', targets });
}

/** Subscription that receives all of {@link bigJson} with each update. */
export const BIG_CHANGES = `subscription { targetChanges { conflated changes { target {
  name state { ... on TargetStateWaiting { waitReason } } } } } }`;

/** Subscription that receives a few bytes with each update. */
export const SMALL_CHANGES = 'subscription { targetChanges { cursor } }';
