import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeSession } from '../../../src/model/decode.js';
import { createMemoryProvider } from '../../../src/providers/memory.js';
import { useBrowserTimeouts } from '../../support/browser-timeouts.js';
import { runCli } from '../../support/cli.js';
import { startGateway, startMemoryGateway } from '../../support/gateway.js';
import { readLastObject } from '../../support/recording.js';
import { startReplay } from '../../support/replay.js';
import { startRestartableGateway } from '../../support/restartable-gateway.js';
import { session } from '../../support/sessions.js';
import { findViolations } from '../support/axe.js';
import { launchBrowser } from '../support/browser.js';
import { PHONE, takeScreenshot, visitDashboard } from '../support/dashboard.js';

useBrowserTimeouts();

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser.close());

const SHOP = '?session=shop%2FTiltfile';
const names = (page: Page) => page.locator('table.targets [data-nav]').allInnerTexts();
const verdict = (page: Page) => page.locator('.verdict').first().innerText();
const focused = (page: Page) => page.evaluate(() => document.activeElement?.textContent);

function shop() {
  return startMemoryGateway([
    session('shop', {
      'api:serve': 'ready',
      'api:update': 'succeeded',
      'db:serve': 'failed',
      'web:serve': 'waiting',
      'web:update': 'running',
    }),
  ]);
}

describe('the timeline of the dashboard', () => {
  it('the timeline shows start, end and duration of the jobs of a recorded `tilt ci`, and its critical path', async () => {
    await using replay = await startReplay('ci-ok');
    await replay.playTo(-1);
    const search = '?session=tilt-default%2FTiltfile&view=timeline';
    await using visit = await visitDashboard(browser, replay.origin, { search, now: replay.clock.now() });
    const { page } = visit;
    const bars = (name: string) =>
      page
        .locator('.lines tr', { hasText: name })
        .locator('.bar')
        .evaluateAll((found) => found.map((bar) => bar.getAttribute('title')));
    await page.getByText('Critical path').waitFor();
    expect(await bars('tiltfile:update')).toContain('ran 49 ms, succeeded; 11:43:57.861 to 11:43:57.910');
    expect(await bars('lint:update')).toContain('ran 1.26 s, succeeded; 11:43:57.932 to 11:43:59.187');
    expect(await bars('e2e:update')).toEqual([
      expect.stringMatching(/^waited 2\.30 s, .*to 11:44:00\.214$|^waited 2\.30 s; .* to 11:44:00\.214$/),
      'ran 2.26 s, succeeded; 11:44:00.214 to 11:44:02.474',
    ]);
    expect(await page.locator('.critical li').allInnerTexts()).toEqual([
      'tiltfile:update 49 ms',
      'lint:update 1.26 s',
      'db:serve 1.02 s',
      'e2e:update 2.26 s',
    ]);
    // Positions match the times: from the start of the Session (57.440) to its end (02.474) are 5.034 s.
    const [run] = await page.locator('.lines tr', { hasText: 'e2e:update' }).locator('.bar.is-running').all();
    const position = await run?.evaluate((bar) => {
      const track = bar.parentElement?.getBoundingClientRect() ?? new DOMRect();
      const { left, width } = bar.getBoundingClientRect();
      return { start: (left - track.left) / track.width, length: width / track.width };
    });
    expect(position?.start).toBeCloseTo((60.214976 - 57.440048) / 5.034083, 2);
    expect(position?.length).toBeCloseTo((62.474131 - 60.214976) / 5.034083, 2);
    await takeScreenshot(page, 'timeline-ci-ok');
  });
});

describe('the address of the dashboard', () => {
  it('the address contains the filter, and going back restores the previous one', async () => {
    await using gateway = await shop();
    await using visit = await visitDashboard(browser, gateway.origin, {
      search: `${SHOP}&phase=ready,failed`,
    });
    const { page } = visit;
    await expect.poll(() => names(page)).toEqual(['api:serve', 'db:serve']);
    await page.getByRole('button', { name: /^Failed/ }).click();
    await expect.poll(() => names(page)).toEqual(['api:serve']);
    expect(new URL(page.url()).search).toBe(`${SHOP}&phase=ready`);
    await page.getByRole('button', { name: 'Clear' }).click();
    await page.getByRole('combobox', { name: 'Resource' }).selectOption('web');
    await page.getByRole('searchbox').fill('update');
    await expect.poll(() => names(page)).toEqual(['web:update']);
    expect(new URL(page.url()).search).toBe(`${SHOP}&q=update&resource=web`);
    await page.reload();
    await expect.poll(() => names(page)).toEqual(['web:update']);
    expect(await page.getByRole('searchbox').inputValue()).toBe('update');
    await page.goBack();
    await expect.poll(() => names(page)).toEqual(['web:serve', 'web:update']);
    await page.goBack();
    await expect.poll(async () => (await names(page)).length).toBe(6);
    await page.getByRole('searchbox').fill('nothing like it');
    await page.getByText('No target matches').waitFor();
    await takeScreenshot(page, 'no-match');
    expect(visit.scriptErrors).toEqual([]);
  });

  it('links open a Session and a target, and going back closes them', async () => {
    await using gateway = await shop();
    await using visit = await visitDashboard(browser, gateway.origin);
    const { page } = visit;
    await page.getByRole('link', { name: 'shop' }).click();
    await page.locator('table.targets').getByRole('link', { name: 'db:serve' }).click();
    await page.getByRole('complementary', { name: 'db:serve' }).waitFor();
    expect(new URL(page.url()).search).toBe(`${SHOP}&target=db%3Aserve`);
    await page.goBack();
    await page.getByRole('complementary').waitFor({ state: 'detached' });
    await page.goBack();
    await page.getByRole('heading', { name: 'Sessions' }).waitFor();
  });
});

describe('the keyboard in the dashboard', () => {
  it('keys search, move the focus, open and close', async () => {
    await using gateway = await shop();
    await using visit = await visitDashboard(browser, gateway.origin);
    const { page } = visit;
    await page.locator('[data-nav]').waitFor();
    await page.keyboard.press('j');
    expect(await focused(page)).toBe('shop');
    await page.keyboard.press('Enter');
    await expect.poll(async () => (await names(page)).length).toBe(6);
    await page.keyboard.press('/');
    await page.keyboard.type('serve');
    await expect.poll(() => names(page)).toEqual(['api:serve', 'db:serve', 'web:serve']);
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('j');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('k');
    expect(await focused(page)).toBe('db:serve');
    await takeScreenshot(page, 'keyboard-focus');
    await page.keyboard.press('Enter');
    await expect.poll(() => page.evaluate(() => document.activeElement?.id)).toBe('details-title');
    await page.keyboard.press('Escape');
    await expect.poll(() => focused(page)).toBe('db:serve');
    expect(await page.getByRole('complementary').count()).toBe(0);
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Close details' }).click();
    await expect.poll(() => focused(page)).toBe('db:serve');
    await page.keyboard.press('/');
    await page.keyboard.press('Escape');
    await expect.poll(async () => (await names(page)).length).toBe(6);
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    await page.getByRole('heading', { name: 'Sessions' }).waitFor();
  });
});

describe('the dashboard in a screen reader', () => {
  it('a screen reader finds landmarks and tables, and hears changes of the verdict', async () => {
    await using gateway = await shop();
    await using visit = await visitDashboard(browser, gateway.origin, { search: SHOP });
    const { page } = visit;
    await page.getByRole('table', { name: 'Targets by resource' }).waitFor();
    for (const role of ['banner', 'main', 'search', 'contentinfo'] as const)
      expect(await page.getByRole(role).count()).toBe(1);
    const cells = page.getByRole('row', { name: /db:serve/ }).getByRole('cell');
    expect(await cells.allInnerTexts()).toEqual(['Failed', '2.25 s', '', 'exit status 1']);
    const announcement = page.locator('[aria-live]');
    await expect.poll(() => announcement.innerText()).toBe('shop: Failing. db:serve: exit status 1');
    gateway.source.put(session('shop', { 'api:serve': 'ready', 'db:serve': 'ready' }));
    await expect.poll(() => announcement.innerText()).toBe('shop: Passing');
  });
});

describe('tab, notifications and theme of the dashboard', () => {
  it('title and icon of the tab follow the verdict', async () => {
    await using gateway = await startMemoryGateway([session('shop', { 'api:serve': 'running' })]);
    await using visit = await visitDashboard(browser, gateway.origin, { search: SHOP });
    const { page } = visit;
    const icon = () => page.locator('link[rel=icon]').getAttribute('href');
    await expect.poll(() => page.title()).toBe('… Starting · shop · tilt-graphql');
    const before = await icon();
    gateway.source.put(session('shop', { 'api:serve': 'failed' }));
    await expect.poll(() => page.title()).toBe('✗ Failing · shop · tilt-graphql');
    expect(await icon()).not.toBe(before);
    gateway.source.put(session('shop', { 'api:serve': 'ready' }));
    await expect.poll(() => page.title()).toBe('✓ Passing · shop · tilt-graphql');
  });

  it('a desktop notification reports a failure and a recovery once notifications are enabled', async () => {
    await using gateway = await startMemoryGateway([session('shop', { 'api:serve': 'running' })]);
    await using visit = await visitDashboard(browser, gateway.origin, { permissions: ['notifications'] });
    const { page } = visit;
    await page.evaluate(() => {
      // A stand-in: tests cannot see the notifications of the browser.
      const shown: string[] = [];
      const FakeNotification = class extends EventTarget {
        static readonly permission = 'granted';
        constructor(title: string, options?: NotificationOptions) {
          super();
          shown.push(`${title}: ${options?.body}`);
        }
      };
      Object.assign(globalThis, { Notification: FakeNotification, shown });
    });
    const shown = () => page.evaluate(() => Reflect.get(globalThis, 'shown'));
    await page.locator('.card').waitFor();
    const button = page.getByRole('button', { name: /Notify|Notifications/ });
    gateway.source.put(session('shop', { 'api:serve': 'failed' }));
    await expect.poll(() => verdict(page)).toBe('Failing');
    expect(await shown()).toEqual([]);
    gateway.source.put(session('shop', { 'api:serve': 'ready' }));
    await expect.poll(() => verdict(page)).toBe('Passing');
    await button.click();
    await expect.poll(() => button.getAttribute('aria-pressed')).toBe('true');
    gateway.source.put(session('shop', { 'api:serve': 'failed' }));
    await expect.poll(shown).toEqual(['shop failed: api:serve: exit status 1']);
    gateway.source.put(session('shop', { 'api:serve': 'ready' }));
    await expect.poll(shown).toEqual(['shop failed: api:serve: exit status 1', 'shop recovered: ']);
  });

  it('the selected theme is stored and overrides the system', async () => {
    await using gateway = await shop();
    await using visit = await visitDashboard(browser, gateway.origin, { colorScheme: 'light' });
    const { page } = visit;
    const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await background();
    await page.getByRole('button', { name: /Theme/ }).click();
    await expect.poll(background).not.toBe(light);
    const dark = await background();
    await page.reload();
    expect(await background()).toBe(dark);
  });
});

describe('the dashboard without its gateway', () => {
  it('a lost gateway is reported and nothing stays green until the page reconnects by itself', async () => {
    const source = createMemoryProvider('shop', [session('shop', { 'api:serve': 'ready' })]);
    await using gateway = await startRestartableGateway({ providers: [source.provider] });
    await using visit = await visitDashboard(browser, gateway.origin, { search: SHOP });
    const { page } = visit;
    await expect.poll(() => verdict(page)).toBe('Passing');

    const killed = performance.now();
    await gateway.kill();
    await expect.poll(() => verdict(page)).toBe('Last known: passing');
    await page
      .getByRole('alert')
      .getByText(/No updates from the gateway since/)
      .waitFor();
    const lostMs = performance.now() - killed;
    expect(await page.title()).toBe('? Last known: passing · shop · tilt-graphql');
    expect(await page.locator('main.is-stale').count()).toBe(1);
    expect(await findViolations(page)).toEqual([]);
    await takeScreenshot(page, 'lost');

    source.put(session('shop', { 'api:serve': 'failed' }));
    const back = performance.now();
    await gateway.start();
    await expect.poll(() => verdict(page)).toBe('Failing');
    const backMs = performance.now() - back;
    await expect.poll(() => page.getByRole('alert').count()).toBe(0);
    console.log(`Lost is shown after ${Math.round(lostMs)} ms, back after ${Math.round(backMs)} ms.`);
  });
});

describe('signing in to the dashboard', () => {
  it('the page requests the token and stores it in a cookie that scripts cannot read', async () => {
    const source = createMemoryProvider('shop', [session('shop', { 'api:serve': 'ready' })]);
    await using gateway = await startGateway({ token: 'a-token-of-the-tests', providers: [source.provider] });
    await using visit = await visitDashboard(browser, gateway.origin, { search: SHOP });
    const { page } = visit;
    const field = page.getByLabel('Token');
    await field.waitFor();
    expect(await findViolations(page)).toEqual([]);
    await takeScreenshot(page, 'signed-out');
    expect(await page.locator('body').innerText()).not.toContain('shop');
    await field.fill('wrong');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('The token is invalid.').waitFor();
    await takeScreenshot(page, 'signed-out-wrong');
    await field.fill('a-token-of-the-tests');
    await field.press('Enter');
    await expect.poll(() => verdict(page)).toBe('Passing');
    expect(new URL(page.url()).search).toBe(SHOP);
    expect(await page.evaluate(() => document.cookie)).toBe('');
  });

  it('the token in the printed link signs in', async () => {
    const source = createMemoryProvider('shop', [session('shop', { 'api:serve': 'ready' })]);
    await using gateway = await startGateway({ token: 'a-token-of-the-tests', providers: [source.provider] });
    await using visit = await visitDashboard(browser, gateway.origin, {
      search: '?token=a-token-of-the-tests',
    });
    await visit.page.getByRole('link', { name: 'shop' }).waitFor();
    expect(new URL(visit.page.url()).search).toBe('');
  });
});

describe('the dashboard in any environment', () => {
  it('the dashboard works below a path prefix and requests nothing from other hosts', async () => {
    const source = createMemoryProvider('shop', [decodeSession(readLastObject('up'), 'shop')]);
    await using gateway = await startGateway({ pathPrefix: '/tilt/one', providers: [source.provider] });
    await using visit = await visitDashboard(browser, `${gateway.origin}/tilt/one`);
    const { page, hosts } = visit;
    await page.getByRole('link', { name: 'shop' }).click();
    await expect.poll(async () => (await names(page)).length).toBeGreaterThan(5);
    await page.getByRole('link', { name: 'Timeline' }).click();
    await page.reload();
    await page.locator('.lines').waitFor();
    expect([...hosts]).toEqual([new URL(gateway.origin).host]);
    expect(visit.scriptErrors).toEqual([]);
  });

  it('no view of the dashboard overflows on a phone', async () => {
    await using gateway = await shop();
    await using visit = await visitDashboard(browser, gateway.origin, { viewport: PHONE, hasTouch: true });
    const { page } = visit;
    const width = () => page.evaluate(() => document.documentElement.scrollWidth);
    await page.getByRole('link', { name: 'shop' }).tap();
    await page.locator('table.targets').waitFor();
    expect(await width()).toBe(PHONE.width);
    await page.locator('table.targets').getByRole('link', { name: 'db:serve' }).tap();
    await page.getByRole('complementary').waitFor();
    expect(await width()).toBe(PHONE.width);
    await page.getByRole('button', { name: 'Close details' }).tap();
    await page.getByRole('link', { name: 'Timeline' }).tap();
    await page.locator('.lines').waitFor();
    expect(await width()).toBe(PHONE.width);
  });

  it.each([
    [[], 200],
    [['--no-dashboard'], 302],
  ])('the command serves the dashboard unless disabled, with options %j', async (options, status) => {
    await using command = runCli(['--port', '0', '--source', 'demo', ...options]);
    const [, origin = ''] = await command.until(/listens on (http:\S+)\/graphql/);
    expect((await fetch(origin, { redirect: 'manual' })).status).toBe(status);
  });
});
