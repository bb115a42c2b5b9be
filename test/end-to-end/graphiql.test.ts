import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exampleTabs } from '../../src/server/graphiql.js';
import { startMemoryGateway, type TestGateway } from '../support/gateway.js';
import { session } from '../support/sessions.js';
import { launchBrowser } from './support/browser.js';
import { runInGraphiql } from './support/graphiql.js';

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser.close());

/** Opens GraphiQL and records the hosts that it sends requests to. */
async function visit(gateway: TestGateway): Promise<{ page: Page; hosts: Set<string> }> {
  const page = await browser.newPage();
  const hosts = new Set<string>();
  page.on('request', (request) => {
    const { protocol, host } = new URL(request.url());
    if (protocol !== 'blob:' && protocol !== 'data:') hosts.add(host);
  });
  page.on('websocket', (socket) => hosts.add(new URL(socket.url()).host));
  await page.goto(gateway.url);
  await page.locator('.graphiql-execute-button').waitFor();
  return { page, hosts };
}

const response = (page: Page) => page.locator('.graphiql-response');

describe('GraphiQL in Chromium', () => {
  it('runs a query and a live subscription, and sends no request to another host', async () => {
    await using gateway = await startMemoryGateway([session('shop', { 'api:serve': 'waiting' })]);
    const { page, hosts } = await visit(gateway);

    await runInGraphiql(page, 'Verdict');
    await response(page).getByText('"PENDING"').waitFor();

    await runInGraphiql(page, 'Changes');
    await response(page).getByText('"ADDED"').waitFor();
    gateway.source.put(session('shop', { 'api:serve': 'ready' }));
    await response(page).getByText('"PASSED"').waitFor();
    expect(gateway.gateway.readers).toBe(1);
    await page.locator('.graphiql-execute-button').click();
    await expect.poll(() => gateway.gateway.readers).toBe(0);

    expect([...hosts]).toEqual([new URL(gateway.url).host]);
    await page.close();
  });

  it('opens a tab for each example, and each example is valid', async () => {
    await using gateway = await startMemoryGateway([session('shop')]);
    const { page } = await visit(gateway);
    expect(await page.getByRole('tab').count()).toBe(exampleTabs.length);
    for (const { query } of exampleTabs.filter((tab) => !tab.query.includes('subscription'))) {
      expect(await gateway.query(query)).not.toHaveProperty('errors');
    }
    await page.close();
  });
});
