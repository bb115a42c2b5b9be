import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GatewayOptions } from '../../src/gateway.js';
import { createMemoryProvider } from '../../src/providers/memory.js';
import { DEFAULT_LEEWAY_MS } from '../../src/server/access/access.js';
import { useBrowserTimeouts } from '../support/browser-timeouts.js';
import { startGateway } from '../support/gateway.js';
import { startIdentityProvider } from '../support/identity-provider.js';
import { createManualClock } from '../support/manual-clock.js';
import { session } from '../support/sessions.js';
import { findViolations } from './support/axe.js';
import { launchBrowser } from './support/browser.js';
import { runInGraphiql } from './support/graphiql.js';

useBrowserTimeouts();

const TOKEN = 'a-token-of-the-tests';
/**
 * Validity of a token of {@link startWithProvider}, including the leeway. It is shorter than the heartbeat
 * interval.
 */
const VALID_MS = 6_000;

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser?.close());

async function start(options: GatewayOptions) {
  const source = createMemoryProvider('shop', [session('shop', { 'api:serve': 'ready' })]);
  const gateway = await startGateway({ providers: [source.provider], ...options });
  await gateway.gateway.ready();
  return { gateway, source };
}

/** A gateway whose tokens expire when its clock is advanced. */
async function startWithProvider() {
  const clock = createManualClock(Date.now());
  const provider = await startIdentityProvider();
  const { gateway, source } = await start({ clock, jwt: { jwks: provider.jwks } });
  return {
    gateway,
    source,
    clock,
    sign: () =>
      provider.sign({
        tilt_instances: '*',
        exp: Math.floor((clock.now() + VALID_MS - DEFAULT_LEEWAY_MS) / 1_000),
      }),
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]();
      await provider[Symbol.asyncDispose]();
    },
  };
}

describe('the dashboard', () => {
  it('asks for a token when its own expires, shows the reason, and continues with the next token', async () => {
    await using setup = await startWithProvider();
    const page = await browser.newPage();
    await page.goto(`${setup.gateway.origin}/?token=${await setup.sign()}`);
    await page.getByRole('link', { name: 'shop' }).waitFor();
    await setup.clock.advance(VALID_MS);
    await page.getByText('You were signed out.').waitFor();
    await page.getByText('The token expired at').waitFor();
    expect(await findViolations(page)).toEqual([]);
    await page.getByLabel('Token').fill(await setup.sign());
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('link', { name: 'shop' }).waitFor();
    await page.close();
  });

  it.each([
    ['stale', 'stale'],
    ['empty', ''],
    ['quoteWords', '"stale"'],
  ])('asks for a token when its cookie is %s', async (_, value) => {
    const { gateway } = await start({ token: TOKEN });
    await using _gateway = gateway;
    const { port } = new URL(gateway.origin);
    const page = await browser.newPage();
    await page.context().addCookies([{ name: `tilt-graphql-${port}`, value, url: gateway.origin }]);
    await page.goto(gateway.origin);
    await page.getByLabel('Token').fill(TOKEN);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('link', { name: 'shop' }).waitFor();
    await page.context().close();
  });

  it('shows why the gateway rejected its WebSocket, which browsers do not expose', async () => {
    const { gateway } = await start({
      allowHosts: ['board.example.com'],
      trustProxies: ['127.0.0.1'],
    });
    await using _gateway = gateway;
    const page = await browser.newPage();
    // A proxy that forwards another host name than the one in the page's address.
    await page.setExtraHTTPHeaders({ 'x-forwarded-host': 'board.example.com' });
    await page.goto(gateway.origin);
    await page.getByRole('alert').getByText('is not allowed').waitFor();
    await page.close();
  });
});

describe('an EventSource', () => {
  it('resumes (S4) with the cookie that is current when its token expires', async () => {
    await using setup = await startWithProvider();
    const page = await browser.newPage();
    await page.goto(`${setup.gateway.origin}/?token=${await setup.sign()}`);
    await page.getByRole('link', { name: 'shop' }).waitFor();
    const received = page.evaluate(
      () =>
        new Promise<string[]>((resolve) => {
          const query = 'subscription { targetChanges { reset changes { target { phase } } } }';
          const source = new EventSource(`graphql?query=${encodeURIComponent(query)}`);
          const all: string[] = [];
          source.addEventListener('next', ({ data }) => {
            all.push(String(data));
            if (all.length === 2) resolve(all);
          });
        }),
    );
    await expect.poll(() => setup.gateway.gateway.readers).toBe(2);
    await setup.clock.advance(VALID_MS / 2);
    // The user signs in again in another tab.
    const next = await setup.sign();
    const status = await page.evaluate(async (token) => {
      const body = new URLSearchParams({ token });
      return (await fetch('sign-in', { method: 'POST', body, redirect: 'manual' })).type;
    }, next);
    expect(status).toBe('opaqueredirect');
    await setup.clock.advance(VALID_MS / 2);
    setup.source.put(session('shop', { 'api:serve': 'failed' }));
    const [first, second] = (await received).map((data) => JSON.parse(data).data.targetChanges);
    expect(first.reset).toBe(true);
    expect(second).toEqual({ reset: false, changes: [{ target: { phase: 'FAILED' } }] });
    await page.close();
  });
});

describe('GraphiQL', () => {
  it('offers to sign in when the token expires while it is open, over WebSocket and over HTTP', async () => {
    await using setup = await startWithProvider();
    const page = await browser.newPage();
    const open = async () => {
      await page.goto(`${setup.gateway.url}?token=${await setup.sign()}`);
      await page.locator('.graphiql-execute-button').waitFor();
    };
    const offer = page.getByRole('alert').getByRole('link', { name: 'Sign in' });

    await open();
    await runInGraphiql(page, 'Changes');
    await page.locator('.graphiql-response').getByText('"ADDED"').waitFor();
    expect(await offer.count()).toBe(0);
    await setup.clock.advance(VALID_MS);
    await offer.waitFor();

    await open();
    await setup.clock.advance(VALID_MS);
    await runInGraphiql(page, 'Verdict');
    await offer.click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    expect(await findViolations(page)).toEqual([]);
    await page.getByLabel('Token').fill('wrong');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').getByText('The token is invalid.').waitFor();
    await page.getByLabel('Token').fill(await setup.sign());
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.locator('.graphiql-execute-button').waitFor();
    expect(page.url()).toBe(setup.gateway.url);
    await page.close();
  });
});
