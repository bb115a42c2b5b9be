import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { serveBucket } from '../support/bucket-gateway.js';
import { BIN } from '../support/cli.js';
import { createKubeconfigFolder } from '../support/kubeconfig-file.js';
import {
  endPublishedTilt,
  PATIENCE,
  publishCommand,
  quoteWords,
  SLOW,
} from '../support/published-command.js';
import { tiltCommandLine } from '../support/tilt-command.js';
import { useNats } from './support/nats.js';

const nats = useNats();

describe('publish -- COMMAND without a usable output', () => {
  it.each([
    ['2>/dev/full', 'a full disk behind standard error'],
    ['2>&-', 'a closed standard error'],
    ['2>&1 | head -1 >/dev/null', 'a reader that exits after one line'],
    ['2>&1 | true', 'a reader that exits at once'],
    ['>&- 2>&-', 'no output at all'],
  ])(
    'runs the command to its end, keeps its exit code and publishes its result with %s (%s)',
    SLOW,
    async (redirection) => {
      const address = nats.address('output');
      const instance = `output.${Math.random().toString(36).slice(2)}`;
      await using folder = await createKubeconfigFolder();
      const kubeconfig = folder.path;
      await using gateway = await serveBucket(address);
      const tilt = tiltCommandLine({ kubeconfig, ends: 'fail', exitCode: 7, readers: 1 });
      const line = quoteWords([
        process.execPath,
        BIN,
        'publish',
        '--to',
        address,
        '--instance',
        instance,
        '--log-level',
        'debug',
        '--',
        ...tilt,
      ]);
      // The code is written to a separate descriptor, because the redirection applies only to the publisher.
      const script = `{ ${line}; echo $? >&3; } ${redirection}`;
      const shell = spawn('sh', ['-c', script], {
        env: { PATH: process.env.PATH, HOME: '/nonexistent', TILT_CONFIG: kubeconfig },
        stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
      });
      const code = shell.stdio[3];
      if (!(code instanceof Readable)) throw new Error('expected a pipe for the exit code');
      const ended = Promise.all([text(code), once(shell, 'exit')]);
      await endPublishedTilt(gateway, `${instance}/Tiltfile`);
      const [printed] = await ended;
      expect(printed).toBe('7\n');
      await expect
        .poll(() => gateway.session(`${instance}/Tiltfile`), PATIENCE)
        .toMatchObject({
          connection: { state: 'GONE' },
          verdict: { state: 'FAILED', reason: expect.stringContaining('exit status 1') },
        });
    },
  );
});

describe('publish -- tilt ci with a passing run', () => {
  it('logs no warning and no error', SLOW, async () => {
    const address = nats.address('calm');
    await using folder = await createKubeconfigFolder();
    const kubeconfig = folder.path;
    await using gateway = await serveBucket(address);
    await using run = publishCommand(
      { address, instance: 'ci.7', kubeconfig },
      tiltCommandLine({ kubeconfig, readers: 1 }),
    );
    await endPublishedTilt(gateway, 'ci.7/Tiltfile');
    expect([await run.exit, run.stderr]).toEqual([0, expect.not.stringMatching(/WARN|ERROR/)]);
  });
});
