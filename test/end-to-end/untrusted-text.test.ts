import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeSession } from '../../src/model/decode.js';
import { createDemoProvider } from '../../src/providers/demo/demo.js';
import { useBrowserTimeouts } from '../support/browser-timeouts.js';
import { type CliClients, startCliClients } from '../support/cli-client.js';
import { startGateway, startMemoryGateway } from '../support/gateway.js';
import { createManualClock } from '../support/manual-clock.js';
import { sessionJson } from '../support/session-json.js';
import { createTemporaryFolder } from '../support/temporary-folder.js';
import { launchBrowser } from './support/browser.js';
import { visitDashboard } from './support/dashboard.js';

useBrowserTimeouts();

/**
 * Text that a terminal, a CI service or a log viewer would interpret: a colour, a link, a carriage return,
 * workflow commands.
 */
const COMMAND = '##[stop-commands]x';
const ERROR = [
  'Traceback (most recent call last):\r',
  '  Tiltfile:3:1: in <toplevel>',
  `\u001b[31mError:\u001b[0m \u001b]8;;http://x\u0007no such file\u001b]8;;\u0007 ${COMMAND}`,
].join('\n');
/** Message of the error as plain text. */
const HEADLINE = `Error: no such file ${COMMAND}`;
/** The same with the workflow command neutralized. */
const HARMLESS = 'Error: no such file # #[stop-commands]x';

const GITHUB = { GITHUB_ACTIONS: 'true' };

function failedJson(error = ERROR) {
  const times = { startTime: '2026-11-22T11:00:00Z', finishTime: '2026-11-22T11:00:02Z' };
  const state = { terminated: { ...times, error } };
  const wait = { waiting: { waitReason: `\u001b[33mpod\u001b[0m\r${COMMAND}` } };
  return sessionJson({
    uid: 'one',
    targets: [
      { name: 'api:serve', type: 'server', resources: ['api'], state: wait },
      { name: 'tiltfile:update', type: 'job', resources: [], state },
    ],
  });
}

/** Asserts that a terminal or a CI service interprets nothing in a text. */
function expectHarmless(text: string): void {
  expect(text).not.toMatch(/[^\P{Cc}\n\t]/u);
  expect(text).not.toContain('##[');
  expect(text).not.toMatch(/^\s*::/m);
}

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser.close());

async function startFailed(clients: CliClients) {
  await clients.put(failedJson());
  return clients.gateway;
}

describe('an error of Tilt with terminal sequences and workflow commands', () => {
  it('is unchanged in the schema, while summary and reason are one line of plain text', async () => {
    await using clients = await startCliClients();
    await startFailed(clients);
    const query = `{ session { verdict { reason } status { targets { state {
      ... on TargetStateTerminated { error summary } ... on TargetStateWaiting { waitReason summary } } } } } }`;
    const { stdout } = await clients.runToEnd(['query', query], GITHUB);
    expectHarmless(stdout);
    expect(JSON.parse(stdout)).toEqual({
      session: {
        verdict: { reason: `tiltfile:update: ${HEADLINE}` },
        status: {
          targets: [
            {
              state: { waitReason: `\u001b[33mpod\u001b[0m\r${COMMAND}`, summary: `waiting: pod ${COMMAND}` },
            },
            { state: { error: ERROR, summary: `failed after 2.0 s: ${HEADLINE}` } },
          ],
        },
      },
    });
  });

  it('is plain text without workflow commands in the JSON lines of watch', async () => {
    await using clients = await startCliClients();
    await startFailed(clients);
    await using watch = clients.run(['watch', '-o', 'json'], GITHUB);
    await watch.until(/"VERDICT".*\n/);
    expectHarmless(watch.stdout);
    const lines = watch.stdout
      .trim()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
    expect(lines).toContainEqual(expect.objectContaining({ target: 'tiltfile:update', summary: HEADLINE }));
    expect(lines).toContainEqual(expect.objectContaining({ reason: `tiltfile:update: ${HEADLINE}` }));
  });

  it('is plain text without workflow commands in the environment of watch --exec', async () => {
    await using clients = await startCliClients();
    await using folder = await createTemporaryFolder();
    await clients.put(sessionJson({ uid: 'one', targets: [] }));
    const file = folder.file('env');
    const exec = `printf '%s\\n' "$TILT_GRAPHQL_ERROR" "$TILT_GRAPHQL_REASON" >>'${file}'; echo "$TILT_GRAPHQL_ERROR" >&2`;
    await using watch = clients.run(['watch', '-o', 'json', '--exec', exec], GITHUB);
    await once(watch.process.stdout, 'data');
    await startFailed(clients);
    await expect.poll(() => readFile(file, 'utf8').catch(() => '')).toMatch(/\n.*Error.*\n/s);
    const text = await readFile(file, 'utf8');
    expectHarmless(text);
    expect(text).toContain(HARMLESS);
    expectHarmless(watch.stderr);
  });

  it('is one harmless line in a table of query, and in a template inside a CI job', async () => {
    await using clients = await startCliClients();
    await startFailed(clients);
    const query =
      '{ session { status { targets { name state { ... on TargetStateTerminated { error } } } } } }';
    const table = await clients.runToEnd(['query', '-o', 'table', query], GITHUB);
    expectHarmless(table.stdout);
    expect(table.stdout).toContain(HARMLESS);
    const template = '{{#session.status.targets}}{{state.error}}\\n{{/session.status.targets}}';
    const filled = await clients.runToEnd(['query', '--template', template, query], GITHUB);
    expect(filled.stdout).not.toContain('##[');
    const asData = await clients.runToEnd(['query', '--template', template, query]);
    expect(asData.stdout).toContain(ERROR);
  });

  it('is one line in the rows of the dashboard, and complete plain text in the details', async () => {
    const json = failedJson();
    await using gateway = await startMemoryGateway([decodeSession(json, 'shop')]);
    await using visit = await visitDashboard(browser, gateway.origin, {
      search: '?session=shop%2FTiltfile&target=tiltfile%3Aupdate',
    });
    const error = visit.page.locator('pre.error');
    await error.waitFor();
    expect(await error.textContent()).toBe(
      `Traceback (most recent call last):\n\n  Tiltfile:3:1: in <toplevel>\n${HEADLINE}`.replace(
        '\n\n',
        '\n',
      ),
    );
    const rows = await visit.page.locator('table.targets tbody tr').allInnerTexts();
    expect(rows.join('\n')).toContain(HEADLINE);
    expect(rows.join('\n')).toContain(`pod`);
    expect(await visit.page.content()).not.toContain('\u001b');
  });
});

describe('the demo', () => {
  it('is marked in the dashboard, in the list and in the header of its Session', async () => {
    const clock = createManualClock(Date.now());
    await using gateway = await startGateway({ clock, providers: [createDemoProvider({ clock })] });
    for (const search of ['', '?session=demo%2FTiltfile']) {
      await using visit = await visitDashboard(browser, gateway.origin, { search });
      await visit.page.locator('.badge.demo', { hasText: 'Demo' }).waitFor();
    }
    await using real = await startMemoryGateway([decodeSession(failedJson(), 'shop')]);
    await using visit = await visitDashboard(browser, real.origin);
    await visit.page.locator('.verdict').first().waitFor();
    expect(await visit.page.locator('.badge.demo').count()).toBe(0);
  });

  it('is reported next to a table of query', async () => {
    await using clients = await startCliClients();
    await startFailed(clients);
    const query = ['query', '-o', 'table', '{ sessions { nodes { id isDemo } } }'];
    expect((await clients.runToEnd(query)).stderr).toBe('');
    await using demo = clients.run(['serve', '--source', 'demo', '--port', '0']);
    const [, url = ''] = await demo.until(/listens on (\S+) /);
    const { stdout, stderr } = await clients.runToEnd([...query, '--url', url]);
    expect(stdout).toMatch(/^id +isDemo\ndemo\/Tiltfile +true\n$/);
    expect(stderr).toBe('tilt-graphql: demo/Tiltfile is the built-in demo, not a Tilt\n');
  });
});
