import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type BucketGateway, serveBucket } from '../support/bucket-gateway.js';
import { runCli, runCliToEnd } from '../support/cli.js';
import { HUD_CI_EXCERPT } from '../support/hud-ci.js';
import { createKubeconfigFolder } from '../support/kubeconfig-file.js';
import { PATIENCE, ROUNDS, SLOW } from '../support/published-command.js';
import { tiltCommandLine } from '../support/tilt-command.js';
import { useNats } from './support/nats.js';

const nats = useNats();

const QUERY = `{ sessions { nodes { id connection { state } verdict { state } status { targets {
  name state { ... on TargetStateTerminated { error excerpt { isFinal omitted lines { text level } } } }
} } } } }`;

interface Shown {
  readonly id: string;
  readonly connection: { readonly state: string };
  readonly status: { readonly targets: readonly { readonly name: string; readonly state: object }[] };
}

async function read(gateway: BucketGateway, id: string): Promise<object | undefined> {
  const { sessions } = (await gateway.query(QUERY)) as { sessions: { nodes: readonly Shown[] } };
  const session = sessions.nodes.find((node) => node.id === id);
  const unit = session?.status.targets.find(({ name }) => name === 'unit:update');
  return session && { connection: session.connection.state, ...unit?.state };
}

describe('publish --logs -- tilt ci', () => {
  it(
    'keeps the last lines of each failed run, for every gateway, after the job has ended',
    SLOW,
    async () => {
      const address = nats.address('logs');
      await using during = await serveBucket(address);
      for (let round = 0; round < ROUNDS; round += 1) {
        await using folder = await createKubeconfigFolder();
        const kubeconfig = folder.path;
        const instance = `ci.${round}`;
        const env = { TILT_CONFIG: kubeconfig, TILT_DEV_DIR: dirname(kubeconfig) };
        const command = tiltCommandLine({ kubeconfig, logReaders: 1 });
        const flags = ['publish', '--logs', '--to', address, '--instance', instance];
        await using run = runCli([...flags, '--', ...command], env);
        expect(await run.exit).toBe(1);
        const expected = {
          connection: 'GONE',
          error: expect.stringContaining('exit status 1'),
          excerpt: {
            isFinal: true,
            omitted: 0,
            lines: HUD_CI_EXCERPT.map((text) => ({ text, level: 'INFO' })),
          },
        };
        await expect.poll(() => read(during, `${instance}/Tiltfile`), PATIENCE).toEqual(expected);
      }
      await using after = await serveBucket(address);
      const id = `ci.${ROUNDS - 1}/Tiltfile`;
      await expect.poll(() => read(after, id), PATIENCE).toEqual(await read(during, id));
    },
  );

  it('publishes no lines without --logs', SLOW, async () => {
    const address = nats.address('no-logs');
    await using gateway = await serveBucket(address);
    await using folder = await createKubeconfigFolder();
    const kubeconfig = folder.path;
    const env = { TILT_CONFIG: kubeconfig, TILT_DEV_DIR: dirname(kubeconfig) };
    const command = tiltCommandLine({ kubeconfig, logReaders: 0 });
    await using run = runCli(['publish', '--to', address, '--instance', 'ci.1', '--', ...command], env);
    expect(await run.exit).toBe(1);
    await expect
      .poll(() => read(gateway, 'ci.1/Tiltfile'), PATIENCE)
      .toMatchObject({ connection: 'GONE', excerpt: null });
  });
});

describe('--redact', () => {
  it('rejects an invalid pattern on one line, with exit code 2', async () => {
    const { code, stderr } = await runCliToEnd(['serve', '--logs', '--redact', '(a']);
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: expect.stringMatching(/^tilt-graphql: --redact: Invalid redaction pattern "\(a": .*\n$/),
    });
  });
});
