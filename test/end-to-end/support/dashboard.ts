import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';

/** How the dashboard is opened. */
export interface VisitOptions extends BrowserContextOptions {
  /** The query of its address, such as `?session=…`. */
  readonly search?: string;
  /** What the page takes for now, in milliseconds since 1970. Default: the time. */
  readonly now?: number;
}

/** A page at the dashboard. Ends with its block. */
export interface Visit extends AsyncDisposable {
  readonly page: Page;
  /** The hosts that it has asked for anything. */
  readonly hosts: ReadonlySet<string>;
  /** What it complained of. */
  readonly complaints: readonly string[];
}

/** Opens the dashboard of a gateway, by the address of its root, as a browser in UTC. */
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
  const complaints: string[] = [];
  page.on('request', (request) => {
    const { protocol, host } = new URL(request.url());
    if (protocol !== 'data:') hosts.add(host);
  });
  page.on('websocket', (socket) => hosts.add(new URL(socket.url()).host));
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  if (now !== undefined) await page.clock.setFixedTime(now);
  await page.goto(`${root}/${search}`);
  return { page, hosts, complaints, [Symbol.asyncDispose]: () => context.close() };
}

/** A screen as it stands on a desk. */
export const DESKTOP = { width: 1280, height: 860 };

/** A small phone's. */
export const PHONE = { width: 360, height: 740 };

/** Keeps a picture of the page, in the folder that TILT_GRAPHQL_SCREENSHOTS names; without it nothing is kept. */
export async function keepPicture(page: Page, name: string): Promise<void> {
  const folder = process.env.TILT_GRAPHQL_SCREENSHOTS;
  if (!folder) return;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`) });
}
