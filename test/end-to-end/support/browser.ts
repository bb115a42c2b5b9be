import { execFileSync } from 'node:child_process';
import { type Browser, chromium } from 'playwright-core';

/** Starts the system's Chromium, without a window. */
export function launchBrowser(): Promise<Browser> {
  const executablePath = execFileSync('which', ['chromium'], { encoding: 'utf8' }).trim();
  return chromium.launch({
    executablePath,
    // Chromium's sandbox does not run as root, as tests in a container do; and what it looks up by itself is no page's.
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}
