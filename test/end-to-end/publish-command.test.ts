import { describe, expect, it } from 'vitest';
import { serveBucket } from '../support/bucket-gateway.js';
import { createKubeconfigFolder } from '../support/kubeconfig-file.js';
import {
  endPublishedTilt,
  PATIENCE,
  publishCommand,
  quoteWords,
  ROUNDS,
  SLOW,
} from '../support/published-command.js';
import { startTiltCommand, tiltCommandLine } from '../support/tilt-command.js';
import { useNats } from './support/nats.js';

const nats = useNats();

describe('publish -- COMMAND publishes only the Session of its command:', () => {
  it('two simultaneous jobs next to an unrelated Tilt each publish their own result', SLOW, async () => {
    const address = nats.address('jobs');
    await using gateway = await serveBucket(address);
    await using folder = await createKubeconfigFolder();
    const kubeconfig = folder.path;
    await using _unrelated = startTiltCommand({
      kubeconfig,
      context: 'tilt-default',
      exitCondition: 'manual',
      ends: 'never',
      tiltfile: '/home/dev/unrelated/Tiltfile',
    });
    for (let round = 0; round < ROUNDS; round += 1) {
      const job = (name: string, port: number, ends: 'pass' | 'fail') =>
        publishCommand(
          { address, instance: `${name}.${round}`, kubeconfig },
          tiltCommandLine({
            kubeconfig,
            context: `tilt-${port}`,
            tiltfile: `/${name}/Tiltfile`,
            ends,
            livesMs: 0,
            // Each publisher reads the Tilts of both.
            readers: 2,
          }),
        );
      await using good = job('good', 10_400, 'pass');
      await using bad = job('bad', 10_500, 'fail');
      for (const name of ['good', 'bad']) await endPublishedTilt(gateway, `${name}.${round}/Tiltfile`);
      expect([await good.exit, await bad.exit]).toEqual([0, 1]);
      const results = () =>
        Promise.all(
          ['good', 'bad'].map(async (name) => {
            const node = await gateway.session(`${name}.${round}/Tiltfile`);
            return [node?.connection.state, node?.verdict.state, node?.spec.tiltfilePath];
          }),
        );
      await expect.poll(results, PATIENCE).toEqual([
        ['GONE', 'PASSED', '/good/Tiltfile'],
        ['GONE', 'FAILED', '/bad/Tiltfile'],
      ]);
    }
    expect(await gateway.sessions()).toHaveLength(2 * ROUNDS);
  });

  it.each<[string, (line: readonly string[]) => readonly string[]]>([
    ['a shell', (line) => ['sh', '-c', `${quoteWords(line)}; exit $?`]],
    [
      'a shell in a shell',
      (line) => ['sh', '-c', `sh -c ${quoteWords([`${quoteWords(line)}; exit $?`])}; exit $?`],
    ],
    ['a background job of a shell', (line) => ['sh', '-c', `${quoteWords(line)} & wait $!`]],
    ['a shell that has ended', (line) => ['sh', '-c', `(${quoteWords(line)} &); read end; exit 1`]],
  ])('the Tilt started by %s is found', SLOW, async (_, wrapped) => {
    const address = nats.address('wrapped');
    await using folder = await createKubeconfigFolder();
    const kubeconfig = folder.path;
    await using gateway = await serveBucket(address);
    const line = tiltCommandLine({
      kubeconfig,
      ends: 'fail',
      readers: 1,
      tiltfile: '/mine/Tiltfile',
    });
    await using run = publishCommand({ address, instance: 'ci.4', kubeconfig }, wrapped(line));
    await endPublishedTilt(gateway, 'ci.4/Tiltfile');
    run.process.stdin.end('end\n');
    expect(await run.exit).toBe(1);
    await expect
      .poll(() => gateway.session('ci.4/Tiltfile'), PATIENCE)
      .toMatchObject({
        connection: { state: 'GONE' },
        verdict: { state: 'FAILED', reason: expect.stringContaining('exit status 1') },
        spec: { tiltfilePath: '/mine/Tiltfile' },
      });
  });

  it('a second command of the same instance does not replace the result of the first', SLOW, async () => {
    const address = nats.address('same');
    await using folder = await createKubeconfigFolder();
    const kubeconfig = folder.path;
    await using gateway = await serveBucket(address);
    const line = tiltCommandLine({ kubeconfig, ends: 'fail', readers: 1 });
    await using first = publishCommand({ address, instance: 'ci.6', kubeconfig }, line);
    // Its Session was read, so it writes nothing more until it ends.
    await expect
      .poll(() => gateway.session('ci.6/Tiltfile'), PATIENCE)
      .toMatchObject({ counts: { total: 2 } });
    await using second = publishCommand({ address, instance: 'ci.6', kubeconfig }, ['true']);
    expect([await second.exit, second.stderr]).toEqual([
      0,
      expect.stringMatching(
        /WARN .* another publisher .* publishes this Session;[\s\S]*ERROR ci\.6\.Tiltfile: the final state was not written/,
      ),
    ]);
    await endPublishedTilt(gateway, 'ci.6/Tiltfile');
    expect(await first.exit).toBe(1);
    await expect
      .poll(() => gateway.session('ci.6/Tiltfile'), PATIENCE)
      .toMatchObject({ connection: { state: 'GONE' }, verdict: { state: 'FAILED' }, counts: { total: 2 } });
  });

  it('a command without a Tilt publishes nothing of a Tilt that ran before', SLOW, async () => {
    const address = nats.address('none');
    await using folder = await createKubeconfigFolder();
    const kubeconfig = folder.path;
    await using gateway = await serveBucket(address);
    await using _unrelated = startTiltCommand({ kubeconfig, exitCondition: 'manual', ends: 'never' });
    await using run = publishCommand({ address, instance: 'ci.5', kubeconfig }, ['sh', '-c', 'read end']);
    await expect
      .poll(() => run.stderr, PATIENCE)
      .toMatch(/tilt-default\/Tiltfile is not published: process \d+ was not started/);
    run.process.stdin.end('end\n');
    expect(await run.exit).toBe(0);
    await expect
      .poll(() => gateway.sessions(), PATIENCE)
      .toMatchObject([
        {
          id: 'ci.5/Tiltfile',
          connection: {
            state: 'GONE',
            error: 'the command exited with code 0 before its Session could be read',
          },
          verdict: { state: 'UNKNOWN' },
          counts: { total: 0 },
        },
      ]);
  });
});
