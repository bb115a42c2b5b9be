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
/** Each way, so that an answer takes 300 ms at least. */
const DELAY_MS = 150;
const KEPT = 'proxy_pass http://tilt_graphql;';
const STRIPPED = 'proxy_pass http://tilt_graphql/;';

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser?.close());

/** nginx as the page says, with TLS and a login of its own, and a slow link between it and a gateway. */
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
  const nginx = await startNginx(isPrefixKept ? lines : lines.replace(KEPT, STRIPPED), link.origin, {
    tls: server,
    login: LOGIN,
  });
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

/** A page of a browser that knows nginx's login, and what its scripts complained of. */
async function openPage({ origin }: Nginx): Promise<{ page: Page; complaints: string[] }> {
  const context = await browser.newContext({
    ignoreHTTPSErrors: true,
    httpCredentials: { ...LOGIN, origin },
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  return { page, complaints };
}

/** Waits for the sign-in form of whatever page is open, and sends the token. */
async function signIn(page: Page): Promise<void> {
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  await page.getByLabel('Token').fill(TOKEN);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

/** What an EventSource of the page gets first. */
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
  'behind nginx with TLS, a login of its own, a link of 300 ms and a prefix that is %s',
  (_, isPrefixKept) => {
    it('the dashboard signs in, follows changes and asks again when the cookie is lost', async () => {
      await using setup = await start(isPrefixKept);
      const { page, complaints } = await openPage(setup.nginx);
      await page.goto(`${setup.nginx.origin}/tilt/`);
      await signIn(page);
      await page.getByRole('link', { name: 'shop' }).waitFor();
      const [cookie, ...others] = await page.context().cookies();
      expect(others).toEqual([]);
      // `/tilt` and what is below it: other applications of the host get no token.
      expect(cookie).toMatchObject({ path: '/tilt', secure: true, httpOnly: true, sameSite: 'Lax' });
      expect(page.url()).toBe(`${setup.nginx.origin}/tilt/`);

      setup.source.put(session('shop', { 'api:serve': 'ready' }));
      await page.getByText('Passing').first().waitFor();
      expect(JSON.parse(await firstEvent(page))).toEqual({
        data: { session: { verdict: { state: 'PASSED' } } },
      });
      expect(complaints).toEqual([]);

      await page.context().clearCookies();
      await page.reload();
      await signIn(page);
      await page.getByRole('link', { name: 'shop' }).waitFor();
      await page.context().close();
      await expect.poll(() => setup.gateway.gateway.readers).toBe(0);
    });

    it('GraphiQL signs in, runs a query and follows a subscription', async () => {
      await using setup = await start(isPrefixKept);
      const { page, complaints } = await openPage(setup.nginx);
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
      expect(complaints).toEqual([]);
      await page.context().close();
    });

    it('a link with a token opens the page without it', async () => {
      await using setup = await start(isPrefixKept);
      const { page } = await openPage(setup.nginx);
      await page.goto(`${setup.nginx.origin}/tilt/?token=${TOKEN}`);
      await page.getByRole('link', { name: 'shop' }).waitFor();
      expect(page.url()).toBe(`${setup.nginx.origin}/tilt/`);
      await page.context().close();
    });
  },
);

describe('nginx that uses idle connections again', () => {
  // Node.js by itself closes after 5 s; in versions with `keepAliveTimeoutBuffer` after 6 s.
  it.each([5_000, 6_000])(
    'meets no closing one after %i ms: no POST is answered with 502',
    async (closedAfterMs) => {
      const source = createMemoryProvider('shop', [session('shop')]);
      await using gateway = await startGateway({ providers: [source.provider] });
      await using link = await openDelayedProxy(gateway.origin, DELAY_MS);
      const lines = blockOf('docs/deployment.md', 'nginx').replace(KEPT, STRIPPED);
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
      // A request that leaves now meets the close on its way.
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
  it('says how nginx strips a prefix as these tests do it', () => {
    expect(readPage('docs/deployment.md').text).toContain(STRIPPED);
  });
});
