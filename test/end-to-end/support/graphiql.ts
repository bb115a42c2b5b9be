import type { Page } from 'playwright-core';
import { expect } from 'vitest';

/** Opens the tab of GraphiQL that holds an operation, and runs it. */
export async function runInGraphiql(page: Page, operation: string): Promise<void> {
  // The tabs fly in, so that a click by coordinates may hit another.
  await page.locator('.graphiql-tab-button', { hasText: operation }).dispatchEvent('click');
  await page.locator('.graphiql-tab-active', { hasText: operation }).waitFor();
  // GraphiQL reads the operation's name, and stores the document, some time after the tab is active: until then it would run
  // the operation of the tab before ("Cannot infer operation").
  await expect
    .poll(() => page.evaluate('localStorage.getItem("graphiql:query")'), { timeout: 25_000 })
    .toContain(operation);
  await page.locator('.graphiql-execute-button').click();
}
