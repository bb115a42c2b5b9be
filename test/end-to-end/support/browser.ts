import { execFileSync } from 'node:child_process';
import { type Browser, chromium } from 'playwright-core';

/** Launches the system's Chromium in headless mode. */
export function launchBrowser(): Promise<Browser> {
  const executablePath = execFileSync('which', ['chromium'], { encoding: 'utf8' }).trim();
  return chromium.launch({
    executablePath,
    // Chromium's sandbox does not run as root, which containers use. Its background requests would count as
    // the page's.
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}
