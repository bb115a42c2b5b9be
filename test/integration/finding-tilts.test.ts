import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { startGateway } from '../support/gateway.js';
import { createKubeconfigFolder } from '../support/kubeconfig-file.js';
import { startTiltCommand, type TiltCommandOptions } from '../support/tilt-command.js';

/** Number of runs of a short-lived Tilt, and of pairs of Tilts. */
const ROUNDS = Number(process.env.TILT_GRAPHQL_ROUNDS ?? 20);
const PAIRS = Number(process.env.TILT_GRAPHQL_ROUNDS ?? 4);

/** Options of `expect.poll` on a busy machine. */
const PATIENCE = { timeout: 20_000, interval: 20 };

interface Seen {
  readonly id: string;
  readonly status: { readonly pid: number | null; readonly done: boolean; readonly error: string | null };
  readonly connection: { readonly state: string; readonly error: string | null };
  readonly verdict: { readonly state: string };
}

const SESSIONS = `{ sessions { nodes {
  id status { pid done error } connection { state error } verdict { state }
} } }`;

/** Starts a gateway on a kubeconfig that does not exist yet. */
async function start(retainMs?: number) {
  const folder = await createKubeconfigFolder();
  const lines: string[] = [];
  const gateway = await startGateway({
    tilts: { kubeconfig: folder.path },
    log: (level, message) => void lines.push(`${level} ${message}`),
    ...(retainMs === undefined ? {} : { retainMs }),
  });
  await gateway.gateway.ready();
  const run = (options: Omit<TiltCommandOptions, 'kubeconfig'>) =>
    startTiltCommand({ kubeconfig: folder.path, ...options });
  const all = async () =>
    (await gateway.query<{ sessions: { nodes: Seen[] } }>(SESSIONS)).data.sessions.nodes;
  const byPid = async (pid: number) => (await all()).find(({ status }) => status.pid === pid);
  return {
    gateway,
    lines,
    run,
    all,
    byPid,
    /**
     * Waits until the Session of an exited process is GONE, at most as long as a gateway may need to
     * notice.
     */
    settled: (pid: number) =>
      expect
        .poll(async () => (await byPid(pid))?.connection.state, { timeout: 3_000, interval: 20 })
        .toBe('GONE')
        .catch(() => {}),
    untilPid: (pid: number, expected: object) =>
      expect.poll(() => byPid(pid), PATIENCE).toMatchObject(expected),
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

const GONE = { connection: { state: 'GONE' } };
const LIVE = { connection: { state: 'LIVE', error: null } };

const WARNING = /^(warn|error) /;

/** Longer than any test; the run ends by `finish`. */
const LONG_MS = 600_000;

/**
 * Options of a Tilt that fails at once. By default it exits when a watch opens, independent of the
 * machine. With `TILT_GRAPHQL_ROUNDS` it lives for 0.2 s while another process loads a core: the
 * measurement to quote.
 */
const IS_MEASURED = process.env.TILT_GRAPHQL_ROUNDS !== undefined;
const SHORT = IS_MEASURED ? { livesMs: 200 } : { livesMs: 50, untilWatched: true };

describe('a tilt ci that fails in its Tiltfile and ends at once', () => {
  it('a tilt ci that fails in its Tiltfile and exits at once is seen with its final state in at least 19 of 20 runs', {
    timeout: 240_000,
  }, async () => {
    await using _load = loadCores(IS_MEASURED ? 1 : 0);
    await using tilts = await start();
    const verdicts: (string | undefined)[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      await using command = tilts.run({ ends: 'tiltfile-error', ...SHORT });
      await command.exited;
      await tilts.settled(command.pid);
      verdicts.push((await tilts.byPid(command.pid))?.verdict.state);
    }
    const seen = verdicts.filter((verdict) => verdict === 'FAILED');
    expect(seen.length, `verdicts: ${verdicts.join(' ')}`).toBeGreaterThanOrEqual(Math.floor(ROUNDS * 0.95));
    expect(new Set(verdicts)).not.toContain('PASSED');
    expect(tilts.lines.filter((line) => WARNING.test(line))).toEqual([]);
  });
});

describe('two Tilts with --port 0, which share the context tilt-0', () => {
  it('two Tilts that share the context tilt-0 are two Sessions with their own results, whichever ends first', {
    timeout: 240_000,
  }, async () => {
    await using tilts = await start();
    for (let round = 0; round < PAIRS; round += 1) {
      await using a = tilts.run({
        context: 'tilt-0',
        tiltfile: '/a/Tiltfile',
        ends: 'pass',
        livesMs: LONG_MS,
      });
      await tilts.untilPid(a.pid, { ...LIVE, id: 'tilt-0/Tiltfile' });
      await using b = tilts.run({
        context: 'tilt-0',
        tiltfile: '/b/Tiltfile',
        ends: 'fail',
        livesMs: LONG_MS,
      });
      await tilts.untilPid(b.pid, { ...LIVE, id: expect.stringMatching(/^tilt-0\.\d+\/Tiltfile$/) });
      expect(await tilts.byPid(a.pid)).toMatchObject({
        ...LIVE,
        id: 'tilt-0/Tiltfile',
        status: { done: false },
      });
      const [first, second] = round % 2 === 0 ? [b, a] : [a, b];
      first.finish();
      await first.exited;
      await tilts.untilPid(first.pid, { ...GONE, status: { done: true } });
      expect(await tilts.byPid(second.pid)).toMatchObject({ ...LIVE, status: { done: false } });
      second.finish();
      await second.exited;
      await tilts.untilPid(second.pid, { ...GONE, status: { done: true } });
      expect(await tilts.byPid(a.pid)).toMatchObject({ id: 'tilt-0/Tiltfile', verdict: { state: 'PASSED' } });
      expect(await tilts.byPid(b.pid)).toMatchObject({ verdict: { state: 'FAILED' } });
    }
    expect(tilts.lines.filter((line) => WARNING.test(line))).toEqual([]);
  });

  it('of two Tilts that share tilt-0, a killed first one is STALE until the second writes its entry and replaces it', async () => {
    await using tilts = await start();
    await using a = tilts.run({ context: 'tilt-0', ends: 'never' });
    await tilts.untilPid(a.pid, LIVE);
    a.kill('SIGKILL');
    await tilts.untilPid(a.pid, { connection: { state: 'STALE' } });
    await using b = tilts.run({ context: 'tilt-0', ends: 'pass', livesMs: LONG_MS });
    await tilts.untilPid(b.pid, { ...LIVE, id: 'tilt-0/Tiltfile' });
    b.finish();
    await b.exited;
    await tilts.untilPid(b.pid, { ...GONE, verdict: { state: 'PASSED' } });
    expect(await tilts.all()).toHaveLength(1);
  });

  it('of two Tilts that share tilt-0, a killed second one is STALE until a third makes it GONE, and the first stays LIVE', async () => {
    await using tilts = await start();
    await using a = tilts.run({ context: 'tilt-0', ends: 'never' });
    await tilts.untilPid(a.pid, LIVE);
    await using b = tilts.run({ context: 'tilt-0', ends: 'never' });
    await tilts.untilPid(b.pid, LIVE);
    b.kill('SIGKILL');
    await tilts.untilPid(b.pid, { connection: { state: 'STALE' } });
    await using c = tilts.run({ context: 'tilt-0', ends: 'never' });
    await tilts.untilPid(c.pid, { ...LIVE, id: expect.stringMatching(/^tilt-0\.\d+\/Tiltfile$/) });
    await tilts.untilPid(b.pid, {
      connection: { state: 'GONE', error: expect.stringMatching(/another Tilt$/) },
    });
    expect(await tilts.byPid(a.pid)).toMatchObject({ ...LIVE, id: 'tilt-0/Tiltfile' });
  });

  it('of two Tilts that share tilt-0, the first can restart with a new port and token while the second runs', async () => {
    await using tilts = await start();
    await using a = tilts.run({ context: 'tilt-0', ends: 'never' });
    await tilts.untilPid(a.pid, LIVE);
    await using b = tilts.run({ context: 'tilt-0', ends: 'never' });
    await tilts.untilPid(b.pid, LIVE);
    a.kill('SIGINT');
    await a.exited;
    await tilts.untilPid(a.pid, { ...GONE, verdict: { state: 'UNKNOWN' } });
    await using again = tilts.run({ context: 'tilt-0', ends: 'never' });
    await tilts.untilPid(again.pid, { ...LIVE, id: 'tilt-0/Tiltfile' });
    expect(await tilts.byPid(b.pid)).toMatchObject(LIVE);
  });
});

describe('the log of Tilts', () => {
  it('the log has one line per Tilt that starts or ends, and no warning when it ends as expected', async () => {
    await using tilts = await start();
    await using command = tilts.run({ ends: 'pass' });
    await command.exited;
    await tilts.untilPid(command.pid, GONE);
    expect(tilts.lines.filter((line) => WARNING.test(line))).toEqual([]);
    const about = tilts.lines.filter((line) => /^info Source tilt-default: (?!it is done)/.test(line));
    expect(about).toEqual([
      expect.stringMatching(/^info Source tilt-default: found a Tilt at https:\/\/127\.0\.0\.1:\d+$/),
      expect.stringMatching(/^info Source tilt-default: Tilt exited: its entry is no longer in .*config$/),
    ]);
  });

  it('the log has one warning for a killed Tilt and one line for its restart', async () => {
    await using tilts = await start();
    await using killed = tilts.run({ ends: 'never' });
    await tilts.untilPid(killed.pid, LIVE);
    killed.kill('SIGKILL');
    const warnings = () => tilts.lines.filter((line) => WARNING.test(line));
    await expect
      .poll(warnings, PATIENCE)
      .toEqual([
        expect.stringMatching(
          /^warn Source tilt-default: https:\/\/127\.0\.0\.1:\d+: .*; next try in \d+\.\d s$/,
        ),
      ]);
    await using again = tilts.run({ ends: 'never' });
    await tilts.untilPid(again.pid, LIVE);
    expect(tilts.lines).toContainEqual(
      expect.stringMatching(/^info Source tilt-default: the Tilt was restarted, it is now at https:/),
    );
    expect(warnings()).toHaveLength(1);
  });
});

/** Starts processes that keep cores busy. */
function loadCores(count: number) {
  const children = Array.from({ length: count }, () =>
    spawn(process.execPath, ['--eval', 'for (;;);'], { stdio: 'ignore' }),
  );
  const ended = children.map((child) => once(child, 'exit'));
  return {
    async [Symbol.asyncDispose]() {
      for (const child of children) child.kill('SIGKILL');
      await Promise.all(ended);
    },
  };
}
