import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { type RunningCommand, runCli } from '../support/cli.js';
import { createKubeconfigFolder, writeStoppedKubeconfig } from '../support/kubeconfig-file.js';
import { startNats } from '../support/nats-server.js';
import { asCi, session, type TargetStates } from '../support/sessions.js';
import { createTemporaryFolder } from '../support/temporary-folder.js';
import { openTestBucket } from '../support/test-bucket.js';
import { startTiltCommand, type TiltCommandOptions } from '../support/tilt-command.js';

/** Number of attempts to confuse two runs. */
const ROUNDS = Number(process.env.TILT_GRAPHQL_ROUNDS ?? 2);
const CONTEXT = 'tilt-10461';

/** A long-running gateway, and `tilt` commands that start and end. */
async function startMachine() {
  const kubeconfig = await createKubeconfigFolder();
  await writeStoppedKubeconfig(kubeconfig.path);
  const gateway = runCli(['--port', '0', '--kubeconfig', kubeconfig.path, '--source', 'tilt']);
  const [, url = ''] = await gateway.until(/listens on (http:\S+) /);
  const waits: RunningCommand[] = [];
  return {
    url,
    tilt: (options: Partial<TiltCommandOptions>) =>
      startTiltCommand({ kubeconfig: kubeconfig.path, context: CONTEXT, ...options }),
    wait(...args: readonly string[]) {
      const command = runCli(['wait', '--url', url, '--max-age', '30s', ...args]);
      waits.push(command);
      return command;
    },
    async connection() {
      const query = encodeURIComponent('{ sessions { nodes { connection { state } status { pid } } } }');
      const response = await fetch(`${url}?query=${query}`, { headers: { accept: 'application/json' } });
      return (await response.json()).data.sessions.nodes;
    },
    async [Symbol.asyncDispose]() {
      for (const command of waits) await command[Symbol.asyncDispose]();
      await gateway[Symbol.asyncDispose]();
      await kubeconfig[Symbol.asyncDispose]();
    },
  };
}

describe('a wait at a long-running gateway', () => {
  it('waits for the next run, not for the ended one with the same id', async () => {
    await using machine = await startMachine();
    const wrong: string[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const [before, after, expected] of [
        ['pass', 'fail', 1],
        ['fail', 'pass', 0],
      ] as const) {
        await using first = machine.tilt({ ends: before, livesMs: 1_000 });
        await expect
          .poll(machine.connection, { timeout: 20_000 })
          .toMatchObject([{ status: { pid: first.pid } }]);
        await first.exited;
        await using second = machine.tilt({ ends: after, livesMs: 1_500 });
        const wait = machine.wait('-s', `${CONTEXT}/Tiltfile`, '--for', 'done');
        const code = await wait.exit;
        if (code !== expected || !wait.stdout.includes(`pid ${second.pid}`)) wrong.push(wait.stdout);
        await second.exited;
      }
    }
    console.log(`${wrong.length} of ${2 * ROUNDS} waits returned the result of another run`);
    expect(wrong).toEqual([]);
  }, 300_000);

  it('follows a restarted tilt up of the same Tiltfile and reports the restart', async () => {
    await using machine = await startMachine();
    const up = { exitCondition: 'manual', ends: 'never' } as const;
    await using first = machine.tilt({ ...up, ends: 'pass', livesMs: 600_000 });
    const wait = machine.wait('-s', `${CONTEXT}/Tiltfile`);
    await expect.poll(() => wait.stderr, { timeout: 30_000 }).toContain(`run: /home/dev/shop/Tiltfile`);
    first.kill('SIGTERM');
    await first.exited;
    await using second = machine.tilt(up);
    expect(await wait.exit).toBe(0);
    expect(wait.stderr).toContain('Tilt was restarted; now the run: /home/dev/shop/Tiltfile');
    expect(wait.stdout).toMatch(new RegExp(`pid ${second.pid}, restarted once during the wait\n$`));
  }, 60_000);

  it('ends with 3 and names both runs when a run of another Tiltfile takes the id', async () => {
    await using machine = await startMachine();
    await using first = machine.tilt({ exitCondition: 'manual', ends: 'pass', livesMs: 600_000 });
    const wait = machine.wait('-s', `${CONTEXT}/Tiltfile`);
    await expect.poll(() => wait.stderr, { timeout: 30_000 }).toContain(`pid ${first.pid}`);
    first.kill('SIGTERM');
    await first.exited;
    await using second = machine.tilt({ exitCondition: 'manual', ends: 'never', tiltfile: '/x/Tiltfile' });
    expect(await wait.exit).toBe(3);
    expect(wait.stdout).toMatch(/^unknown: .*replaced by another run \(\/x\/Tiltfile, /);
    for (const { pid } of [first, second]) expect(wait.stdout).toContain(`pid ${pid}`);
  }, 60_000);

  it('finds a run by its pid, also after it has ended, and reports a Tiltfile error by its last line', async () => {
    await using folder = await createTemporaryFolder();
    await using machine = await startMachine();
    const file = folder.file('tilt.xml');
    await using tilt = machine.tilt({ ends: 'tiltfile-error', livesMs: 1_500 });
    const args = ['--pid', String(tilt.pid), '--for', 'done'];
    const wait = machine.wait(...args, '--junit', file);
    expect(await wait.exit).toBe(1);
    expect(wait.stdout).toContain('\n  tiltfile:update: FAILED: Error: nope\n');
    const xml = await readFile(file, 'utf8');
    expect(xml).toContain('message="Error: nope">Traceback (most recent call last):\n');
    expect(xml).toContain(`<property name="pid" value="${tilt.pid}"/>`);
    await tilt.exited;
    await expect
      .poll(machine.connection, { timeout: 20_000 })
      .toMatchObject([{ connection: { state: 'GONE' } }]);
    const later = machine.wait(...args, '--verbose');
    expect(await later.exit).toBe(1);
    expect(later.stdout).toContain('\n    Traceback (most recent call last):\n');
  }, 60_000);

  it('ends with 2 and a hint for --for done on a tilt up', async () => {
    await using machine = await startMachine();
    await using _tilt = machine.tilt({ exitCondition: 'manual', ends: 'never' });
    const wait = machine.wait('--for', 'done');
    expect(await wait.exit).toBe(2);
    expect(wait.stdout).toMatch(
      /^impossible: .* runs `tilt up`, which is never done; wait for ready instead/,
    );
  }, 60_000);

  it('is bound to one run when an instance name of a bucket is reused', async () => {
    await using nats = await startNats();
    const run = (uid: string, targets: TargetStates, status: Record<string, unknown> = {}) =>
      asCi(session('ci', targets, { uid, status }));
    const error = 'x: exit status 1';
    for (let round = 0; round < ROUNDS; round += 1) {
      const address = nats.address(`reused-${round}`);
      await using bucket = await openTestBucket(address);
      await using gateway = runCli(['--port', '0', '--source', address]);
      const [, url = ''] = await gateway.until(/listens on (http:\S+) /);
      const passed = run('one', { x: 'succeeded' }, { done: true });
      await bucket.put(passed);
      await bucket.put(passed, { connection: 'gone', error: 'its Tilt has left' });
      await using wait = runCli([
        'wait',
        '--url',
        url,
        '-s',
        'ci/Tiltfile',
        '--for',
        'done',
        '--max-age',
        '60s',
      ]);
      await expect.poll(() => wait.stderr, { timeout: 20_000 }).toContain('GONE');
      await bucket.put(run('two', { x: 'running' }));
      await bucket.put(run('two', { x: 'failed' }, { done: true, error }));
      expect(await wait.exit).toBe(1);
    }
  }, 300_000);
});

describe('a wait without a terminal', () => {
  it('prints a line at its start and when the blocking targets change, but not when only a wait reason changes', async () => {
    await using machine = await startMachine();
    await using tilt = machine.tilt({ ends: 'fail', livesMs: 3_000 });
    const wait = machine.wait('-s', `${CONTEXT}/Tiltfile`, '--for', 'done');
    expect(await wait.exit).toBe(1);
    const lines = wait.stderr.trimEnd().split('\n');
    expect(lines[0]).toBe(`0s waiting for ${CONTEXT}/Tiltfile to be done`);
    expect(lines.filter((line) => line.includes('unit:update RUNNING'))).toHaveLength(1);
    expect(lines.filter((line) => line.includes(`pid ${tilt.pid}`))).toHaveLength(1);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(200);
  }, 60_000);

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)(
    'that is ended by %s exits with %i, reports the blocking targets and writes its JUnit file',
    async (signal, code) => {
      await using folder = await createTemporaryFolder();
      await using machine = await startMachine();
      await using _tilt = machine.tilt({ livesMs: 600_000 });
      const file = folder.file('tilt.xml');
      const wait = machine.wait('-s', `${CONTEXT}/Tiltfile`, '--junit', file);
      await expect.poll(() => wait.stderr, { timeout: 30_000 }).toContain('unit:update RUNNING');
      wait.process.kill(signal);
      expect(await wait.exit).toBe(code);
      expect(wait.stdout).toMatch(/^interrupted: waited .*\n {2}unit:update: RUNNING for /);
      expect(await readFile(file, 'utf8')).toContain('<failure type="RUNNING" message="running">');
    },
    60_000,
  );
});
