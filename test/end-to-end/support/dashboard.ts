import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';

/** Address and browser settings of a visit. */
export interface VisitOptions extends BrowserContextOptions {
  /** Query of the address, such as `?session=…`. */
  readonly search?: string;
  /** Fixed time of the page in milliseconds since 1970. Default: the current time. */
  readonly now?: number;
}

/** An open dashboard page. Closed at the end of its block. */
export interface Visit extends AsyncDisposable {
  readonly page: Page;
  /** Hosts that received requests. */
  readonly hosts: ReadonlySet<string>;
  /** Errors and warnings of its scripts. */
  readonly scriptErrors: readonly string[];
}

/** Opens the dashboard at the gateway's root address, in a browser with the time zone UTC. */
export async function visitDashboard(
  browser: Browser,
  root: string,
  { search = '', now, ...options }: VisitOptions = {},
): Promise<Visit> {
  const context = await browser.newContext({
    timezoneId: 'UTC',
    locale: 'en-GB',
    viewport: DESKTOP,
    ...options,
  });
  const page = await context.newPage();
  const hosts = new Set<string>();
  const scriptErrors: string[] = [];
  page.on('request', (request) => {
    const { protocol, host } = new URL(request.url());
    if (protocol !== 'data:') hosts.add(host);
  });
  page.on('websocket', (socket) => hosts.add(new URL(socket.url()).host));
  page.on('pageerror', (error) => scriptErrors.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') scriptErrors.push(message.text());
  });
  if (now !== undefined) await page.clock.setFixedTime(now);
  await page.goto(`${root}/${search}`);
  return { page, hosts, scriptErrors, [Symbol.asyncDispose]: () => context.close() };
}

/** Size of a desktop screen. */
export const DESKTOP = { width: 1280, height: 860 };

/** Size of a small phone. */
export const PHONE = { width: 360, height: 740 };

/** Saves a screenshot in the folder TILT_GRAPHQL_SCREENSHOTS. Does nothing if the variable is not set. */
export async function takeScreenshot(page: Page, name: string): Promise<void> {
  const folder = process.env.TILT_GRAPHQL_SCREENSHOTS;
  if (!folder) return;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`) });
}
