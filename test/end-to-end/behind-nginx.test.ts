import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMemoryProvider } from '../../src/providers/memory.js';
import { blockOf, readPage } from '../docs/pages.js';
import { useBrowserTimeouts } from '../support/browser-timeouts.js';
import { openDelayedProxy } from '../support/delayed-proxy.js';
import { startGateway } from '../support/gateway.js';
import { session } from '../support/sessions.js';
import { createTls } from '../support/tls.js';
import { type Nginx, startNginx } from './docs/nginx.js';
import { launchBrowser } from './support/browser.js';
import { runInGraphiql } from './support/graphiql.js';

useBrowserTimeouts();

const TOKEN = 'a-token-of-the-tests';
const LOGIN = { username: 'ada', password: 'of-the-proxy' };
/** Delay in each direction, so that an answer takes at least 300 ms. */
const DELAY_MS = 150;
const KEEP_PREFIX = 'proxy_pass http://tilt_graphql;';
const STRIP_PREFIX = 'proxy_pass http://tilt_graphql/;';

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser?.close());

/**
 * Starts nginx with the configuration of docs/deployment.md, TLS and basic authentication, in front of a
 * gateway with a slow connection.
 */
async function start(isPrefixKept: boolean) {
  const source = createMemoryProvider('shop', [session('shop', { 'api:serve': 'waiting' })]);
  const gateway = await startGateway({
    providers: [source.provider],
    token: TOKEN,
    pathPrefix: isPrefixKept ? '/tilt' : '',
    trustProxies: ['127.0.0.1'],
  });
  await gateway.gateway.ready();
  const link = await openDelayedProxy(gateway.origin, DELAY_MS);
  const lines = blockOf('docs/deployment.md', 'nginx');
  const { server } = await createTls();
  const nginx = await startNginx(
    isPrefixKept ? lines : lines.replace(KEEP_PREFIX, STRIP_PREFIX),
    link.origin,
    {
      tls: server,
      login: LOGIN,
    },
  );
  return {
    source,
    gateway,
    nginx,
    async [Symbol.asyncDispose]() {
      await nginx[Symbol.asyncDispose]();
      await link[Symbol.asyncDispose]();
      await gateway[Symbol.asyncDispose]();
    },
  };
}

/** Opens a page that knows nginx's login, and collects the errors of its scripts. */
async function openPage({ origin }: Nginx): Promise<{ page: Page; scriptErrors: string[] }> {
  const context = await browser.newContext({
    ignoreHTTPSErrors: true,
    httpCredentials: { ...LOGIN, origin },
  });
  const page = await context.newPage();
  const scriptErrors: string[] = [];
  page.on('pageerror', (error) => scriptErrors.push(String(error)));
  return { page, scriptErrors };
}

/** Waits for the sign-in form and submits the token. */
async function signIn(page: Page): Promise<void> {
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  await page.getByLabel('Token').fill(TOKEN);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

/** First event that an EventSource of the page receives. */
function firstEvent(page: Page): Promise<string> {
  return page.evaluate(
    () =>
      new Promise<string>((resolve, reject) => {
        const query = 'subscription { session { verdict { state } } }';
        const source = new EventSource(`graphql?query=${encodeURIComponent(query)}`);
        source.addEventListener('next', ({ data }) => {
          source.close();
          resolve(String(data));
        });
        source.addEventListener('error', () => reject(new Error(`state ${source.readyState}`)));
      }),
  );
}

describe.each([
  ['kept', true],
  ['stripped', false],
])(
  'behind nginx with TLS, basic authentication, 300 ms latency and a path prefix that is %s',
  (_, isPrefixKept) => {
    it('the dashboard signs in, shows changes, and asks for the token again after its cookie is deleted', async () => {
      await using setup = await start(isPrefixKept);
      const { page, scriptErrors } = await openPage(setup.nginx);
      await page.goto(`${setup.nginx.origin}/tilt/`);
      await signIn(page);
      await page.getByRole('link', { name: 'shop' }).waitFor();
      const [cookie, ...others] = await page.context().cookies();
      expect(others).toEqual([]);
      // The path limits the cookie to `/tilt` and below: other applications on the host do not receive the
      // token.
      expect(cookie).toMatchObject({ path: '/tilt', secure: true, httpOnly: true, sameSite: 'Lax' });
      expect(page.url()).toBe(`${setup.nginx.origin}/tilt/`);

      setup.source.put(session('shop', { 'api:serve': 'ready' }));
      await page.getByText('Passing').first().waitFor();
      expect(JSON.parse(await firstEvent(page))).toEqual({
        data: { session: { verdict: { state: 'PASSED' } } },
      });
      expect(scriptErrors).toEqual([]);

      await page.context().clearCookies();
      await page.reload();
      await signIn(page);
      await page.getByRole('link', { name: 'shop' }).waitFor();
      await page.context().close();
      await expect.poll(() => setup.gateway.gateway.readers).toBe(0);
    });

    it('GraphiQL signs in, runs a query and receives subscription payloads', async () => {
      await using setup = await start(isPrefixKept);
      const { page, scriptErrors } = await openPage(setup.nginx);
      await page.goto(`${setup.nginx.origin}/tilt/graphql`);
      await signIn(page);
      await page.locator('.graphiql-execute-button').waitFor();
      expect(page.url()).toBe(`${setup.nginx.origin}/tilt/graphql`);
      for (const [operation, expected] of [
        ['Verdict', '"PENDING"'],
        ['Changes', '"ADDED"'],
      ] as const) {
        await runInGraphiql(page, operation);
        await page.locator('.graphiql-response').getByText(expected).waitFor();
      }
      setup.source.put(session('shop', { 'api:serve': 'ready' }));
      await page.locator('.graphiql-response').getByText('"PASSED"').waitFor();
      expect(scriptErrors).toEqual([]);
      await page.context().close();
    });

    it('a link with a token opens the dashboard and removes the token from the address', async () => {
      await using setup = await start(isPrefixKept);
      const { page } = await openPage(setup.nginx);
      await page.goto(`${setup.nginx.origin}/tilt/?token=${TOKEN}`);
      await page.getByRole('link', { name: 'shop' }).waitFor();
      expect(page.url()).toBe(`${setup.nginx.origin}/tilt/`);
      await page.context().close();
    });
  },
);

describe('nginx with reused upstream connections', () => {
  // Node.js closes an idle connection after 5 s by default, with `keepAliveTimeoutBuffer` after 6 s.
  it.each([5_000, 6_000])(
    'answers no POST with 502 when a connection has been idle for %i ms',
    async (closedAfterMs) => {
      const source = createMemoryProvider('shop', [session('shop')]);
      await using gateway = await startGateway({ providers: [source.provider] });
      await using link = await openDelayedProxy(gateway.origin, DELAY_MS);
      const lines = blockOf('docs/deployment.md', 'nginx').replace(KEEP_PREFIX, STRIP_PREFIX);
      await using nginx = await startNginx(lines, link.origin);
      const post = async () => {
        const response = await fetch(`${nginx.origin}/tilt/graphql`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: '{"query":"{ __typename }"}',
        });
        await response.text();
        return response.status;
      };
      const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
      expect(new Set(await Promise.all(Array.from({ length: 16 }, post)))).toEqual(new Set([200]));
      // A request sent now would cross the close of the connection.
      await wait(closedAfterMs - 2 * DELAY_MS);
      const statuses: Promise<number>[] = [];
      for (let count = 0; count < 24; count += 1) {
        statuses.push(post());
        await wait(20);
      }
      expect(await Promise.all(statuses)).toEqual(Array.from({ length: 24 }, () => 200));
    },
  );
});

describe('docs/deployment.md', () => {
  it('contains the line with which these tests strip the prefix in nginx', () => {
    expect(readPage('docs/deployment.md').text).toContain(STRIP_PREFIX);
  });
});
