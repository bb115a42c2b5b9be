import { writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { createDemoProvider } from '../../src/providers/demo/demo.js';
import { runCli } from '../support/cli.js';
import { greenJson } from '../support/followed-session.js';
import { startGateway } from '../support/gateway.js';
import { createKubeconfigFolder, writeKubeconfig } from '../support/kubeconfig-file.js';
import { createManualClock } from '../support/manual-clock.js';
import { createTemporaryFolder } from '../support/temporary-folder.js';
import { createTiltServer } from '../support/tilt-server.js';

const LOGS = `{
  sessions { nodes { id status { targets { log { text } } } resources { log { text } } } }
  gateway { sources { name unavailable } }
}`;

interface Line {
  readonly text: string;
}

interface Logs {
  readonly sessions: {
    readonly nodes: readonly {
      readonly id: string;
      readonly status: { readonly targets: readonly { readonly log: readonly Line[] | null }[] };
    }[];
  };
  readonly gateway: {
    readonly sources: readonly { readonly name: string; readonly unavailable: readonly string[] }[];
  };
}

describe('the log of a source', () => {
  it.each([
    [['--redact', 'x'], '--redact has no effect without --logs'],
    [['--source', 'demo', '--logs'], '--logs has no effect: no source is a Tilt of this machine'],
  ])('an option of logs without an effect (%j) is reported', async (args, message) => {
    await using command = runCli(['--port', '0', ...args]);
    await command.until(/listens on/);
    await expect.poll(() => command.stderr).toContain(message);
    expect(command.stderr.trimEnd().split('\n')).toHaveLength(1);
  });

  it('Target.log is null for a file, standard input and a Kubernetes API, even with --logs', async () => {
    await using folder = await createTemporaryFolder();
    await using kubeconfig = await createKubeconfigFolder();
    await using server = await createTiltServer({ sessions: [greenJson()] });
    await writeKubeconfig(kubeconfig.path, { production: server });
    await writeFile(folder.file('file.json'), JSON.stringify(greenJson()));
    const sources = [folder.file('file.json'), '-', 'tilt:production'].flatMap((spec) => ['--source', spec]);
    await using command = runCli(['--port', '0', '--logs', '--kubeconfig', kubeconfig.path, ...sources]);
    command.process.stdin.write(JSON.stringify(greenJson()));
    const [, url = ''] = await command.until(/listens on (http:\S+) /);
    const read = async (): Promise<Logs> => {
      const response = await fetch(`${url}?query=${encodeURIComponent(LOGS)}`, {
        headers: { accept: 'application/json' },
      });
      return (await response.json()).data;
    };
    await expect.poll(async () => (await read()).sessions.nodes.length).toBe(3);
    const { sessions } = await read();
    expect(sessions.nodes.map(({ id }) => id).toSorted()).toEqual([
      'file/Tiltfile',
      'production/Tiltfile',
      'stdin/Tiltfile',
    ]);
    for (const { status } of sessions.nodes) expect(status.targets).toEqual([{ log: null }, { log: null }]);
    const readReasons = async () => {
      const { sources } = (await read()).gateway;
      return sources.flatMap(({ name, unavailable }) =>
        unavailable.filter((reason) => reason.startsWith('logs:')).map((reason) => `${name}: ${reason}`),
      );
    };
    await expect
      .poll(readReasons)
      .toEqual([
        'production: logs: the address of the web server of production is not known; they are read only from a Tilt on this machine',
      ]);
  });

  it('the demo has lines, excerpts and a live log without --logs', async () => {
    const clock = createManualClock();
    await using gateway = await startGateway({ clock, providers: [createDemoProvider({ clock })] });
    await gateway.gateway.ready();
    const read = async () => {
      const { data } = await gateway.query<{
        target: { log: readonly Line[]; state: { excerpt?: { isFinal: boolean; lines: readonly Line[] } } };
      }>(`{ target(name: "assets:update") {
        log(last: 2) { text }
        state { ... on TargetStateTerminated { excerpt { isFinal lines { text } } } }
      } }`);
      return data.target;
    };
    expect((await read()).log.map(({ text }) => text)).toContain('> shop-web@4.2.0 build');
    await clock.advance(1_500);
    const { log, state } = await read();
    const last = 'Found 1 error in src/cart/total.ts:12';
    expect(log.map(({ text }) => text)).toEqual([
      last,
      'Build Failed: Command "npm run build" failed: exit status 1',
    ]);
    expect(state.excerpt?.isFinal).toBe(true);
    expect(state.excerpt?.lines.at(-1)).toEqual({ text: last });

    const stream = await fetch(
      `${gateway.url}?query=${encodeURIComponent('subscription { log(last: 1) { reset lines { text } } }')}`,
      { headers: { accept: 'text/event-stream' } },
    );
    const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader();
    let received = '';
    const until = async (text: string) => {
      while (!received.includes(text)) received += (await reader?.read())?.value ?? '';
    };
    await until('"reset":true');
    await clock.advance(5_000);
    await until('API listens on http://localhost:8080');
    await reader?.cancel();
  });
});
