import type { Page } from 'playwright-core';
import { bigSession, explainedSession, RESOURCE_COUNT, TARGET_COUNT } from '../../support/dashboard-load.js';
import { startMemoryGateway } from '../../support/gateway.js';
import { launchBrowser } from '../support/browser.js';
import { visitDashboard } from '../support/dashboard.js';

/** Measures the frame rate of the dashboard while a large Session changes. Prints a line for each case. */

const UPDATES_PER_SECOND = 20;
const SECONDS = 5;
const WARM_UP_SECONDS = 2;

const PLAIN = { create: bigSession, count: TARGET_COUNT, what: `${TARGET_COUNT} targets` };
const GROUPED = {
  create: explainedSession,
  count: 2 * RESOURCE_COUNT,
  what: `${RESOURCE_COUNT} resources with labels and blockers, grouped by label`,
};

const CASES = [
  { ...PLAIN, view: 'targets', changing: 1 },
  { ...PLAIN, view: 'targets', changing: 25 },
  { ...PLAIN, view: 'targets', changing: TARGET_COUNT },
  { ...PLAIN, view: 'timeline', changing: 25 },
  { ...GROUPED, view: 'targets&group=label', changing: 1 },
  { ...GROUPED, view: 'targets&group=label', changing: 25 },
] as const;

/** Cases to measure: those whose description contains this text. Default: all. */
const [, , selected = ''] = process.argv;

const browser = await launchBrowser();
for (const one of CASES) if (one.what.includes(selected)) await measure(one);
await browser.close();

async function measure({ create, count, what, view, changing }: (typeof CASES)[number]): Promise<void> {
  await using gateway = await startMemoryGateway([create(0, changing)]);
  await using visit = await visitDashboard(browser, gateway.origin, {
    search: `?session=big%2FTiltfile&view=${view}`,
  });
  await visit.page
    .locator('[data-nav]')
    .nth(count - 1)
    .waitFor({ state: 'attached' });
  let update = 0;
  const timer = setInterval(() => {
    update += 1;
    gateway.source.put(create(update, changing));
  }, 1_000 / UPDATES_PER_SECOND);
  await countFrames(visit.page, WARM_UP_SECONDS);
  const from = update;
  const busySeconds = await watchThread(visit.page);
  const before = await busySeconds();
  const { frames, longestMs } = await countFrames(visit.page, SECONDS);
  const busy = (await busySeconds()) - before;
  clearInterval(timer);
  console.log(
    `${view}, ${what}, ${changing} targets changed by each of ${((update - from) / SECONDS).toFixed(1)} updates/s:`,
    `${(frames / SECONDS).toFixed(1)} frames/s, longest ${longestMs.toFixed(0)} ms;`,
    `the page's thread used ${Math.round((100 * busy) / SECONDS)} % of a processor`,
  );
}

/** Counts the frames of the page, and measures the longest time between two of them. */
function countFrames(
  page: Page,
  seconds: number,
): Promise<{ readonly frames: number; readonly longestMs: number }> {
  // A string: the compiler would add helpers to a function that do not exist in the page.
  return page.evaluate(`new Promise((resolve) => {
    const start = performance.now();
    let [frames, longestMs, last] = [0, 0, start];
    const count = (now) => {
      frames += 1;
      longestMs = Math.max(longestMs, now - last);
      last = now;
      if (now - start < ${seconds * 1_000}) requestAnimationFrame(count);
      else resolve({ frames, longestMs });
    };
    requestAnimationFrame(count);
  })`);
}

/**
 * Returns a function that reads the processor time of the page's thread, in seconds. It does not depend on
 * the load of the machine.
 */
async function watchThread(page: Page): Promise<() => Promise<number>> {
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  return async () => {
    const { metrics } = await session.send('Performance.getMetrics');
    return metrics.find(({ name }) => name === 'TaskDuration')?.value ?? Number.NaN;
  };
}
