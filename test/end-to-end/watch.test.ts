import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { BIN, runCliToEnd } from '../support/cli.js';
import { type CliClients, startCliClients } from '../support/cli-client.js';
import { greenJson, HEALTHY } from '../support/followed-session.js';
import { startGateway } from '../support/gateway.js';
import { sessionJson } from '../support/session-json.js';
import { openTcpProxy } from '../support/tcp-proxy.js';
import { createTemporaryFolder } from '../support/temporary-folder.js';
import { createTiltServer } from '../support/tilt-server.js';
import { openTmux } from '../support/tmux.js';

/** A Session with one job in this state. */
function jobJson(state: object, name = 'unit:update') {
  return sessionJson({ uid: 'one', targets: [{ name, type: 'job', resources: ['unit'], state }, TILTFILE] });
}

const TERMINATED = { startTime: '2026-11-22T11:00:00Z', finishTime: '2026-11-22T11:00:02Z' };
const SUCCEEDED = { terminated: TERMINATED };
const FAILED = { terminated: { ...TERMINATED, error: 'exit status 1' } };
const TILTFILE = { name: 'tiltfile:update', type: 'job', resources: [], state: SUCCEEDED };

describe('tilt-graphql watch in a terminal', () => {
  async function open(clients: CliClients, command = 'tilt-graphql watch', env = {}) {
    const terminal = await openTmux({ TILT_GRAPHQL_URL: clients.gateway.origin, ...env });
    await terminal.type(`echo before; ${command}`);
    await terminal.press('Enter');
    return terminal;
  }

  /** Command line of a watch that writes its process id to a file. */
  function withPid(path: string): string {
    return `sh -c 'echo $$ >${path}; exec "$0" "$@"' '${process.execPath}' '${BIN}' watch`;
  }

  it('shows a live table with blockers first, in colours', async () => {
    await using clients = await startCliClients();
    await clients.play('ci-bad', 6);
    await using terminal = await open(clients);
    await terminal.until(/^tilt-default\/Tiltfile {2}PENDING {2}/);
    await terminal.until(/^PHASE +TARGET +TIME +STATUS\n/m);
    expect(await terminal.screen()).not.toContain('before');
    await clients.play('ci-bad');
    await terminal.until(/^tilt-default\/Tiltfile {2}FAILED, done {2}Command/);
    const rows = (await terminal.screen()).split('\n').slice(4, 8);
    expect(rows).toEqual([
      expect.stringMatching(/^FAILED {7}unit:update +2s {2}exit status 1$/),
      expect.stringMatching(/^WAITING {6}db:serve +\S+ {2}waiting/),
      expect.stringMatching(/^SUCCEEDED {4}lint:update +1\.3s {2}/),
      expect.stringMatching(/^SUCCEEDED {4}tiltfile:update +0s {2}/),
    ]);
    expect(await terminal.colours()).toContain('\u001b[31mFAILED');
  });

  it('restores the terminal after q and after Ctrl-C', async () => {
    await using clients = await startCliClients();
    await clients.play('ci-ok');
    for (const [key, code] of [
      ['q', 0],
      ['C-c', 130],
    ] as const) {
      await using terminal = await open(clients, 'tilt-graphql watch; echo "code $?"');
      await terminal.until(/PASSED/);
      await terminal.press(key);
      await terminal.until(new RegExp(`before\ncode ${code}\n\\$`));
      await terminal.type('echo "ty""ped"');
      await terminal.press('Enter');
      await terminal.until(/\$ echo "ty""ped"\ntyped\n/);
    }
  });

  it('restores the terminal when it is ended by a signal', async () => {
    await using clients = await startCliClients();
    await using folder = await createTemporaryFolder();
    await clients.play('ci-ok');
    const pid = folder.file('pid');
    await using terminal = await open(clients, `${withPid(pid)}; echo "code $?"`);
    await terminal.until(/PASSED/);
    process.kill(Number(await readFile(pid, 'utf8')), 'SIGTERM');
    await terminal.until(/before\ncode 143\n\$/);
  });

  it('releases the terminal on Ctrl-Z and takes it again on fg', async () => {
    await using clients = await startCliClients();
    await clients.play('ci-ok');
    await using terminal = await open(clients);
    await terminal.until(/PASSED/);
    await terminal.press('C-z');
    await terminal.until(/before\n.*Stopped.*\n\$\n/s);
    await terminal.type('fg');
    await terminal.press('Enter');
    await terminal.until(/^PHASE +TARGET/m);
    await terminal.press('q');
    await terminal.until(/before\n.*\$ fg\n.*\n\$\n/s);
  });

  it('ends when its window is closed', async () => {
    await using clients = await startCliClients();
    await using folder = await createTemporaryFolder();
    await clients.play('ci-ok');
    const pid = folder.file('pid');
    await using terminal = await open(clients, withPid(pid));
    await terminal.until(/PASSED/);
    await terminal.close();
    const watching = Number(await readFile(pid, 'utf8'));
    await expect.poll(() => isAlive(watching), { timeout: 20_000 }).toBe(false);
  });

  it('filters by the text typed after /, and shows everything after Escape', async () => {
    await using clients = await startCliClients();
    await clients.play('up', 20);
    await using terminal = await open(clients);
    await terminal.until(/api:serve/);
    await terminal.type('/phase=');
    await terminal.until(/^\/phase=▏ Expected a value after phase=/m);
    expect(await terminal.screen()).toContain('api:serve');
    await terminal.press('C-u');
    await terminal.type('mig');
    await terminal.until(/^1 match \/mig; 11 targets: /m);
    await terminal.until(/^\/mig/m);
    expect(await terminal.screen()).not.toContain('api:serve');
    await terminal.press('Enter');
    await terminal.until(/^q quit/m);
    expect(await terminal.screen()).toContain('migrate:update');
    await terminal.press('Escape');
    await terminal.until(/api:serve/);
  });

  it('fits a resized terminal and scrolls by keys', async () => {
    await using clients = await startCliClients();
    await clients.play('up');
    await using terminal = await open(clients);
    await terminal.until(/web:serve|crash:serve/);
    await terminal.resize(40, 8);
    // Until the table is redrawn, the screen shows the last 8 lines of the old one, cut by the terminal.
    await terminal.until(/^(.{0,40}\n){3}PHASE .{0,34}\n(.{0,40}\n){3}q quit.*\n$/);
    // Its name alone: the first key marks a row.
    const firstRow = async () => /\S+:\w+/.exec((await terminal.screen()).split('\n')[4] ?? '')?.[0];
    const first = await firstRow();
    await terminal.press('End');
    await expect.poll(firstRow, { timeout: 20_000 }).not.toBe(first);
    await terminal.press('Home');
    await expect.poll(firstRow, { timeout: 20_000 }).toBe(first);
  });

  it('reports a lost connection, keeps the last state, and continues after the reconnect', async () => {
    await using clients = await startCliClients();
    await using proxy = await openTcpProxy(Number(new URL(clients.gateway.origin).port));
    await clients.put(greenJson({ uid: 'one' }));
    await using terminal = await open(clients, `tilt-graphql watch --url http://127.0.0.1:${proxy.port}`);
    await terminal.until(/^live at http/m);
    proxy.cut();
    await terminal.until(/^CONNECTION LOST for \S+, this is the last known state: /m);
    expect(await terminal.screen()).toContain('api:serve');
    await clients.put(jobJson(FAILED));
    proxy.restore();
    await terminal.until(/^FAILED {7}unit:update/m);
    await terminal.until(/^live at http/m);
  });

  it('reports a lost connection between the gateway and Tilt', async () => {
    await using clients = await startCliClients();
    await clients.put(greenJson());
    await using terminal = await open(clients);
    await terminal.until(/PASSED/);
    await clients.tilt.stop();
    await terminal.until(/^STALE for \S+, this is the last known state: /m);
    await terminal.until(/^tilt-default\/Tiltfile {2}UNKNOWN/m);
  });

  it('shows hostile names without cursor movement, and wide characters in aligned columns', async () => {
    await using clients = await startCliClients();
    await clients.put(jobJson(SUCCEEDED, 'x\u001b[2J\u001b]0;t\u0007日本語:update'));
    await using terminal = await open(clients);
    await terminal.until(/^SUCCEEDED {4}x日本語:update +2s {2}succeeded/m);
  });

  it('has no colours when NO_COLOR is set', async () => {
    await using clients = await startCliClients();
    await clients.play('ci-ok');
    await using terminal = await open(clients, 'tilt-graphql watch', { NO_COLOR: '1' });
    await terminal.until(/PASSED/);
    expect(await terminal.colours()).not.toContain('\u001b[3');
  });

  it('restores the terminal and ends with 3 when the gateway rejects it', async () => {
    await using clients = await startCliClients();
    await using gateway = await startGateway({ token: 'known-to-its-clients' });
    await using terminal = await open(clients, `tilt-graphql watch --url ${gateway.origin}; echo "code $?"`);
    await terminal.until(/before\ntilt-graphql: .*token.*\n(.*\n)?code 3\n/);
  });
});

interface Line {
  readonly time: string;
  readonly session: string | null;
  readonly type: string;
  readonly target?: string;
  readonly phase?: string;
  readonly previousPhase?: string | null;
  readonly [fact: string]: unknown;
}

/** Lines that a command has printed so far, one JSON object per line. */
function parseLines({ stdout }: { readonly stdout: string }): Line[] {
  const lines = stdout.split('\n').slice(0, -1);
  return lines.map((line): Line => JSON.parse(line));
}

/** State that results from applying all lines. */
function fold(lines: readonly Line[]): Map<string, string | undefined> {
  const phases = new Map<string, string | undefined>();
  for (const { type, target, phase, previousPhase } of lines) {
    if (target === undefined) continue;
    expect([target, previousPhase]).toEqual([target, phases.get(target) ?? null]);
    if (type === 'DELETED') phases.delete(target);
    else phases.set(target, phase);
  }
  return phases;
}

describe('tilt-graphql watch into a pipe', () => {
  it('prints a JSON line for each change, and the lines add up to the current state (S3)', async () => {
    await using clients = await startCliClients();
    await clients.play('up', 3);
    const command = clients.run(['watch']);
    await command.until(/"type":"VERDICT"/);
    await clients.play('up');
    const look = () => clients.gateway.session().read();
    await expect
      .poll(async () => [...fold(parseLines(command))].sort(), { timeout: 20_000 })
      .toEqual((await look())?.status.targets.map(({ name, phase }) => [name, phase]));
    expect(parseLines(command)).toContainEqual({
      time: expect.stringMatching(/^20.*Z$/),
      session: 'tilt-default/Tiltfile',
      type: 'MODIFIED',
      target: 'flaky-build:update',
      phase: 'FAILED',
      previousPhase: expect.any(String),
      summary: expect.stringMatching(/exit status 1/),
      resources: ['flaky-build'],
      blockedBy: [],
      rootCause: null,
      durationSeconds: expect.any(Number),
      since: expect.stringMatching(/^20.*Z$/),
    });
  });

  it('prints changes of the connection and the verdict, and repeats nothing after a reconnect (S4)', async () => {
    await using clients = await startCliClients();
    await using proxy = await openTcpProxy(Number(new URL(clients.gateway.origin).port));
    await clients.put(greenJson({ uid: 'one' }));
    await clients.gateway.session().until(HEALTHY);
    const command = clients.run(['watch', '--url', `http://127.0.0.1:${proxy.port}`]);
    await command.until(/"type":"VERDICT".*\n/);
    proxy.cut();
    await command.until(/"link":"lost".*\n/);
    proxy.restore();
    await command.until(/"link":"lost".*\n(.*\n)*.*"link":"live".*\n/);
    await clients.tilt.stop();
    await command.until(/"verdict":"UNKNOWN".*\n/);
    const printed = parseLines(command).map(({ type, target, link, connection, verdict }) =>
      [type, target ?? link ?? connection ?? verdict].join(' '),
    );
    expect(printed).toEqual([
      'LINK live',
      'CONNECTION LIVE',
      'ADDED api:serve',
      'ADDED tiltfile:update',
      'VERDICT PASSED',
      'LINK lost',
      'LINK live',
      'CONNECTION STALE',
      'VERDICT UNKNOWN',
    ]);
  });

  it('prints only targets that match --filter', async () => {
    await using clients = await startCliClients();
    await clients.play('up');
    const args = ['watch', '--output', 'json', '--filter', 'phase=failed', '--filter', 'type=job'];
    const command = clients.run(args);
    await command.until(/"type":"VERDICT".*\n/);
    expect([...fold(parseLines(command))]).toEqual([['flaky-build:update', 'FAILED']]);
  });

  it('reports an unknown Session and the known ones, live ones first, and continues when it appears', async () => {
    await using clients = await startCliClients();
    await clients.play('ci-ok');
    const command = clients.run(['watch', '--output', 'json', '--session', 'tilt-10360/Tiltfile']);
    await expect
      .poll(() => command.stderr)
      .toBe(
        'tilt-graphql: Session tilt-10360/Tiltfile not found, waiting for it; known: tilt-default/Tiltfile (LIVE)\n',
      );
    expect(parseLines(command).map(({ type }) => type)).toEqual(['LINK']);
    await using other = await createTiltServer({ sessions: [greenJson()] });
    await clients.gateway.updateKubeconfig({ 'tilt-10360': other });
    await command.until(/"type":"VERDICT".*"PASSED"/);
    expect(command.process.exitCode).toBeNull();
    await clients.tilt.stop();
    await clients.gateway.session().until({ connection: { state: 'GONE' } });
    const late = clients.run(['watch', '--output', 'json', '--session', 'nope']);
    await expect
      .poll(() => late.stderr)
      .toContain('; known: tilt-10360/Tiltfile (LIVE), tilt-default/Tiltfile (GONE)\n');
  });

  it('shows in the table that the named Session does not exist until it appears', async () => {
    await using clients = await startCliClients();
    await using terminal = await openTmux({ TILT_GRAPHQL_URL: clients.gateway.origin });
    await terminal.type('tilt-graphql watch -s tilt-default/Tiltfile');
    await terminal.press('Enter');
    await terminal.until(/^Session tilt-default\/Tiltfile not found yet/);
    await terminal.until(/^Session tilt-default\/Tiltfile not found, waiting for it; no Session is known/m);
    await clients.play('ci-ok');
    await terminal.until(/^tilt-default\/Tiltfile {2}PASSED/);
    await terminal.until(/^q quit/m);
  });

  it('exits cleanly when its reader has exited', async () => {
    await using clients = await startCliClients();
    await clients.play('ci-ok', 4);
    const command = clients.run(['watch']);
    await command.until(/"type":"VERDICT"/);
    command.process.stdout.destroy();
    await clients.play('ci-ok');
    expect([await command.exit, command.stderr]).toEqual([0, '']);
  });

  it.each<[string, string[], RegExp]>([
    ['an unknown phase', ['--filter', 'phase=GREEN'], /'phase=GREEN' is invalid.*one of FAILED/],
    ['an unknown key', ['--filter', 'kind=x'], /'kind=x' is invalid.*one of name, phase.*got 'kind'/],
    ['two names', ['--filter', 'a', '--filter', 'b'], /'b' is invalid.*only one name/],
    ['an unknown output format', ['--output', 'xml'], /'xml' is invalid.*table, json/],
  ])('rejects %s with one line and exit code 2', async (_, args, expected) => {
    const { code, stdout, stderr } = await runCliToEnd(['watch', ...args]);
    expect([code, stdout, stderr.trimEnd()]).toEqual([2, '', expect.stringMatching(expected)]);
  });
});

describe('watch --exec', () => {
  const HOOK =
    'echo "$TILT_GRAPHQL_EVENT $TILT_GRAPHQL_TARGET$TILT_GRAPHQL_VERDICT: $TILT_GRAPHQL_ERROR$TILT_GRAPHQL_REASON" >>"$LOG"';

  it('runs a command when a target fails or the verdict changes, but not for the initial state', async () => {
    await using folder = await createTemporaryFolder();
    await using clients = await startCliClients();
    const log = folder.file('log');
    await clients.put(jobJson(FAILED, 'first:update'));
    const command = clients.run(['watch', '--exec', HOOK], { LOG: log });
    await command.until(/"type":"VERDICT".*"FAILED"/);
    await clients.put(jobJson(SUCCEEDED));
    await command.until(/"verdict":"PASSED"/);
    await clients.put(jobJson(FAILED));
    await expect
      .poll(() => readFile(log, 'utf8').catch(() => ''), { timeout: 20_000 })
      .toBe(
        'verdict PASSED: \ntarget-failed unit:updateFAILED: exit status 1\nverdict FAILED: unit:update: exit status 1\n',
      );
  });

  it('keeps printing lines while a command hangs, and ends the command with the watch', async () => {
    await using folder = await createTemporaryFolder();
    await using clients = await startCliClients();
    const pid = folder.file('pid');
    await clients.put(jobJson(SUCCEEDED));
    const command = clients.run([
      'watch',
      '--exec',
      `echo $$ >${pid}.new; mv ${pid}.new ${pid}; sleep 600; :`,
    ]);
    await command.until(/"verdict":"PASSED"/);
    await clients.put(jobJson(FAILED));
    const readPid = async () => Number(await readFile(pid, 'utf8').catch(() => ''));
    await expect.poll(readPid, { timeout: 20_000 }).toBeGreaterThan(0);
    await clients.put(jobJson(SUCCEEDED));
    await command.until(/"previousVerdict":"FAILED"/);
    command.process.kill('SIGTERM');
    expect(await command.exit).toBe(143);
    const child = await readPid();
    await expect.poll(() => isAlive(child), { timeout: 20_000 }).toBe(false);
  });

  it('reports a failed command', async () => {
    await using clients = await startCliClients();
    await clients.put(jobJson(SUCCEEDED));
    const command = clients.run(['watch', '--exec', 'echo said; exit 7']);
    await command.until(/"verdict":"PASSED"/);
    await clients.put(jobJson(FAILED));
    await expect
      .poll(() => command.stderr, { timeout: 20_000 })
      .toContain('tilt-graphql: --exec ended with exit code 7\n');
    expect(command.stderr).toContain('said\n');
    expect(command.stdout).not.toContain('said');
  });
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
