import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { createDemoProvider } from '../../../src/providers/demo/demo.js';
import { BIN } from '../../support/cli.js';
import { startGateway, type TestGateway } from '../../support/gateway.js';
import { createManualClock } from '../../support/manual-clock.js';
import { launchBrowser } from '../support/browser.js';
import { terminalPage } from './terminal-page.js';

// Creates the pictures of the README from the demo: `npm run pictures`. The demo is deterministic. Its clock
// is advanced by hand and stands still while a picture is taken.

const FOLDER = fileURLToPath(new URL('../../../docs/pictures/', import.meta.url));

/** Start of the demo before now, in milliseconds: about the time until the first picture. */
const BEFORE_MS = 2_000;

/** Step of the demo's clock, in milliseconds. */
const STEP_MS = 50;

const clock = createManualClock(Date.now() - BEFORE_MS);
const [demo, chromium] = await Promise.all([startDemo(), launchBrowser()]);
try {
  await until(demo, 'a retrying target', ({ retrying }) => retrying > 0);
  await photographTerminal(demo, chromium);
  await photographBoard(demo, chromium, 'board', '&target=assets%3Aupdate', 600);
  await until(demo, 'the end of a failed run', (_, isFailed) => isFailed);
  await photographBoard(demo, chromium, 'timeline', '&view=timeline');
} finally {
  await chromium.close();
  await demo[Symbol.asyncDispose]();
}

interface Counts {
  readonly retrying: number;
}

async function startDemo(): Promise<TestGateway> {
  const started = await startGateway({ providers: [createDemoProvider({ seed: 7, clock })], clock });
  await Promise.all([started.gateway.ready(), clock.advance(0)]);
  return started;
}

async function until(
  { query }: TestGateway,
  what: string,
  isReached: (counts: Counts, isFailed: boolean) => boolean,
): Promise<void> {
  console.log(`waiting for ${what} …`);
  for (;;) {
    const { data } = await query<{
      session: { counts: Counts; verdict: { state: string; final: boolean } };
    }>('{ session { counts { retrying } verdict { state final } } }');
    const { counts, verdict } = data.session;
    if (isReached(counts, verdict.final && verdict.state === 'FAILED')) return;
    await clock.advance(STEP_MS);
  }
}

async function photographBoard(
  { origin }: TestGateway,
  browser: Browser,
  name: string,
  rest: string,
  height = 720,
): Promise<void> {
  const page = await browser.newPage({ viewport: { width: 1_100, height }, colorScheme: 'dark' });
  await page.goto(`${origin}/?session=demo%2FTiltfile${rest}`);
  await page.getByText('tiltfile:update').first().waitFor();
  if (rest.includes('target=')) await page.getByRole('log').getByText('Build Failed').waitFor();
  // Without the mark of the focus.
  await page.evaluate('document.activeElement?.blur()');
  await page.screenshot({ path: `${FOLDER}${name}.png` });
  await page.close();
}

async function photographTerminal({ url }: TestGateway, browser: Browser): Promise<void> {
  const socket = join(tmpdir(), `tilt-graphql-pictures-${process.pid}`);
  const tmux = (...args: readonly string[]) =>
    execFileSync('tmux', ['-S', socket, '-f', '/dev/null', ...args], { encoding: 'utf8' });
  tmux('new-session', '-d', '-x', '96', '-y', '20', process.execPath, BIN, 'watch', '--url', url);
  try {
    while (!tmux('capture-pane', '-p').includes('tiltfile:update')) await delay(50);
    const page = await browser.newPage({ viewport: { width: 900, height: 500 } });
    await page.setContent(terminalPage(tmux('capture-pane', '-p', '-e')));
    await page.locator('pre').screenshot({ path: `${FOLDER}watch.png` });
    await page.close();
  } finally {
    tmux('kill-server');
    rmSync(socket, { force: true });
  }
}
