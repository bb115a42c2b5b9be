import { readFile, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { createMemoryProvider } from '../../src/providers/memory.js';
import { runCli, runCliToEnd } from '../support/cli.js';
import { startCliClients } from '../support/cli-client.js';
import { greenJson, HEALTHY } from '../support/followed-session.js';
import { sessionJson } from '../support/session-json.js';
import { session } from '../support/sessions.js';
import { createTemporaryFolder } from '../support/temporary-folder.js';

describe('tilt-graphql wait', () => {
  it.each(['ready', 'done'])('ends with 0 once tilt ci has passed, for %s', async (condition) => {
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

  it('ends with 0 once a target has reached its phase, before the rest', async () => {
    await using clients = await startCliClients();
    await clients.play('ci-ok', 8);
    const { code, stdout } = await clients.runToEnd(['wait', '--for', 'target:lint:update=succeeded']);
    expect([code, stdout]).toEqual([
      0,
      expect.stringMatching(/^reached: .* for lint:update to be SUCCEEDED/),
    ]);
  });

  it('ends with 1 when tilt ci fails, and names the target and its error', async () => {
    await using clients = await startCliClients();
    await clients.play('ci-bad');
    const { code, stdout, stderr } = await clients.runToEnd(['wait', '--for', 'done']);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^0s waiting for the Session to be done\n/)]);
    expect(stdout.split('\n')).toEqual([
      expect.stringMatching(/^failed: waited \S+ for tilt-default\/Tiltfile to be done; run: .*, pid \d+$/),
      expect.stringMatching(/^ {2}unit:update: FAILED: Command "sleep 2; .*" failed: exit status 1$/),
      '',
    ]);
  });

  it('ends with 124 when the time is up, and says what blocks and since when', async () => {
    await using clients = await startCliClients();
    await clients.play('ci-ok', 4);
    const { code, stdout } = await clients.runToEnd(['wait', '--timeout', '5s']);
    expect(code).toBe(124);
    expect(stdout).toMatch(/^timeout: waited \S+ for tilt-default\/Tiltfile to be ready; run: .*\n/);
    expect(stdout).toMatch(/^ {2}\S+:\w+: (WAITING|RUNNING) for \S+, since 20\S+Z: .+$/m);
  });

  it.each([
    ['no gateway answers', ['--url', 'http://127.0.0.1:9', '--max-age', '4s'], /^unknown: .*127\.0\.0\.1:9/],
    [
      'there is no such Session',
      ['--session', 'other/Tiltfile', '--max-age', '4s'],
      /^unknown: .*other\/Tiltfile/,
    ],
  ])('ends with 3 when %s', async (_, args, expected) => {
    await using clients = await startCliClients();
    await clients.play('ci-ok');
    const { code, stdout } = await clients.runToEnd(['wait', ...args]);
    expect([code, stdout]).toEqual([3, expect.stringMatching(expected)]);
  });

  it('ends with 3 when only the demonstration is known, unless that is named', async () => {
    await using gateway = runCli(['--port', '0', '--source', 'demo']);
    const [, url = ''] = await gateway.until(/listens on (http:\S+) /);
    const wait = ['wait', '--url', url, '--max-age', '4s', '--for', 'target:tiltfile:update=SUCCEEDED'];
    const { code, stdout } = await runCliToEnd(wait);
    expect([code, stdout]).toEqual([
      3,
      expect.stringMatching(/^unknown: .* only when it is named: demo\/Tiltfile/),
    ]);
    expect((await runCliToEnd([...wait, '-s', 'demo/Tiltfile'])).code).toBe(0);
  });

  it('ends with 3 when the link to Tilt breaks, though all was well: stale news is never good news', async () => {
    await using clients = await startCliClients();
    await clients.put(greenJson());
    await clients.gateway.session().until(HEALTHY);
    await clients.tilt.stop();
    await clients.gateway.session().until({ connection: { state: 'STALE' } });
    const waits = ['ready', 'target:api:serve=READY'].map((condition) =>
      clients.runToEnd(['wait', '--for', condition, '--max-age', '4s']),
    );
    for (const { code, stdout } of await Promise.all(waits)) {
      expect([code, stdout]).toEqual([3, expect.stringMatching(/^unknown: .*link to its Tilt/)]);
    }
  });

  it('ends with 3 and lists the ids when several Sessions are known and none is named', async () => {
    const { provider } = createMemoryProvider('other', [session('other')]);
    await using clients = await startCliClients({ providers: [provider] });
    await clients.play('ci-ok');
    const { code, stdout } = await clients.runToEnd(['wait']);
    expect([code, stdout]).toEqual([
      3,
      expect.stringMatching(/^unknown: .*other\/Tiltfile, tilt-default\/Tiltfile/),
    ]);
    expect((await clients.runToEnd(['wait', '--session', 'tilt-default/Tiltfile'])).code).toBe(0);
  });

  it('outlasts a link to Tilt that is away for less than --max-age', async () => {
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

  it('ends with the exit code of a signal, and never with 0', async () => {
    await using clients = await startCliClients();
    await clients.play('ci-ok', 4);
    const command = clients.run(['wait', '--verbose']);
    await expect.poll(() => command.stderr, { timeout: 20_000 }).toContain('PENDING');
    command.process.kill('SIGTERM');
    expect(await command.exit).toBe(143);
  });

  it('lets nothing in a hostile name or error move the terminal', async () => {
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
  it('writes a JUnit report with a case for each target', async () => {
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

  it('says of a file that cannot be written before it waits', async () => {
    const { code, stdout, stderr } = await runCliToEnd(['wait', '--junit', '/nonexistent/report.xml']);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toBe('tilt-graphql: --junit /nonexistent/report.xml: cannot write the file (ENOENT)\n');
  });

  it('annotates failures for GitHub Actions, and adds a table to the summary of the step', async () => {
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

  it('keeps its exit code when the summary cannot be written', async () => {
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

describe('bad input to wait gets one line and exit code 2', () => {
  it.each<[string, string[], RegExp]>([
    [
      'a condition that is none',
      ['--for', 'steady'],
      /'steady' is invalid.*ready, done, or target:NAME=PHASE/,
    ],
    ['a phase that is none', ['--for', 'target:a=GREEN'], /is invalid.*one of .*READY/],
    ['an address that is none', ['--url', 'gateway'], /'gateway' is invalid.*http:\/\/127\.0\.0\.1:4000/],
    ['a login in the address', ['--url', 'http://a:b@c'], /is invalid.*--token-file or TILT_GRAPHQL_TOKEN/],
    [
      'a token file that is not there',
      ['--token-file', '/nonexistent'],
      /--token-file \/nonexistent: .*ENOENT/,
    ],
    ['no id', ['--session', ''], /'' is invalid.*such as tilt-default\/Tiltfile/],
    ['a time that is none', ['--timeout', 'long'], /'long' is invalid.*such as 90s/],
  ])('%s', async (_, args, expected) => {
    const { code, stdout, stderr } = await runCliToEnd(['wait', ...args]);
    expect(stderr).toMatch(expected);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect([code, stdout]).toEqual([2, '']);
  });
});
