import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMemoryProvider } from '../../../src/providers/memory.js';
import { useBrowserTimeouts } from '../../support/browser-timeouts.js';
import { bigSession, TARGET_COUNT } from '../../support/dashboard-load.js';
import { startGateway } from '../../support/gateway.js';
import { createManualClock } from '../../support/manual-clock.js';
import { launchBrowser } from '../support/browser.js';
import { visitDashboard } from '../support/dashboard.js';

useBrowserTimeouts();

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser.close());

/** Just after the newest time in the Session. */
const NOW = Date.parse('2026-11-22T11:00:03Z');

/** Starts to record changed rows. It marks all rows: a row that is replaced loses its mark. */
function watchRows(page: Page): Promise<void> {
  return page.evaluate(() => {
    const table = document.querySelector('table');
    const touched = new Set<string>();
    for (const row of table?.querySelectorAll('tr') ?? []) row.setAttribute('data-marked', '');
    const observer = new MutationObserver((records) => {
      for (const { target } of records) {
        const row = (target instanceof Element ? target : target.parentElement)?.closest('tr');
        // A row may move as a whole, as in the timeline when its target starts to run.
        if (row) touched.add(row.querySelector('[data-nav]')?.getAttribute('data-nav') ?? 'the head');
      }
    });
    if (table)
      observer.observe(table, { subtree: true, childList: true, characterData: true, attributes: true });
    Object.assign(globalThis, { touched });
  });
}

const touched = (page: Page): Promise<string[]> =>
  page.evaluate(() => [...Reflect.get(globalThis, 'touched')]);
const unmarked = (page: Page) => page.locator('tr:not([data-marked])').count();

describe.each(['targets', 'timeline'])('500 targets in the view %s', (view) => {
  it('only the rows of changed targets render again', async () => {
    const source = createMemoryProvider('big', [bigSession(0, 3)]);
    await using gateway = await startGateway({ providers: [source.provider], clock: createManualClock(NOW) });
    const search = `?session=big%2FTiltfile&view=${view}`;
    // A stopped clock, so that nothing changes by itself.
    await using visit = await visitDashboard(browser, gateway.origin, { search, now: NOW });
    const { page } = visit;
    await page
      .locator('[data-nav]')
      .nth(TARGET_COUNT - 1)
      .waitFor({ state: 'attached' });
    await watchRows(page);
    source.put(bigSession(2, 3));
    const changed = ['000:serve', '000:update', '001:serve', '001:update', '002:serve', '002:update'];
    await expect
      .poll(async () => (await touched(page)).sort())
      .toEqual(changed.map((name) => `resource-${name}`));
    expect(await unmarked(page)).toBe(0);
  });
});

describe('a row outside the viewport', () => {
  it('a row outside the viewport is updated with the clock', async () => {
    const source = createMemoryProvider('big', [bigSession(0, TARGET_COUNT)]);
    await using gateway = await startGateway({ providers: [source.provider] });
    await using visit = await visitDashboard(browser, gateway.origin, { search: '?session=big%2FTiltfile' });
    const last = visit.page.locator('tr', { has: visit.page.locator('[data-nav]') }).nth(TARGET_COUNT - 1);
    await last.waitFor({ state: 'attached' });
    expect(await last.textContent()).toContain('Failed');
    source.put(bigSession(1, TARGET_COUNT));
    await expect.poll(() => last.textContent()).toContain('Waiting');
    expect(await visit.page.evaluate('scrollY')).toBe(0);
  });
});
