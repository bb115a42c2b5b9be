import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Session } from '../../../src/model/session.js';
import { useBrowserTimeouts } from '../../support/browser-timeouts.js';
import { startMemoryGateway } from '../../support/gateway.js';
import { explained, resourceFacts, waitingOn } from '../../support/resource-facts.js';
import { session, type TargetStates } from '../../support/sessions.js';
import { launchBrowser } from '../support/browser.js';
import { visitDashboard } from '../support/dashboard.js';
import { inspect } from '../support/inspect-page.js';

useBrowserTimeouts();

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser.close());

const SHOP = '?session=shop%2FTiltfile';
const STATES: TargetStates = {
  'api:serve': 'waiting',
  'api:update': 'waiting',
  'db:update': 'failed',
  'docs:serve': 'ready',
  'e2e:update': 'waiting',
  'lint:update': 'waiting',
  'web:serve': 'waiting',
};

/** A Session in which `e2e` waits for `web`, that for `api`, and that for `db`, which failed. */
function shop(states: TargetStates = STATES): Session {
  const links = [
    { url: 'http://localhost:8080/', name: 'page' },
    { url: 'javascript:alert(1)', name: 'script' },
    { url: 'postgres://localhost:5432', name: null },
  ];
  const { status, ...rest } = session('shop', states);
  // Tilt's reason for a target with changes that waits for a person.
  const targets = status.targets.map((target) =>
    target.name === 'lint:update'
      ? { ...target, state: { is: 'waiting', waitReason: 'unknown' } as const }
      : target,
  );
  return explained(
    { ...rest, status: { ...status, targets } },
    [
      resourceFacts('tiltfile', { kind: 'tiltfile', order: 0 }),
      resourceFacts('web', { order: 1, labels: ['frontend'], links, waitingOn: waitingOn('api') }),
      resourceFacts('api', { order: 2, labels: ['backend'], waitingOn: waitingOn('db') }),
      resourceFacts('db', { order: 3, labels: ['backend', 'data'] }),
      resourceFacts('e2e', { order: 4, waitingOn: waitingOn('web', 'api') }),
      resourceFacts('lint', {
        order: 5,
        triggerMode: 'manual-with-auto-init',
        hasPendingChanges: true,
      }),
      resourceFacts('docs', { order: 6, labels: ['frontend'] }),
    ],
    { webUrl: 'http://localhost:10350' },
  );
}

const onOneLine = (text: string) => text.replace(/\s+/g, ' ').trim();
const groups = (page: Page) => page.locator('table.targets tr.group').allInnerTexts();
const row = (page: Page, name: string) =>
  page.getByRole('row').filter({ has: page.getByRole('rowheader', { name, exact: true }) });

describe('waits in the dashboard', () => {
  it('a row names the blockers of its target, and a click on one selects it', async () => {
    await using gateway = await startMemoryGateway([shop()]);
    await using visit = await visitDashboard(browser, gateway.origin, { search: SHOP });
    const { page } = visit;
    await expect
      .poll(() => row(page, 'e2e:update').innerText())
      .toContain('waits for web, api · root cause db');
    expect(await row(page, 'api:serve').innerText()).toContain('waits for db');
    expect(await row(page, 'lint:update').innerText()).toMatch(
      /Needs trigger.*files changed; waits for a trigger/s,
    );
    await row(page, 'e2e:update').getByRole('link', { name: 'web' }).click();
    await page.getByRole('complementary', { name: 'web:serve' }).waitFor();
    expect(new URL(page.url()).search).toBe(`${SHOP}&target=web%3Aserve`);
  });

  it('the blockers at the top end with the state of the root cause', async () => {
    await using gateway = await startMemoryGateway([shop()]);
    await using visit = await visitDashboard(browser, gateway.origin, { search: SHOP });
    const item = visit.page.locator('.blockers li', { hasText: 'e2e:update' });
    await expect
      .poll(async () => onOneLine(await item.innerText()))
      .toBe('e2e:update waits for web, api · root cause db (failed: exit status 1)');
    await inspect(visit, 'blockers');
    await item.getByRole('link', { name: 'db' }).click();
    await visit.page.getByRole('complementary', { name: 'db:update' }).waitFor();
  });

  it('the details show the chain to the root cause, and follow it', async () => {
    await using gateway = await startMemoryGateway([shop()]);
    await using visit = await visitDashboard(browser, gateway.origin, {
      search: `${SHOP}&target=e2e%3Aupdate`,
    });
    const chain = visit.page.getByRole('region', { name: 'Why it waits' });
    await expect
      .poll(async () => (await chain.getByRole('listitem').allInnerTexts()).map(onOneLine))
      .toEqual(['e2e:update Waiting', 'api:serve Waiting', 'db:update Failed']);
    expect(await chain.innerText()).toContain('exit status 1');
    const details = visit.page.getByRole('complementary');
    expect(onOneLine(await details.innerText())).toContain('Blocked by web:serve, api:serve, api:update');
    await inspect(visit, 'chain');
    gateway.source.put(shop({ ...STATES, 'db:update': 'running' }));
    await expect.poll(() => chain.innerText()).toMatch(/db:update\s+Running\s+running/);
    gateway.source.put(shop({ ...STATES, 'e2e:update': 'running' }));
    await chain.waitFor({ state: 'detached' });
  });
});

describe('facts about resources in the dashboard', () => {
  it('only web addresses of endpoints are links; labels and the page of Tilt are links, too', async () => {
    await using gateway = await startMemoryGateway([shop()]);
    await using visit = await visitDashboard(browser, gateway.origin, {
      search: `${SHOP}&target=web%3Aserve`,
    });
    const details = visit.page.getByRole('complementary');
    const endpoint = details.getByRole('link', { name: 'page' });
    await endpoint.waitFor();
    expect(await endpoint.getAttribute('href')).toBe('http://localhost:8080/');
    expect(await endpoint.getAttribute('rel')).toBe('noopener noreferrer');
    expect(await details.getByText('script').count()).toBe(1);
    expect(await details.getByRole('link', { name: 'script' }).count()).toBe(0);
    expect(await details.getByText('postgres://localhost:5432').count()).toBe(1);
    const tilt = await details.getByRole('link', { name: 'Open in Tilt' }).getAttribute('href');
    expect(tilt).toBe('http://localhost:10350/r/web/overview');
    await inspect(visit, 'resource-facts');
    await details.getByRole('link', { name: 'frontend' }).click();
    await expect.poll(() => groups(visit.page)).toEqual(['web', 'docs']);
    expect(visit.scriptErrors).toEqual([]);
  });

  it('the error of the cluster is a banner, with the whole text on request', async () => {
    const error = `Cannot connect to the cluster:\n\tGet "https://${'x'.repeat(300)}": connection refused\nRestart Tilt.`;
    const broken = shop();
    const facts = explained(
      broken,
      [...(broken.facts?.resources ?? []), resourceFacts('cart', { kind: 'kubernetes' })],
      { cluster: { error } },
    );
    await using gateway = await startMemoryGateway([facts]);
    await using visit = await visitDashboard(browser, gateway.origin, { search: SHOP });
    const banner = visit.page.getByRole('alert');
    await expect
      .poll(() => banner.innerText())
      .toMatch(/cluster cannot be reached.*…x+": connection refused$/s);
    await inspect(visit, 'cluster');
    await banner.locator('summary').click();
    await expect.poll(() => banner.locator('pre').innerText()).toBe(error);
    gateway.source.put(shop());
    await banner.waitFor({ state: 'detached' });
  });
});

describe('labels in the dashboard', () => {
  it("targets are grouped by label in Tilt's order, and the choice is remembered and in the address", async () => {
    await using gateway = await startMemoryGateway([shop()]);
    await using visit = await visitDashboard(browser, gateway.origin, { search: SHOP });
    const { page } = visit;
    await expect.poll(() => groups(page)).toEqual(['tiltfile', 'web', 'api', 'db', 'e2e', 'lint', 'docs']);
    await page.getByRole('button', { name: 'Group by label' }).click();
    await expect
      .poll(() => page.locator('.label-heading').allInnerTexts())
      .toEqual(['backend', 'data', 'frontend', 'no label']);
    expect(await groups(page)).toEqual(['api', 'db', 'db', 'web', 'docs', 'tiltfile', 'e2e', 'lint']);
    expect(new URL(page.url()).search).toBe(`${SHOP}&group=label`);
    await inspect(visit, 'labels');
    await page.goto(`${gateway.origin}/${SHOP}`);
    await expect.poll(() => page.locator('.label-heading').count()).toBe(4);
    await page.getByRole('combobox', { name: 'Label' }).selectOption('frontend');
    await expect.poll(() => groups(page)).toEqual(['web', 'docs']);
    await page.goto(`${gateway.origin}/${SHOP}&label=*a*&group=resource`);
    await expect.poll(() => groups(page)).toEqual(['api', 'db']);
    expect(await page.getByRole('combobox', { name: 'Label' }).inputValue()).toBe('*a*');
  });

  it('the list shows failing Sessions first, in natural order, and filters by verdict and label', async () => {
    const team = (name: string, state: 'ready' | 'failed', label: string) =>
      explained(session(name, { 'api:serve': state }), [resourceFacts('api', { labels: [label] })]);
    await using gateway = await startMemoryGateway([
      team('team-1', 'ready', 'backend'),
      team('team-10', 'ready', 'back-office'),
      team('team-2', 'ready', 'frontend'),
      team('team-3', 'failed', 'frontend'),
    ]);
    await using visit = await visitDashboard(browser, gateway.origin);
    const { page } = visit;
    const names = () => page.locator('.card h2').allInnerTexts();
    await expect.poll(names).toEqual(['team-3', 'team-1', 'team-2', 'team-10']);
    await inspect(visit, 'list-order');
    await page.getByRole('button', { name: /^Passed/ }).click();
    await expect.poll(names).toEqual(['team-1', 'team-2', 'team-10']);
    expect(new URL(page.url()).search).toBe('?verdict=passed');
    await page.getByRole('searchbox', { name: 'Label' }).fill('back*');
    await page.keyboard.press('Enter');
    await expect.poll(names).toEqual(['team-1', 'team-10']);
    expect(new URL(page.url()).search).toBe('?label=back*&verdict=passed');
    gateway.source.put(team('team-2', 'ready', 'backend'));
    await expect.poll(names).toEqual(['team-1', 'team-2', 'team-10']);
    await page.getByRole('button', { name: 'Clear' }).click();
    await expect.poll(async () => (await names()).length).toBe(4);
    expect(visit.scriptErrors).toEqual([]);
  });
});
