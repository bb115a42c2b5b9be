import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { Session } from '../../src/model/session.js';
import { runCli, runCliToEnd } from '../support/cli.js';
import { withExcerpt } from '../support/excerpts.js';
import { explainedSession } from '../support/explained-session.js';
import { startMemoryGateway } from '../support/gateway.js';
import { createTemporaryFolder } from '../support/temporary-folder.js';

/** Runs `wait` until it exits, against a gateway with one Session. */
async function runWait(session: Session, args: readonly string[], env: Record<string, string> = {}) {
  await using gateway = await startMemoryGateway([session]);
  const { code, stdout, stderr } = await runCliToEnd(['wait', '--url', gateway.url, ...args], env);
  return { code, stderr, lines: stdout.trimEnd().split('\n') };
}

const TRIGGER = '  waiting for a trigger: lint; run "tilt trigger --port 10350 lint"';

describe('a wait for a Session whose resources are known', () => {
  it('wait prints at a timeout the chains to the root cause, its log command and its page', async () => {
    const { code, lines, stderr } = await runWait(explainedSession('tilt-default'), ['--timeout', '5s']);
    expect(code).toBe(124);
    expect(lines).toEqual([
      expect.stringMatching(/^timeout: waited \S+ for tilt-default\/Tiltfile to be ready; run: /),
      expect.stringMatching(/^ {2}api:serve: RUNNING for .*: running$/),
      expect.stringMatching(/^ {2}e2e:update: WAITING for .*: e2e waits for api, api is not ready$/),
      expect.stringMatching(/^ {2}web:update: WAITING for .*: web waits for api, api is not ready$/),
      '  log of api: tilt logs --port 10350 api',
      '  page of api: http://localhost:10350/r/api/overview',
      TRIGGER,
    ]);
    expect(stderr).toMatch(
      /PENDING, 1 of 5 targets ready or succeeded; api:serve RUNNING, e2e:update WAITING for api \(not ready\), web:update WAITING for api \(not ready\)\n/,
    );
  });

  it('wait prints at a failure the targets that wait for the failed one, its log command and its page', async () => {
    const { code, lines } = await runWait(explainedSession('tilt-default', { hasFailure: true }), []);
    expect([code, lines]).toEqual([
      1,
      [
        expect.stringMatching(/^failed: waited .* for tilt-default\/Tiltfile to be ready; run: /),
        `  broken:update: FAILED: Command "sh -c 'exit 4'" failed: exit status 4`,
        '  late:update: WAITING: late waits for broken, broken failed: exit status 4',
        '  log of broken: tilt logs --port 10350 broken',
        '  page of broken: http://localhost:10350/r/broken/overview',
        TRIGGER,
      ],
    ]);
  });

  it('wait is met although a resource waits for a trigger, and names it', async () => {
    const { code, lines } = await runWait(explainedSession('tilt-default', { isReady: true }), []);
    expect([code, lines]).toEqual([
      0,
      [expect.stringMatching(/: 5 targets \(1 untriggered, 1 ready, 3 succeeded\); run: /), TRIGGER],
    ]);
  });

  it('wait for a target to be UNTRIGGERED is met while its resource waits for a trigger', async () => {
    const condition = ['--for', 'target:lint:update=untriggered'];
    const { code, lines } = await runWait(explainedSession('tilt-default'), condition);
    expect([code, lines[0]]).toEqual([
      0,
      expect.stringContaining(' for lint:update of tilt-default/Tiltfile to be UNTRIGGERED: '),
    ]);
  });

  it('wait for a target names what the target waits for', async () => {
    const condition = ['--for', 'target:web:update=SUCCEEDED', '--timeout', '5s'];
    const { code, lines } = await runWait(explainedSession('tilt-default'), condition);
    expect([code, lines.slice(1, 3)]).toEqual([
      124,
      [
        expect.stringMatching(/^ {2}web:update: WAITING for .*: web waits for api, api is not ready$/),
        '  log of api: tilt logs --port 10350 api',
      ],
    ]);
  });

  it('wait fails with the reason when tilt up needs a cluster that cannot be reached', async () => {
    const clusterError =
      'Tilt encountered an error connecting to your Kubernetes cluster:\n\tdial tcp: refused';
    const session = explainedSession('tilt-default', { hasFailure: true, clusterError });
    const { code, lines } = await runWait(session, []);
    expect([code, lines.slice(1, 3)]).toEqual([
      1,
      [
        '  cluster connection failed: Tilt encountered an error connecting to your Kubernetes cluster: dial tcp: refused',
        `  broken:update: FAILED: Command "sh -c 'exit 4'" failed: exit status 4`,
      ],
    ]);
  });

  it('wait reports a failure to a gateway that stopped at once, without port and page', async () => {
    await using gateway = await startMemoryGateway([explainedSession('tilt-default')]);
    await using command = runCli(['wait', '--url', gateway.url, '--max-age', '3s']);
    await expect.poll(() => command.stderr, { timeout: 20_000 }).toContain('PENDING');
    await gateway.gateway.close();
    expect(await command.exit).toBe(3);
    expect(command.stdout.trimEnd().split('\n')).toEqual([
      expect.stringMatching(/^unknown: no news for 3 s: /),
    ]);
  });

  it('wait writes causes, log commands and a chart of the run to its reports', async () => {
    await using folder = await createTemporaryFolder();
    const files = { junit: folder.file('tilt.xml'), summary: folder.file('summary.md') };
    const session = explainedSession('tilt-default', { hasFailure: true });
    const { lines } = await runWait(session, ['--junit', files.junit], {
      GITHUB_ACTIONS: 'true',
      GITHUB_STEP_SUMMARY: files.summary,
    });
    expect(lines).toContain(
      `::error title=broken%3Aupdate::Command "sh -c 'exit 4'" failed: exit status 4; log of broken: tilt logs --port 10350 broken; page of broken: http://localhost:10350/r/broken/overview`,
    );
    expect(lines).toContain(
      '::notice title=wait to be ready::waiting for a trigger: lint; run "tilt trigger --port 10350 lint"',
    );
    const xml = await readFile(files.junit, 'utf8');
    expect(xml).toContain('<skipped message="late waits for broken, broken failed: exit status 4"/>');
    expect(xml).toContain(
      '<system-out>log of broken: tilt logs --port 10350 broken\npage of broken: http://localhost:10350/r/broken/overview</system-out>',
    );
    const summary = await readFile(files.summary, 'utf8');
    expect(summary).toContain(
      '| late\\:update | WAITING |  | late waits for broken\\, broken failed\\: exit status 4 |',
    );
    expect(summary).toMatch(
      /^```mermaid\ngantt\n[^`]* {2}section shop\n {2}▶ api serve :active, \d+, \d+\n[^`]*```$/m,
    );
  });

  it('wait prints the last lines of the log of the root cause, and writes them to its reports', async () => {
    await using folder = await createTemporaryFolder();
    const files = { junit: folder.file('tilt.xml'), summary: folder.file('summary.md') };
    const failed = explainedSession('tilt-default', { hasFailure: true });
    const session = withExcerpt(failed, 'broken:update', ['FAIL adds numbers', 'expected 4, got 5']);
    const { code, lines } = await runWait(session, ['--junit', files.junit], {
      GITHUB_ACTIONS: 'true',
      GITHUB_STEP_SUMMARY: files.summary,
    });
    expect([code, lines.slice(1, 5)]).toEqual([
      1,
      [
        `  broken:update: FAILED: Command "sh -c 'exit 4'" failed: exit status 4`,
        '    | FAIL adds numbers',
        '    | expected 4, got 5',
        '  late:update: WAITING: late waits for broken, broken failed: exit status 4',
      ],
    ]);
    expect(lines).toContainEqual(
      expect.stringMatching(/^::error title=broken%3Aupdate::.*exit status 4; expected 4, got 5; log of /),
    );
    expect(await readFile(files.junit, 'utf8')).toContain(
      '<system-out>FAIL adds numbers\nexpected 4, got 5\nlog of broken: ',
    );
    expect(await readFile(files.summary, 'utf8')).toContain(
      '\n```text\nFAIL adds numbers\nexpected 4, got 5\n```\n',
    );
  });
});
