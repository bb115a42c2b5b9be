import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MAX_LINES } from '../../../src/dashboard/model/log-tail.js';
import type { LogLine, TargetExcerpt } from '../../../src/model/log.js';
import type { Session } from '../../../src/model/session.js';
import { createMemoryProvider } from '../../../src/providers/memory.js';
import type { SessionProvider } from '../../../src/providers/provider.js';
import { createTiltLogs } from '../../../src/providers/tilt/hud-logs.js';
import { useBrowserTimeouts } from '../../support/browser-timeouts.js';
import { startGateway, startMemoryGateway } from '../../support/gateway.js';
import { HUD_CI_EXCERPT, hudCiStates } from '../../support/hud-ci.js';
import { readHudRecording } from '../../support/hud-view.js';
import { createTestLog, logLine } from '../../support/log-lines.js';
import { explained, resourceFacts } from '../../support/resource-facts.js';
import { session, type TargetStates } from '../../support/sessions.js';
import { startTiltGateway } from '../../support/tilt-gateway.js';
import { startTiltWithLogs } from '../../support/tilt-with-logs.js';
import { launchBrowser } from '../support/browser.js';
import { PHONE, takeScreenshot, visitDashboard } from '../support/dashboard.js';
import { inspect } from '../support/inspect-page.js';

useBrowserTimeouts();

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser.close());

const ID = 'shop/Tiltfile';
const DETAILS = '?session=shop%2FTiltfile&target=api%3Aupdate';
const STATES: TargetStates = { 'api:serve': 'ready', 'api:update': 'failed', 'web:serve': 'ready' };

/** The times of the failed target. */
const FAILURE = {
  target: 'api:update',
  startTime: '2026-11-22T11:00:00.000001Z',
  finishTime: '2026-11-22T11:00:02.250002Z',
};

/** The output of a test that fails, with colors. */
const OUTPUT = [
  logLine('Running cmd: npm test', { level: 'info' }),
  logLine('\u001b[32m ok \u001b[39m starts'),
  logLine('\u001b[31mFAIL\u001b[39m adds numbers', { level: 'error' }),
  logLine('  expected \u001b[32m4\u001b[39m, got \u001b[31m5\u001b[39m', { level: 'error' }),
];

function shop(excerpts: readonly TargetExcerpt[] = [], states = STATES): Session {
  const facts = [resourceFacts('api'), resourceFacts('web')];
  const { facts: known, ...rest } = explained(session('shop', states), facts, {
    webUrl: 'http://localhost:10350',
  });
  return { ...rest, facts: { resources: null, cluster: null, webUrl: null, ...known, excerpts } };
}

async function startShop({ lines = OUTPUT, excerpts = [] as readonly TargetExcerpt[] } = {}) {
  const gateway = await startMemoryGateway([shop(excerpts)]);
  const log = createTestLog();
  log.append(...lines);
  gateway.source.setLog(ID, log);
  return { gateway, log, [Symbol.asyncDispose]: () => gateway[Symbol.asyncDispose]() };
}

const numbered = (from: number, count: number, fields: Partial<LogLine> = {}) =>
  Array.from({ length: count }, (_, index) => logLine(`line ${from + index}`, fields));

const NOW = Date.parse('2026-11-22T12:00:00Z');

const details = (page: Page) => page.getByRole('complementary');
const logBox = (page: Page) => page.getByRole('log');
const shown = (page: Page) => logBox(page).locator('.log-line').allTextContents();
const lastLine = async (page: Page) => (await shown(page)).at(-1);
const distanceToEnd = (page: Page) =>
  logBox(page).evaluate(
    ({ scrollHeight, scrollTop, clientHeight }) => scrollHeight - scrollTop - clientHeight,
  );

describe('the excerpt of a failed target on the dashboard', () => {
  it('the excerpt is in the details, in color, and stays when Tilt has exited', async () => {
    const excerpt = { ...FAILURE, lines: OUTPUT, omitted: 12, isFinal: false };
    await using shopped = await startShop({ excerpts: [excerpt] });
    const { source } = shopped.gateway;
    await using visit = await visitDashboard(browser, shopped.gateway.origin, { search: DETAILS });
    const { page } = visit;
    const box = page.getByRole('region', { name: 'Last lines before the failure' });
    await expect.poll(() => box.innerText()).toContain('expected 4, got 5');
    expect(await box.innerText()).toMatch(/12 earlier lines are not shown.*FAIL adds numbers/s);
    expect(await box.locator('.in-red').first().innerText()).toBe('FAIL');
    await box.getByText('More lines may follow.').waitFor();
    source.put(shop([{ ...excerpt, lines: [...OUTPUT, logLine('1 failed')], isFinal: true }]));
    await expect.poll(() => box.innerText()).toContain('1 failed');
    expect(await box.getByText('More lines may follow.').count()).toBe(0);
    await inspect(visit, 'log-excerpt');
    source.remove(ID);
    source.setLog(ID, null);
    await details(page).getByText('The log has ended').waitFor();
    expect(await box.innerText()).toContain('FAIL adds numbers');
    await page.reload();
    await expect.poll(() => box.innerText()).toContain('FAIL adds numbers');
    await details(page).getByText('The log ended when Tilt exited.').waitFor();
    expect(visit.scriptErrors).toEqual([]);
  });

  it('the last lines of a recorded `tilt ci` are in the details after Tilt has exited', async () => {
    await using tilt = await startTiltWithLogs({ sessions: [] });
    const { server, hud, tokenFile } = tilt;
    for (const { session: state } of hudCiStates('run-1')) server.put(state);
    for (const { message } of readHudRecording('hud-ci')) hud.send(message);
    await using gateway = await startTiltGateway(
      { [hud.context]: server },
      { logs: createTiltLogs({ tokenFile }) },
    );
    const search = `?session=${encodeURIComponent(`${hud.context}/Tiltfile`)}&target=unit%3Aupdate`;
    await using visit = await visitDashboard(browser, gateway.origin, { search });
    await expect.poll(() => lastLine(visit.page)).toContain('Build Failed');
    hud.cut();
    await server.stop();
    await gateway.updateKubeconfig({});
    await details(visit.page).getByText('The log has ended').waitFor();
    await visit.page.reload();
    await details(visit.page).getByText('The log has ended').waitFor();
    expect(await lastLine(visit.page)).toContain('Build Failed');
    const box = visit.page.getByRole('region', { name: 'Last lines', exact: true });
    expect(await box.locator('.log-line').allTextContents()).toEqual(HUD_CI_EXCERPT);
    await takeScreenshot(visit.page, 'log-recorded');
    expect(visit.scriptErrors).toEqual([]);
  });

  it('the excerpt of an earlier run is not shown with a new one', async () => {
    const excerpt = { ...FAILURE, lines: OUTPUT, omitted: 0, isFinal: true };
    await using shopped = await startShop({ excerpts: [excerpt] });
    await using visit = await visitDashboard(browser, shopped.gateway.origin, { search: DETAILS });
    const box = visit.page.getByRole('region', { name: 'Last lines before the failure' });
    await box.waitFor();
    shopped.gateway.source.put(shop([excerpt], { ...STATES, 'api:update': 'running' }));
    await box.waitFor({ state: 'detached' });
  });
});

describe('the log on the dashboard', () => {
  it('the log is followed, keeps the newest lines, and counts those that are left out', async () => {
    await using shopped = await startShop({ lines: numbered(0, MAX_LINES) });
    await using visit = await visitDashboard(browser, shopped.gateway.origin, { search: DETAILS });
    const { page } = visit;
    await expect.poll(() => lastLine(page)).toBe(`line ${MAX_LINES - 1}`);
    expect(await distanceToEnd(page)).toBeLessThan(2);
    shopped.log.append(...numbered(MAX_LINES, 50), logLine('of another', { resource: 'web' }));
    await expect.poll(() => lastLine(page)).toBe(`line ${MAX_LINES + 49}`);
    expect(await distanceToEnd(page)).toBeLessThan(2);
    const texts = await shown(page);
    expect(texts).toHaveLength(MAX_LINES);
    expect(texts[0]).toBe('line 50');
    expect(await logBox(page).innerText()).toContain('50 earlier lines are not shown');
    const tilt = details(page).getByRole('link', { name: 'Open in Tilt' });
    expect(await tilt.getAttribute('href')).toBe('http://localhost:10350/r/api/overview');
  });

  it('a paused log stays in place and counts new lines; scrolling up pauses, too', async () => {
    await using shopped = await startShop({ lines: numbered(0, 100) });
    await using visit = await visitDashboard(browser, shopped.gateway.origin, { search: DETAILS });
    const { page } = visit;
    await expect.poll(() => lastLine(page)).toBe('line 99');
    await details(page).getByRole('button', { name: 'Pause' }).click();
    shopped.log.append(...numbered(100, 7));
    await details(page).getByRole('button', { name: 'Resume 7 new' }).waitFor();
    expect(await lastLine(page)).toBe('line 99');
    await details(page)
      .getByRole('button', { name: /^Resume/ })
      .click();
    await expect.poll(() => lastLine(page)).toBe('line 106');
    await logBox(page).press('ArrowUp');
    await details(page)
      .getByRole('button', { name: /^Resume/ })
      .waitFor();
    shopped.log.append(...numbered(107, 3));
    await details(page).getByRole('button', { name: 'Resume 3 new' }).waitFor();
    expect(await lastLine(page)).toBe('line 106');
    expect(await distanceToEnd(page)).toBeGreaterThan(20);
    await details(page)
      .getByRole('button', { name: /^Resume/ })
      .click();
    await page.setViewportSize(PHONE);
    await expect.poll(() => distanceToEnd(page)).toBeLessThan(2);
    await details(page).getByRole('button', { name: 'Pause' }).waitFor();
  });

  it('a screen reader hears new lines, but neither those that were there before nor a flood', async () => {
    await using shopped = await startShop();
    const search = DETAILS;
    await using visit = await visitDashboard(browser, shopped.gateway.origin, { search, now: NOW });
    const { page } = visit;
    const box = page.getByRole('log', { name: 'Log of api' });
    const live = () => box.getAttribute('aria-live');
    await expect.poll(() => lastLine(page)).toContain('expected 4');
    expect(await live()).toBe('off');
    await page.clock.setFixedTime(NOW + 6_000);
    shopped.log.append(logLine('rebuilt'));
    await expect.poll(() => lastLine(page)).toBe('rebuilt');
    expect(await live()).toBe('polite');
    shopped.log.append(...numbered(0, 20));
    await expect.poll(() => lastLine(page)).toBe('line 19');
    expect(await live()).toBe('off');
  });

  it('a search marks and counts its matches and moves between them with the keyboard', async () => {
    await using shopped = await startShop({ lines: [...OUTPUT, ...numbered(0, 60), ...OUTPUT] });
    await using visit = await visitDashboard(browser, shopped.gateway.origin, { search: DETAILS });
    const { page } = visit;
    await details(page).getByRole('searchbox', { name: 'Search the log' }).fill('fail adds');
    await details(page).getByText('2 matches').waitFor();
    // A match in two colors consists of two marks.
    expect(await logBox(page).locator('mark').allInnerTexts()).toEqual(['FAIL', ' adds', 'FAIL', ' adds']);
    await page.keyboard.press('Enter');
    await details(page).getByText('2 of 2').waitFor();
    await page.keyboard.press('Enter');
    await details(page).getByText('1 of 2').waitFor();
    await expect.poll(() => logBox(page).evaluate(({ scrollTop }) => scrollTop)).toBeLessThan(100);
    expect(await logBox(page).locator('mark[aria-current]').allInnerTexts()).toEqual(['FAIL', ' adds']);
    await inspect(visit, 'log-search');
    await details(page).getByRole('searchbox').press('Escape');
    expect(await logBox(page).locator('mark').count()).toBe(0);
    await details(page).waitFor();
  });

  it('lines of the target can be selected, and the shown lines are copied as plain text', async () => {
    await using shopped = await startShop({
      lines: [...OUTPUT, logLine('listening', { target: 'api:serve' })],
    });
    await using visit = await visitDashboard(browser, shopped.gateway.origin, {
      search: DETAILS,
      permissions: ['clipboard-read', 'clipboard-write'],
    });
    const { page } = visit;
    await expect.poll(() => lastLine(page)).toBe('listening');
    await details(page).getByRole('button', { name: 'Only api:update' }).click();
    await expect.poll(() => lastLine(page)).toBe('error:   expected 4, got 5');
    await details(page).getByRole('button', { name: 'Copy' }).click();
    await details(page).getByText('Copied').waitFor();
    await takeScreenshot(page, 'log-filtered');
    await page.setViewportSize(PHONE);
    await takeScreenshot(page, 'log-filtered-phone');
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(
      'Running cmd: npm test\n ok  starts\nFAIL adds numbers\n  expected 4, got 5',
    );
  });

  it('hostile text is shown as text, and long lines stay in their box', async () => {
    const hostile = [
      '<img src=x onerror="document.title=1"><script>document.title = 2</script>',
      '\u001b]8;;javascript:alert(1)\u0007click\u001b]8;;\u0007 \u001b]0;title\u0007',
      '\u001b[2J\u001b[31;1mcleared\u001b[999C \u202ereversed',
      `start ${'x'.repeat(4_000)} end`,
      '\u001b[38;5;196;48;2;1;2;300;m<b>bold</b>\u001b[',
    ];
    await using shopped = await startShop({ lines: hostile.map((text) => logLine(text)) });
    await using visit = await visitDashboard(browser, shopped.gateway.origin, { search: DETAILS });
    const { page } = visit;
    await expect.poll(async () => (await shown(page)).length).toBe(hostile.length);
    const [html, osc, csi, long, broken] = await shown(page);
    expect(html).toBe(hostile[0]);
    expect(osc).toMatch(/^click ?$/);
    expect(csi).toBe('cleared \ufffdreversed');
    expect(long).toBe(hostile[3]);
    expect(broken).toContain('<b>bold</b>');
    expect(await logBox(page).locator('img, script, a, b').count()).toBe(0);
    expect(await page.title()).toContain('shop');
    expect(await logBox(page).evaluate(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)).toBe(0);
    await inspect(visit, 'log-hostile');
  });

  it('the reason why logs are not available is one line, and is replaced by the log', async () => {
    const { provider, setLog } = createMemoryProvider('shop', [shop()]);
    await using gateway = await startGateway({ providers: [provider] });
    await using visit = await visitDashboard(browser, gateway.origin, { search: '?session=shop%2FTiltfile' });
    const { page } = visit;
    const reads: string[] = [];
    page.on('request', (request) => {
      if (request.postData()?.includes('unavailable')) reads.push(request.url());
    });
    const link = page.locator('table.targets').getByRole('link', { name: 'api:update' });
    await link.waitFor();
    expect(reads).toEqual([]);
    await link.click();
    await details(page).getByText('Logs are not available: start the gateway with --logs').waitFor();
    expect(await logBox(page).count()).toBe(0);
    expect(reads).toHaveLength(1);
    await takeScreenshot(page, 'log-unavailable');
    const log = createTestLog();
    log.append(...OUTPUT);
    setLog(ID, log);
    await expect.poll(() => lastLine(page)).toContain('expected 4');
    expect(await details(page).getByText('Logs are not available').count()).toBe(0);
  });

  it('a missing log has the reason of the source', async () => {
    const provider: SessionProvider = {
      name: 'shop',
      watch(push, signal) {
        push({ type: 'snapshot', sessions: [shop()] });
        push({
          type: 'availability',
          kind: 'logs',
          error: 'logs: 403 <b>Forbidden</b>: the token was rejected',
        });
        return new Promise((resolve) => signal.addEventListener('abort', () => resolve()));
      },
    };
    await using gateway = await startGateway({ providers: [provider] });
    await using visit = await visitDashboard(browser, gateway.origin, { search: DETAILS });
    await details(visit.page)
      .getByText('Logs are not available: 403 <b>Forbidden</b>: the token was rejected')
      .waitFor();
  });

  it('a Session of a bucket has its excerpt, and a line that names the place of its log', async () => {
    const excerpt = { ...FAILURE, lines: OUTPUT, omitted: 0, isFinal: true };
    const { provider } = createMemoryProvider('fleet', [shop([excerpt])]);
    await using gateway = await startGateway({ providers: [provider] });
    await using visit = await visitDashboard(browser, gateway.origin, { search: DETAILS });
    const { page } = visit;
    await details(page).getByText('only the gateway next to this Tilt can follow them').waitFor();
    const box = page.getByRole('region', { name: 'Last lines', exact: true });
    expect(await box.innerText()).toContain('FAIL adds numbers');
    await takeScreenshot(page, 'log-of-a-bucket');
  });

  it('only open details read the log', async () => {
    await using shopped = await startShop();
    await using visit = await visitDashboard(browser, shopped.gateway.origin, {
      search: '?session=shop%2FTiltfile',
    });
    const { page } = visit;
    await page.locator('table.targets').getByRole('link', { name: 'api:update' }).waitFor();
    expect(shopped.log.listeners).toBe(0);
    await page.locator('table.targets').getByRole('link', { name: 'api:update' }).click();
    await expect.poll(() => shopped.log.listeners).toBe(1);
    await expect.poll(() => lastLine(page)).toContain('expected 4');
    await page.getByRole('button', { name: 'Close details' }).click();
    await expect.poll(() => shopped.log.listeners).toBe(0);
    expect(visit.scriptErrors).toEqual([]);
  });

  it('all styles of a line have enough contrast in both themes', async () => {
    const codes = [
      '31',
      '32',
      '33',
      '34',
      '35',
      '36',
      '90',
      '2',
      '7',
      '41',
      '42',
      '43',
      '44',
      '45',
      '46',
      '1;3;4;9',
    ];
    await using shopped = await startShop({
      lines: codes.map((code) =>
        logLine(`plain \u001b[${code}mstyle ${code}\u001b[0m plain`, { level: 'warn' }),
      ),
    });
    await using visit = await visitDashboard(browser, shopped.gateway.origin, { search: DETAILS });
    const { page } = visit;
    await expect.poll(() => lastLine(page)).toContain('style 1;3;4;9');
    await details(page).getByRole('searchbox', { name: 'Search the log' }).fill('style 3');
    await details(page).getByText('6 matches').waitFor();
    await page.keyboard.press('Enter');
    await inspect(visit, 'log-styles');
  });
});
