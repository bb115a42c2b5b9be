import { access, readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { type RunningCommand, runCli } from '../support/cli.js';
import { greenJson } from '../support/followed-session.js';
import { createKubeconfigFolder, writeKubeconfig } from '../support/kubeconfig-file.js';
import { createTemporaryFolder } from '../support/temporary-folder.js';
import { createTiltServer } from '../support/tilt-server.js';
import { openTmux } from '../support/tmux.js';

/** A gateway on a machine without a Tilt, which runs the demo. */
async function serveDemo(
  kubeconfig: string,
): Promise<{ readonly command: RunningCommand; readonly url: string }> {
  const command = runCli(['--port', '0'], { TILT_CONFIG: kubeconfig });
  const [, url = ''] = await command.until(/listens on (http:\S+) /);
  return { command, url };
}

describe('the demo on a machine without a Tilt', () => {
  it('has targets in several phases, a history and a demo flag at the first query', async () => {
    await using folder = await createKubeconfigFolder();
    const { command, url } = await serveDemo(folder.path);
    await using _ = command;
    const query = '{ session { id isDemo status { targets { phase history { phase } } } } }';
    const ask = async () => {
      const response = await fetch(`${url}?query=${encodeURIComponent(query)}`, {
        headers: { accept: 'application/json' },
      });
      const { data } = await response.json();
      return data.session ?? { status: { targets: [] } };
    };
    await expect.poll(async () => (await ask()).status.targets.length).toBe(14);
    expect(await ask()).toMatchObject({ id: 'demo/Tiltfile', isDemo: true });
    await expect
      .poll(async () =>
        (await ask()).status.targets.some((target: { history: [] }) => target.history.length > 1),
      )
      .toBe(true);
  });

  it('is marked in the table and in each JSON line of watch, and a watch continues with the first real Tilt', async () => {
    await using folder = await createKubeconfigFolder();
    const { command, url } = await serveDemo(folder.path);
    await using _ = command;
    await using terminal = await openTmux({ TILT_GRAPHQL_URL: url });
    await terminal.type('tilt-graphql watch');
    await terminal.press('Enter');
    await using lines = runCli(['watch', '--output', 'json'], { TILT_GRAPHQL_URL: url });
    await terminal.until(/^demo\/Tiltfile \(demo\) {2}/);
    await lines.until(/"session":"demo\/Tiltfile","type":"ADDED".*"demo":true\}\n/);

    await using tilt = await createTiltServer({ sessions: [greenJson()] });
    await writeKubeconfig(folder.path, { 'tilt-default': tilt });
    await terminal.until(/^tilt-default\/Tiltfile {2}PASSED/);
    await lines.until(/"session":"tilt-default\/Tiltfile","type":"VERDICT".*"PASSED"/);
    const last = lines.stdout.trimEnd().split('\n').at(-1);
    expect(last).not.toContain('"demo"');
  });

  it('runs no command of watch --exec unless its Session is named', async () => {
    await using folder = await createTemporaryFolder();
    await using kubeconfig = await createKubeconfigFolder();
    const { command, url } = await serveDemo(kubeconfig.path);
    await using _ = command;
    const watch = (name: string, ...args: readonly string[]) =>
      runCli(
        ['watch', '--output', 'json', '--exec', `echo "$TILT_GRAPHQL_EVENT" >>${folder.file(name)}`, ...args],
        {
          TILT_GRAPHQL_URL: url,
        },
      );
    await using unnamed = watch('unnamed');
    await using named = watch('named', '--session', 'demo/Tiltfile');
    await expect.poll(() => unnamed.stderr).toContain('--exec does not run for the demo');
    // Both see the same failure. The command runs only in the watch that names the demo.
    for (const watching of [unnamed, named]) await watching.until(/"VERDICT","verdict":"FAILED"/);
    await expect
      .poll(() => readFile(folder.file('named'), 'utf8').catch(() => ''), { timeout: 30_000 })
      .toContain('verdict');
    await expect(access(folder.file('unnamed'))).rejects.toThrow('ENOENT');
  });
});
