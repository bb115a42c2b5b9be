import { expect } from 'vitest';
import { findViolations } from './axe.js';
import { DESKTOP, PHONE, takeScreenshot, type Visit } from './dashboard.js';

/** Checks the page with axe in light and dark, and for overflow on a phone. */
export async function inspect({ page, scriptErrors }: Visit, name: string): Promise<void> {
  expect(await findViolations(page)).toEqual([]);
  await takeScreenshot(page, `${name}-light`);
  await page.emulateMedia({ colorScheme: 'dark' });
  // Only the colors differ.
  expect(await findViolations(page, ['color-contrast'])).toEqual([]);
  await takeScreenshot(page, `${name}-dark`);
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize(PHONE);
  await takeScreenshot(page, `${name}-phone`);
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(PHONE.width);
  await page.setViewportSize(DESKTOP);
  expect(scriptErrors).toEqual([]);
}
