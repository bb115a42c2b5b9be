import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMemoryProvider } from '../../src/providers/memory.js';
import { useBrowserTimeouts } from '../support/browser-timeouts.js';
import { startGateway } from '../support/gateway.js';
import { session } from '../support/sessions.js';
import { launchBrowser } from './support/browser.js';

useBrowserTimeouts();

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser?.close());

const SELECTION = '{ session { status { targets { name phase type resources } } } }';

/** A Session whose payload has several kilobytes. */
const services = (phase: 'ready' | 'failed') =>
  session('a', Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`service-${index}`, phase])));

describe('compression in Chromium', () => {
  it('a query, a WebSocket and an event stream are compressed, and have the content of the plain query', async () => {
    const source = createMemoryProvider('memory', [services('ready')]);
    await using gateway = await startGateway({ providers: [source.provider], compress: 'always' });
    await gateway.gateway.ready();
    const page = await browser.newPage();
    await page.goto(`${gateway.origin}/`);

    const queried = await page.evaluate(async (query) => {
      const response = await fetch('/graphql', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query }),
      });
      return { coding: response.headers.get('content-encoding'), body: await response.json() };
    }, SELECTION);
    const expected = await gateway.query(SELECTION);
    expect(queried).toEqual({ coding: expect.stringMatching(/^(br|zstd|gzip)$/), body: expected });

    // Collects the payloads in the page.
    await page.evaluate((query) => {
      const received = { extensions: '', overWebSocket: [''].slice(1), overEvents: [''].slice(1) };
      Object.assign(globalThis, { received });
      const socket = new WebSocket(`ws://${location.host}/graphql`, 'graphql-transport-ws');
      socket.onopen = () => socket.send('{"type":"connection_init"}');
      socket.onmessage = ({ data }) => {
        const message = JSON.parse(data);
        received.extensions = socket.extensions;
        if (message.type === 'next') received.overWebSocket.push(JSON.stringify(message.payload));
        else socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query } }));
      };
      const events = new EventSource(`/graphql?query=${encodeURIComponent(query)}`);
      events.addEventListener('next', ({ data }) => received.overEvents.push(data));
    }, `subscription ${SELECTION}`);
    const received = () => page.evaluate(() => Reflect.get(globalThis, 'received'));
    const before = JSON.stringify(expected);
    await expect.poll(received).toMatchObject({ overWebSocket: [before], overEvents: [before] });
    source.put(services('failed'));
    const after = JSON.stringify(await gateway.query(SELECTION));
    await expect.poll(received).toEqual({
      extensions: expect.stringMatching(/^permessage-deflate; .*no_context_takeover/),
      overWebSocket: [before, after],
      overEvents: [before, after],
    });
    await page.close();
  });
});
