import { copyFile, cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createMemoryProvider } from '../../src/providers/memory.js';
import { BIN, runCli, runCliToEnd } from '../support/cli.js';
import { startCliClients } from '../support/cli-client.js';
import { greenJson, HEALTHY } from '../support/followed-session.js';
import { sessionJson } from '../support/session-json.js';
import { session } from '../support/sessions.js';
import { createTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.js';

describe('tilt-graphql wait', () => {
  it.each(['ready', 'done'])('wait --for %s exits with 0 when tilt ci has passed', async (condition) => {
    await using clients = await startCliClients();
    await clients.play('ci-ok', 4);
    const command = clients.run(['wait', '--for', condition, '--verbose']);
    await expect.poll(() => command.stderr, { timeout: 20_000 }).toContain('PENDING');
    await clients.play('ci-ok');
    expect(await command.exit).toBe(0);
    expect(command.stdout).toMatch(
      /^reached: waited \S+ for tilt-default\/Tiltfile to be \w+: 4 targets \(1 ready, 3 succeeded\); run: \S+\/Tiltfile, started \S+, pid \d+\n$/,
    );
  });

  it('wait exits with 0 as soon as a target has reached its phase', async () => {
    await using clients = await startCliClients();
    await clients.play('ci-ok', 8);
    const { code, stdout } = await clients.runToEnd(['wait', '--for', 'target:lint:update=succeeded']);
    expect([code, stdout]).toEqual([
      0,
      expect.stringMatching(/^reached: .* for lint:update of \S+ to be SUCCEEDED/),
    ]);
  });

  it('wait exits with 1 when tilt ci fails, and prints the target and its error', async () => {
    await using clients = await startCliClients();
    await clients.play('ci-bad');
    const { code, stdout, stderr } = await clients.runToEnd(['wait', '--for', 'done']);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^0s waiting for the Session to be done\n/)]);
    expect(stdout.split('\n')).toEqual([
      expect.stringMatching(/^failed: waited \S+ for tilt-default\/Tiltfile to be done; run: .*, pid \d+$/),
      expect.stringMatching(/^ {2}unit:update: FAILED: Command "sleep 2; .*" failed: exit status 1$/),
      '  the log is in the output of tilt ci',
      '',
    ]);
  });

  it('wait exits with 124 on timeout, and prints the blockers and since when they block', async () => {
    await using clients = await startCliClients();
    await clients.play('ci-ok', 4);
    const { code, stdout } = await clients.runToEnd(['wait', '--timeout', '5s']);
    expect(code).toBe(124);
    expect(stdout).toMatch(/^timeout: waited \S+ for tilt-default\/Tiltfile to be ready; run: .*\n/);
    expect(stdout).toMatch(/^ {2}\S+:\w+: (WAITING|RUNNING) for \S+, since 20\S+Z: .+$/m);
  });

  it.each([
    ['no gateway responds', ['--url', 'http://127.0.0.1:9', '--max-age', '4s'], /^unknown: .*127\.0\.0\.1:9/],
    [
      'the Session does not exist',
      ['--session', 'other/Tiltfile', '--max-age', '4s'],
      /^unknown: .*other\/Tiltfile/,
    ],
  ])('wait exits with 3 when %s', async (_, args, expected) => {
    await using clients = await startCliClients();
    await clients.play('ci-ok');
    const { code, stdout } = await clients.runToEnd(['wait', ...args]);
    expect([code, stdout]).toEqual([3, expect.stringMatching(expected)]);
  });

  it('wait exits with 3 when only the demo is known, unless it is requested by id', async () => {
    await using gateway = runCli(['--port', '0', '--source', 'demo']);
    const [, url = ''] = await gateway.until(/listens on (http:\S+) /);
    const wait = ['wait', '--url', url, '--max-age', '4s', '--for', 'target:tiltfile:update=SUCCEEDED'];
    const { code, stdout } = await runCliToEnd(wait);
    expect([code, stdout]).toEqual([
      3,
      expect.stringMatching(/^unknown: .* except the demo; to wait for it, pass its id: demo\/Tiltfile/),
    ]);
    expect((await runCliToEnd([...wait, '-s', 'demo/Tiltfile'])).code).toBe(0);
  });

  it('wait exits with 3 when the connection to Tilt breaks, although the last state had passed', async () => {
    await using clients = await startCliClients();
    await clients.put(greenJson());
    await clients.gateway.session().until(HEALTHY);
    await clients.tilt.stop();
    await clients.gateway.session().until({ connection: { state: 'STALE' } });
    const waits = ['ready', 'target:api:serve=READY'].map((condition) =>
      clients.runToEnd(['wait', '--for', condition, '--max-age', '4s']),
    );
    for (const { code, stdout } of await Promise.all(waits)) {
      expect([code, stdout]).toEqual([
        3,
        expect.stringMatching(/^unknown: .*lost the connection to its Tilt/),
      ]);
    }
  });

  it('wait exits with 3 and lists the ids when several Sessions are known and none is given', async () => {
    const { provider } = createMemoryProvider('other', [session('other')]);
    await using clients = await startCliClients({ providers: [provider] });
    await clients.play('ci-ok');
    const { code, stdout } = await clients.runToEnd(['wait']);
    expect([code, stdout]).toEqual([
      3,
      expect.stringMatching(/^unknown: .*other\/Tiltfile \(LIVE\), tilt-default\/Tiltfile \(LIVE\)/),
    ]);
    expect((await clients.runToEnd(['wait', '--session', 'tilt-default/Tiltfile'])).code).toBe(0);
  });

  it('wait continues when the connection to Tilt is lost for less than --max-age', async () => {
    await using clients = await startCliClients();
    await clients.play('ci-ok', 4);
    const command = clients.run(['wait', '--verbose', '--max-age', '20s']);
    await expect.poll(() => command.stderr, { timeout: 20_000 }).toContain('PENDING');
    for (const kind of ['list', 'watch'] as const) clients.tilt.respond(kind, 'cut');
    await clients.tilt.cut();
    await expect.poll(() => command.stderr, { timeout: 20_000 }).toContain('STALE');
    clients.tilt.clearFaults();
    await clients.tilt.until(() => clients.tilt.openWatches === 1);
    await clients.play('ci-ok');
    expect(await command.exit).toBe(0);
  });

  it('wait ended by a signal exits with the code of the signal, never with 0', async () => {
    await using clients = await startCliClients();
    await clients.play('ci-ok', 4);
    const command = clients.run(['wait', '--verbose']);
    await expect.poll(() => command.stderr, { timeout: 20_000 }).toContain('PENDING');
    command.process.kill('SIGTERM');
    expect(await command.exit).toBe(143);
  });

  it('wait prints hostile names and errors without terminal escape sequences', async () => {
    await using clients = await startCliClients();
    const name = 'bad\u001b[2Jname\u009b';
    const state = { terminated: { startTime: null, finishTime: null, error: 'line\n\u001b]0;title\u0007' } };
    await clients.put(sessionJson({ targets: [{ name, type: 'job', resources: [], state }] }));
    const { code, stdout } = await clients.runToEnd(['wait']);
    expect(code).toBe(1);
    expect(stdout).toContain('  badname\ufffd: FAILED: line\n');
    expect(stdout.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
  });
});

describe('reports of a wait', () => {
  it('wait writes a JUnit report with one test case per target', async () => {
    await using folder = await createTemporaryFolder();
    await using clients = await startCliClients();
    await clients.play('ci-bad');
    const file = folder.file('report.xml');
    expect((await clients.runToEnd(['wait', '--junit', file])).code).toBe(1);
    const xml = await readFile(file, 'utf8');
    expect(xml).toContain(
      '<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="tilt-graphql wait" tests="4" failures="1" errors="0" skipped="1" time="',
    );
    expect(xml).toContain('<testcase name="lint:update" classname="lint" time="1.258805"/>');
    expect(xml).toContain('<testcase name="db:serve" classname="db">\n<skipped/></testcase>');
    expect(xml).toMatch(
      /<testcase name="unit:update" classname="unit" time="2.007963">\n<failure type="FAILED" message="Command .*exit status 1">Command &quot;.*exit status 1<\/failure><\/testcase>/,
    );
  });

  it('wait reports a file that cannot be written before it waits', async () => {
    const { code, stdout, stderr } = await runCliToEnd(['wait', '--junit', '/nonexistent/report.xml']);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toBe('tilt-graphql: --junit /nonexistent/report.xml: cannot write the file (ENOENT)\n');
  });

  it.each([
    ['below a file', 'old.xml/report.xml', /cannot write the file \((ENOTDIR|ENOENT)\)$/],
    ['with a trailing slash', 'new/', /cannot write the file \((EISDIR|ENOENT|EINVAL)\)$/],
    ['that is a folder', '.', /expected a file, got a folder$/],
  ])('wait exits with 2 at its start for a report %s', async (_, name, expected) => {
    await using folder = await createTemporaryFolder();
    await folder.write('old.xml', 'an earlier report');
    const { code, stdout, stderr } = await runCliToEnd(['wait', '--junit', `${folder.path}/${name}`]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr.trimEnd()).toMatch(expected);
  });

  it('wait keeps an earlier report, and creates no new one, until it has a result', async () => {
    await using folder = await createTemporaryFolder();
    await folder.write('old.xml', 'an earlier report');
    for (const name of ['old.xml', 'new.xml']) {
      await using command = runCli(['wait', '--url', 'http://127.0.0.1:9', '--junit', folder.file(name)]);
      await expect.poll(() => command.stderr, { timeout: 20_000 }).toContain('waiting for');
    }
    expect(await readdir(folder.path)).toEqual(['old.xml']);
    expect(await readFile(folder.file('old.xml'), 'utf8')).toBe('an earlier report');
  });

  it('wait annotates failures for GitHub Actions and adds a table to the step summary', async () => {
    await using folder = await createTemporaryFolder();
    await using clients = await startCliClients();
    await clients.play('ci-bad');
    const summary = folder.file('summary.md');
    await writeFile(summary, 'before\n');
    const env = { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: summary };
    const { code, stdout } = await clients.runToEnd(['wait'], env);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^::error title=unit%3Aupdate::Command "sleep 2; .*" failed: exit status 1$/m);
    const text = await readFile(summary, 'utf8');
    expect(text).toMatch(/^before\n### Tilt: failed\n/);
    expect(text).toMatch(/^\| unit\\:update \| FAILED \| 2s \| Command .*exit status 1 \|$/m);
    expect(text).toMatch(/^\| lint\\:update \| SUCCEEDED \| 1\.3s \| {2}\|$/m);
  });

  it('wait keeps its exit code when the step summary cannot be written', async () => {
    await using clients = await startCliClients();
    await clients.play('ci-ok');
    const env = { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: '/nonexistent/summary.md' };
    const { code, stderr } = await clients.runToEnd(['wait'], env);
    expect([code, stderr]).toEqual([
      0,
      expect.stringContaining('\ntilt-graphql: cannot write /nonexistent/summary.md (ENOENT)\n'),
    ]);
  });
});

/** Copies the program to a folder, and returns its path and a function that deletes one of its parts. */
async function copyProgram(folder: TemporaryFolder) {
  await cp(dirname(BIN), folder.file('bin'), { recursive: true });
  await copyFile(new URL('../../package.json', import.meta.url), folder.file('package.json'));
  const parts = await readdir(folder.file('bin'));
  return {
    bin: folder.file('bin/tilt-graphql.js'),
    async remove(name: string): Promise<void> {
      const found = parts.filter((part) => part.startsWith(`${name}-`));
      expect(found).toHaveLength(1);
      await folder.remove(`bin/${found[0]}`);
    },
  };
}

describe('unexpected errors of a wait', () => {
  it('wait writes its reports after an update has deleted the files of the program', async () => {
    await using folder = await createTemporaryFolder();
    const program = await copyProgram(folder);
    await using clients = await startCliClients();
    await clients.play('ci-ok', 4);
    const files = { junit: folder.file('report.xml'), summary: folder.file('summary.md') };
    await using command = runCli(
      ['wait', '--url', clients.gateway.origin, '--junit', files.junit],
      { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: files.summary },
      program.bin,
    );
    await expect.poll(() => command.stderr, { timeout: 20_000 }).toContain(' run: ');
    for (const part of ['junit', 'step-summary']) await program.remove(part);
    await clients.play('ci-ok');
    expect([await command.exit, command.stdout]).toEqual([0, expect.stringMatching(/^reached: /)]);
    expect(await readFile(files.junit, 'utf8')).toContain('<testcase name="lint:update"');
    expect(await readFile(files.summary, 'utf8')).toContain('### Tilt: reached');
  });

  it('wait exits with 3, not with 1, when a part of the program is missing', async () => {
    await using folder = await createTemporaryFolder();
    const program = await copyProgram(folder);
    await program.remove('run-wait');
    await using command = runCli(['wait'], {}, program.bin);
    expect(await command.exit).toBe(3);
    expect(command.stderr).toMatch(/^tilt-graphql: Cannot find module '.*run-wait-.*\n$/);
  });

  it('wait exits with 3 and prints its result when the program throws an uncaught exception', async () => {
    await using clients = await startCliClients();
    await clients.play('ci-ok', 4);
    const fault = "process.stdin.once('data', () => { throw new Error('out of handles'); });";
    const command = clients.run(['wait'], {
      NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(fault)}`,
    });
    await expect.poll(() => command.stderr, { timeout: 20_000 }).toContain(' run: ');
    command.process.stdin.write('now');
    expect(await command.exit).toBe(3);
    expect(command.stdout).toMatch(/^unknown: unexpected error: out of handles; run: .*\n$/);
  });
});

describe('invalid input to wait', () => {
  it.each<[string, string[], RegExp]>([
    ['an unknown condition', ['--for', 'steady'], /'steady' is invalid.*ready, done, or target:NAME=PHASE/],
    ['an unknown phase', ['--for', 'target:a=GREEN'], /is invalid.*one of .*READY/],
    ['an invalid address', ['--url', 'gateway'], /'gateway' is invalid.*http:\/\/127\.0\.0\.1:4000/],
    [
      'credentials in the address',
      ['--url', 'http://a:b@c'],
      /is invalid.*--token-file or TILT_GRAPHQL_TOKEN/,
    ],
    ['a missing token file', ['--token-file', '/nonexistent'], /--token-file \/nonexistent: .*ENOENT/],
    ['an empty id', ['--session', ''], /'' is invalid.*such as tilt-default\/Tiltfile/],
    ['an empty address', ['--url', ''], /'' is invalid.*http:\/\/127\.0\.0\.1:4000/],
    ['a list without an address', ['--url', ' ,'], /' ,' is invalid.*http:\/\/127\.0\.0\.1:4000/],
    ['an empty token file', ['--token-file', ''], /'' is invalid.*the path of a file/],
    ['an empty Tiltfile', ['--tiltfile', ''], /'' is invalid.*the path of a Tiltfile/],
    ['an empty report', ['--junit', ''], /'' is invalid.*the path of a file/],
    ['an invalid duration', ['--timeout', 'long'], /'long' is invalid.*such as 90s/],
    [
      'a second condition',
      ['--for', 'target:nonexistent:serve=READY', '--for', 'target:tiltfile:update=SUCCEEDED'],
      /^tilt-graphql: --for: given twice, expected once; /,
    ],
    ['a second id', ['-s', 'a/Tiltfile', '--session', 'b/Tiltfile'], /--session: given twice, expected once/],
  ])('wait exits with 2 and a one-line error for %s', async (_, args, expected) => {
    const { code, stdout, stderr } = await runCliToEnd(['wait', ...args]);
    expect(stderr).toMatch(expected);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect([code, stdout]).toEqual([2, '']);
  });

  it('wait exits with 2 when the variable with its gateway is empty', async () => {
    const { code, stderr } = await runCliToEnd(['wait'], { TILT_GRAPHQL_URL: '' });
    expect(stderr).toMatch(
      /^tilt-graphql: .* value '' from env 'TILT_GRAPHQL_URL' is invalid\. Expected a URL/,
    );
    expect(code).toBe(2);
  });
});
