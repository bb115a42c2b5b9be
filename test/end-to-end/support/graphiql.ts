import type { Page } from 'playwright-core';
import { expect } from 'vitest';

/** Opens the GraphiQL tab with an operation and runs it. */
export async function runInGraphiql(page: Page, operation: string): Promise<void> {
  // The tabs are animated, so a click by coordinates could hit another one.
  await page.locator('.graphiql-tab-button', { hasText: operation }).dispatchEvent('click');
  await page.locator('.graphiql-tab-active', { hasText: operation }).waitFor();
  // GraphiQL reads the operation name and stores the document some time after the tab is active. Before, it
  // would run the operation of the previous tab ("Cannot infer operation").
  await expect
    .poll(() => page.evaluate('localStorage.getItem("graphiql:query")'), { timeout: 25_000 })
    .toContain(operation);
  await page.locator('.graphiql-execute-button').click();
}
