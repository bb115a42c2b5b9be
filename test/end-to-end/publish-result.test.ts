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
import { session as sessionOf } from '../support/sessions.js';
import { openTestBucket } from '../support/test-bucket.js';
import { type TiltCommandOptions, tiltCommandLine } from '../support/tilt-command.js';
import { useNats } from './support/nats.js';

const nats = useNats();

const FAST_FAILURE: Omit<TiltCommandOptions, 'kubeconfig'> = { ends: 'tiltfile-error', livesMs: 100 };

describe('publish -- COMMAND replaces the result of the previous run:', () => {
  it('a `tilt ci` that fails at once is FAILED, whether or not its Session could be read', SLOW, async () => {
    const address = nats.address('fast');
    await using gateway = await serveBucket(address);
    const outcomes: unknown[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      await using folder = await createKubeconfigFolder();
      const kubeconfig = folder.path;
      const line = tiltCommandLine({ kubeconfig, ...FAST_FAILURE });
      await using run = publishCommand({ address, instance: `fast.${round}`, kubeconfig }, line);
      expect(await run.exit).toBe(1);
      const id = `fast.${round}/Tiltfile`;
      await expect.poll(async () => (await gateway.session(id))?.connection.state, PATIENCE).toBe('GONE');
      outcomes.push((await gateway.session(id))?.verdict.state);
    }
    expect(outcomes).toEqual(Array.from({ length: ROUNDS }, () => 'FAILED'));
  });

  it(
    'readers of the instance never get the passed result of the previous run after a new run has started',
    SLOW,
    async () => {
      const address = nats.address('again');
      await using gateway = await serveBucket(address);
      for (let round = 0; round < ROUNDS; round += 1) {
        await using folder = await createKubeconfigFolder();
        const kubeconfig = folder.path;
        const flags = { address, instance: 'ci.3', kubeconfig };
        const id = 'ci.3/Tiltfile';
        await using passes = publishCommand(flags, tiltCommandLine({ kubeconfig, readers: 1 }));
        await endPublishedTilt(gateway, id);
        expect(await passes.exit).toBe(0);
        const verdict = async () => (await gateway.session(id))?.verdict.state;
        await expect.poll(verdict, PATIENCE).toBe('PASSED');
        const before = (await gateway.session(id))?.metadata.uid;
        // A Tilt that takes long to start, as with a large Tiltfile.
        const line = tiltCommandLine({ kubeconfig, ...FAST_FAILURE });
        await using fails = publishCommand(flags, ['sh', '-c', `read start; ${quoteWords(line)}; exit $?`]);
        await expect.poll(async () => (await gateway.session(id))?.metadata.uid, PATIENCE).not.toBe(before);
        // Before its Tilt has started, and at its end.
        expect(await gateway.session(id)).toMatchObject({
          connection: {
            state: 'STALE',
            error: 'the command has started, its Session has not been read yet',
          },
          verdict: { state: 'UNKNOWN' },
          status: { pid: expect.any(Number) },
        });
        fails.process.stdin.end('start\n');
        expect(await fails.exit).toBe(1);
        await expect.poll(verdict, PATIENCE).toBe('FAILED');
      }
    },
  );

  it('the result of a killed publisher is replaced when that publisher counts as gone', SLOW, async () => {
    const address = nats.address('cancelled');
    await using folder = await createKubeconfigFolder();
    await using bucket = await openTestBucket(address, { presenceMs: 3_000 });
    await using gateway = await serveBucket(address);
    const id = 'ci.7/Tiltfile';
    const cancelled = sessionOf('ci.7');
    await bucket.put(cancelled);
    await expect.poll(() => gateway.session(id), PATIENCE).toMatchObject({ connection: { state: 'LIVE' } });
    const flags = { address, instance: 'ci.7', kubeconfig: folder.path };
    await using fails = publishCommand(flags, ['sh', '-c', 'read end; exit 5']);
    const output = async () => {
      await bucket.renewPresence(cancelled);
      return fails.stderr;
    };
    // The last heartbeat is the one sent before this line appeared.
    await expect.poll(output, PATIENCE).toContain('another publisher (test) publishes this Session');
    const error = 'the command has started, its Session has not been read yet';
    await expect
      .poll(() => gateway.session(id), PATIENCE)
      .toMatchObject({ connection: { state: 'STALE', error } });
    fails.process.stdin.end('end\n');
    expect(await fails.exit).toBe(5);
    await expect
      .poll(() => gateway.session(id), PATIENCE)
      .toMatchObject({ connection: { state: 'GONE' }, verdict: { state: 'FAILED' } });
  });

  it('the result of a simultaneous job with the same name is kept', SLOW, async () => {
    const address = nats.address('same-name');
    await using folder = await createKubeconfigFolder();
    await using bucket = await openTestBucket(address, { presenceMs: 3_000 });
    await using gateway = await serveBucket(address);
    const id = 'ci.7/Tiltfile';
    const first = sessionOf('ci.7');
    await bucket.put(first);
    const flags = { address, instance: 'ci.7', kubeconfig: folder.path };
    await using second = publishCommand(flags, ['sh', '-c', 'read end; exit 0']);
    const output = async () => {
      await bucket.renewPresence(first);
      return second.stderr;
    };
    await expect.poll(output, PATIENCE).toContain('another publisher (test) publishes this Session');
    const failed = sessionOf('ci.7', {}, { status: { done: true, error: 'boom' } });
    await bucket.put(failed, { connection: 'gone', error: 'its command ended' });
    await expect
      .poll(() => second.stderr, PATIENCE)
      .toContain('another publisher (test) has written it meanwhile; give this one another --instance');
    second.process.stdin.end('end\n');
    expect(await second.exit).toBe(0);
    expect(await gateway.session(id)).toMatchObject({
      connection: { state: 'GONE', error: 'its command ended' },
      verdict: { state: 'FAILED' },
    });
  });

  it.each([
    [
      'that exits with 3',
      ['sh', '-c', 'exit 3'],
      3,
      'FAILED',
      'the command exited with code 3 before its Session could be read',
    ],
    [
      'that is ended by a signal',
      ['sh', '-c', 'kill -KILL $$'],
      137,
      'FAILED',
      'the command was ended by SIGKILL before its Session could be read',
    ],
    [
      'that does not exist',
      ['no-such-command'],
      127,
      'FAILED',
      'the command could not be run (spawn no-such-command ENOENT)',
    ],
    ['that is a folder', ['/'], 126, 'FAILED', 'the command could not be run (spawn / EACCES)'],
    [
      'whose path has a file as parent',
      ['/etc/passwd/x'],
      126,
      'FAILED',
      'the command could not be run (spawn ENOTDIR)',
    ],
    [
      'that exits with 0',
      ['true'],
      0,
      'UNKNOWN',
      'the command exited with code 0 before its Session could be read',
    ],
  ])(
    'a command %s and has no Session leaves a final state that is never PASSED',
    SLOW,
    async (name, command, code, verdict, error) => {
      const address = nats.address('unread');
      const instance = `unread.${name.replaceAll(' ', '-')}`;
      await using folder = await createKubeconfigFolder();
      await using gateway = await serveBucket(address);
      await using run = publishCommand({ address, instance, kubeconfig: folder.path }, command);
      expect([await run.exit, run.stderr]).toEqual([
        code,
        expect.stringContaining(`is ${verdict}: ${error}`),
      ]);
      await expect
        .poll(() => gateway.session(`${instance}/Tiltfile`), PATIENCE)
        .toMatchObject({
          connection: { state: 'GONE', error },
          verdict: { state: verdict, ...(verdict === 'FAILED' && { reason: error }) },
        });
    },
  );

  it('a `tilt ci` killed before it is done is FAILED, with the last state of its targets', SLOW, async () => {
    const address = nats.address('killed');
    await using folder = await createKubeconfigFolder();
    const kubeconfig = folder.path;
    await using gateway = await serveBucket(address);
    const line = tiltCommandLine({ kubeconfig, ends: 'never' });
    await using run = publishCommand({ address, instance: 'ci.9', kubeconfig }, line);
    const session = () => gateway.session('ci.9/Tiltfile');
    await expect
      .poll(session, PATIENCE)
      .toMatchObject({ connection: { state: 'LIVE' }, counts: { total: 2 } });
    process.kill((await session())?.status.pid ?? 0, 'SIGKILL');
    expect(await run.exit).toBe(137);
    const error = 'the command was ended by SIGKILL before its Session was done';
    await expect.poll(session, PATIENCE).toMatchObject({
      connection: { state: 'GONE', error },
      verdict: { state: 'FAILED', reason: error },
      counts: { total: 2 },
    });
  });

  it(
    'a `tilt ci` that exits without a result is STALE until its command ends, then FAILED by its exit code',
    SLOW,
    async () => {
      const address = nats.address('left');
      await using folder = await createKubeconfigFolder();
      const kubeconfig = folder.path;
      await using gateway = await serveBucket(address);
      // On SIGTERM the simulated Tilt removes its kubeconfig entry, as Tilt does.
      const line = quoteWords(tiltCommandLine({ kubeconfig, ends: 'never' }));
      await using run = publishCommand({ address, instance: 'ci.8', kubeconfig }, [
        'sh',
        '-c',
        `${line}; read end; exit 5`,
      ]);
      const session = () => gateway.session('ci.8/Tiltfile');
      await expect.poll(session, PATIENCE).toMatchObject({ connection: { state: 'LIVE' } });
      process.kill((await session())?.status.pid ?? 0, 'SIGTERM');
      await expect.poll(session, PATIENCE).toMatchObject({ connection: { state: 'STALE' } });
      run.process.stdin.end('end\n');
      expect(await run.exit).toBe(5);
      const error = 'the command exited with code 5 before its Session was done';
      await expect.poll(session, PATIENCE).toMatchObject({
        connection: { state: 'GONE', error },
        verdict: { state: 'FAILED', reason: error },
      });
    },
  );

  it('a `tilt up` that ends has no result, whatever its exit code', SLOW, async () => {
    const address = nats.address('up');
    await using folder = await createKubeconfigFolder();
    const kubeconfig = folder.path;
    await using gateway = await serveBucket(address);
    const line = tiltCommandLine({ kubeconfig, exitCondition: 'manual', ends: 'never', exitCode: 1 });
    await using run = publishCommand({ address, instance: 'up', kubeconfig }, line);
    const session = () => gateway.session('up/Tiltfile');
    await expect
      .poll(session, PATIENCE)
      .toMatchObject({ connection: { state: 'LIVE' }, verdict: { state: 'PASSED' } });
    run.process.kill('SIGTERM');
    expect(await run.exit).toBe(1);
    await expect
      .poll(session, PATIENCE)
      .toMatchObject({ connection: { state: 'GONE' }, verdict: { state: 'UNKNOWN' } });
  });
});
