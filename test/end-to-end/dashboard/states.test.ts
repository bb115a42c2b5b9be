import type { Browser, Page, WebSocketRoute } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeSession } from '../../../src/model/decode.js';
import { createDemoProvider } from '../../../src/providers/demo/demo.js';
import { useBrowserTimeouts } from '../../support/browser-timeouts.js';
import { startGateway, startMemoryGateway } from '../../support/gateway.js';
import { createManualClock } from '../../support/manual-clock.js';
import { RAW_STATES, rawSession, rawTarget } from '../../support/raw-session.js';
import { readLastObject, readRecordedEvents } from '../../support/recording.js';
import { type Replay, startReplay } from '../../support/replay.js';
import { session } from '../../support/sessions.js';
import { launchBrowser } from '../support/browser.js';
import { type Visit, visitDashboard } from '../support/dashboard.js';
import { inspect } from '../support/inspect-page.js';

useBrowserTimeouts();

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser.close());

const SESSION = '?session=tilt-default%2FTiltfile';

/** Opens a replayed Session at the time of its newest event. */
function visitReplay(replay: Replay, search = SESSION): Promise<Visit> {
  return visitDashboard(browser, replay.origin, { search, now: replay.clock.now() });
}

const verdict = (page: Page) => page.locator('.verdict').first();
const row = (page: Page, name: string) => page.locator('table.targets tr', { hasText: name });

describe('the session list of the dashboard', () => {
  it('the session list shows verdict, connection and progress of each Session', async () => {
    await using gateway = await startMemoryGateway([
      decodeSession(readLastObject('ci-ok'), 'tilt-ci-ok'),
      decodeSession(readLastObject('ci-bad'), 'tilt-ci-bad'),
      decodeSession(readRecordedEvents('up')[12]?.object, 'tilt-default'),
      decodeSession(readLastObject('up'), 'tilt-stale'),
      decodeSession(readLastObject('edit'), 'tilt-gone'),
    ]);
    gateway.source.markStale('connect ECONNREFUSED 127.0.0.1:41233', 'tilt-stale/Tiltfile');
    gateway.source.remove('tilt-gone/Tiltfile');
    await using visit = await visitDashboard(browser, gateway.origin);
    const card = (name: string) => visit.page.locator('.card', { hasText: name });
    await expect.poll(() => card('tilt-ci-ok').innerText()).toMatch(/Passed.*4 of 4 done.*live/s);
    expect(await card('tilt-ci-bad').innerText()).toMatch(
      /Failed.*2 of 4 done, 1 failed, 1 waiting.*unit:update: exit status 1/s,
    );
    expect(await card('tilt-default').innerText()).toMatch(/(Starting|Failing).*of \d+ done/s);
    expect(await card('tilt-stale').innerText()).toMatch(/Unknown.*stale since/s);
    expect(await card('tilt-gone').innerText()).toMatch(/Unknown.*Tilt exited/s);
    expect(await visit.page.title()).toMatch(/^✗ \d+ failed · tilt-graphql$|^✗ Failed · tilt-graphql$/);
    await inspect(visit, 'list');
  });

  it('an empty session list shows the first Session when it appears', async () => {
    await using gateway = await startMemoryGateway();
    await using visit = await visitDashboard(browser, gateway.origin);
    await visit.page.getByText('No sessions yet').waitFor();
    await inspect(visit, 'empty');
    gateway.source.put(decodeSession(readLastObject('ci-ok'), 'tilt-default'));
    await visit.page.getByRole('link', { name: 'tilt-default' }).waitFor();
  });
});

describe('the session page of the dashboard', () => {
  it('the session page shows targets by resource with phase, time, readiness and reason', async () => {
    await using replay = await startReplay('ci-ok');
    await replay.playTo(9);
    await using visit = await visitReplay(replay);
    const { page } = visit;
    await expect.poll(() => row(page, 'db:serve').innerText()).toMatch(/Ready.*ready in 1\.02 s/s);
    expect(await row(page, 'lint:update').innerText()).toMatch(/Succeeded\s+1\.26 s/);
    expect(await row(page, 'e2e:update').innerText()).toMatch(/Waiting/);
    expect(await verdict(page).innerText()).toBe('In progress');
    expect(await page.title()).toBe('… In progress · tilt-default · tilt-graphql');
    await replay.playTo(10);
    await expect.poll(() => row(page, 'e2e:update').innerText()).toContain('Running');
    await inspect(visit, 'ci-running');
  });

  it('the session page lists the blockers of a failed Session at the top', async () => {
    await using replay = await startReplay('ci-bad');
    await replay.playTo(-1);
    await using visit = await visitReplay(replay);
    const { page } = visit;
    await expect.poll(() => verdict(page).innerText()).toBe('Failed');
    const blockers = page.locator('.blockers');
    expect(await blockers.first().innerText()).toMatch(/Failed\s+unit:update\s+exit status 1/);
    expect(await blockers.nth(1).innerText()).toMatch(/Waiting\s+db:serve/);
    await inspect(visit, 'ci-failed');
    await page.getByRole('link', { name: 'Timeline' }).click();
    await page.getByText('Critical path').waitFor();
    await inspect(visit, 'ci-failed-timeline');
  });

  it('the session page shows the phases of a recorded `tilt up`', async () => {
    await using replay = await startReplay('up');
    await replay.playTo(14);
    await using visit = await visitReplay(replay);
    await expect.poll(() => row(visit.page, 'manual:update').innerText()).toContain('Inactive');
    await inspect(visit, 'up-early');
    await replay.playTo(-1);
    await expect.poll(() => row(visit.page, 'crash:serve').innerText()).toContain('Failed');
    await visit.page.clock.setFixedTime(replay.clock.now());
    await inspect(visit, 'up-late');
    await visit.page.getByRole('link', { name: 'Timeline' }).click();
    await inspect(visit, 'up-late-timeline');
  });

  it('the session page shows retrying, disabled and inactive targets of the demo', async () => {
    const clock = createManualClock();
    await using gateway = await startGateway({ clock, providers: [createDemoProvider({ clock, seed: 7 })] });
    await gateway.gateway.ready();
    await using visit = await visitDashboard(browser, gateway.origin, {
      search: '?session=demo%2FTiltfile',
      now: clock.now(),
    });
    const { page } = visit;
    const advance = async () => {
      await clock.advance(100);
      return (await row(page, 'worker:runtime').allInnerTexts()).join();
    };
    await expect.poll(advance).toMatch(/Retrying.*CrashLoopBackOff/s);
    await page.clock.setFixedTime(clock.now());
    expect(await row(page, 'docs:serve').innerText()).toContain('Disabled');
    expect(await row(page, 'sample-data:update').innerText()).toContain('Inactive');
    await inspect(visit, 'demo');
    await page.getByRole('link', { name: 'Timeline' }).click();
    await inspect(visit, 'demo-timeline');
  });

  it('the details panel shows a target with its full history', async () => {
    await using replay = await startReplay('ci-bad');
    await replay.playTo(-1);
    await using visit = await visitReplay(replay, `${SESSION}&target=unit%3Aupdate`);
    const details = visit.page.getByRole('complementary');
    await expect.poll(() => details.innerText()).toMatch(/unit:update.*Failed.*Duration\s+2\.01 s/s);
    // The panel fetches the full history of its target; the table does not.
    const phases = async () => {
      const history = await details.locator('tbody tr').allInnerTexts();
      return history.map((line) => line.split(/\s+/)[1]);
    };
    await expect.poll(phases).toEqual(['Failed', 'Running', 'Waiting']);
    await inspect(visit, 'details');
  });

  it('two targets with the same name have separate rows and details', async () => {
    const tiltfile = rawTarget('tiltfile:update', RAW_STATES.succeeded);
    const second = { ...rawTarget('tiltfile:update', RAW_STATES.failed), resources: ['tiltfile'] };
    const raw = rawSession({ status: { targets: [tiltfile, second] } });
    await using gateway = await startMemoryGateway([decodeSession(raw, 'tilt-default')]);
    const search = `${SESSION}&target=tiltfile%3Aupdate%232`;
    await using visit = await visitDashboard(browser, gateway.origin, { search });
    const phases = () => visit.page.locator('table.targets td.cell-phase').allInnerTexts();
    await expect.poll(phases).toHaveLength(2);
    expect((await phases()).sort()).toEqual(['Failed', 'Succeeded']);
    const details = visit.page.getByRole('complementary');
    await expect.poll(() => details.innerText()).toMatch(/tiltfile:update#2.*Failed/s);
    const blockers = visit.page.locator('.blockers a');
    expect(await blockers.allInnerTexts()).toEqual(['tiltfile:update#2']);
    await inspect(visit, 'two-of-one-name');
  });

  it('a stale Session is never green, and shows since when it is stale', async () => {
    await using gateway = await startMemoryGateway([session('tilt-default', { 'api:serve': 'ready' })]);
    await using visit = await visitDashboard(browser, gateway.origin, { search: SESSION });
    const { page } = visit;
    await expect.poll(() => verdict(page).innerText()).toBe('Passing');
    expect(await greenOn(page)).not.toEqual([]);
    gateway.source.markStale('connect ECONNREFUSED 127.0.0.1:41233');
    await expect.poll(() => verdict(page).innerText()).toBe('Unknown');
    expect(await page.getByRole('status').allInnerTexts()).toContainEqual(
      expect.stringMatching(/Stale since \d\d:\d\d:\d\d.*ECONNREFUSED/s),
    );
    expect(await greenOn(page)).toEqual([]);
    await inspect(visit, 'stale');
    gateway.source.remove('tilt-default/Tiltfile');
    await page.getByText(/Tilt exited at/).waitFor();
    expect(await greenOn(page)).toEqual([]);
    await inspect(visit, 'gone');
  });

  it('after a reconnect a Session is not green until its targets are current, although the list is', async () => {
    const ready = session('tilt-default', { 'api:serve': 'ready' });
    await using gateway = await startMemoryGateway([ready]);
    await using visit = await visitDashboard(browser, 'about:blank#');
    const { page } = visit;
    await page.clock.install();
    const held = await holdTargets(page);
    await page.goto(`${gateway.origin}/${SESSION}`);
    await expect.poll(() => verdict(page).innerText()).toBe('Passing');
    await held.cut();
    gateway.source.put(session('tilt-default', { 'api:serve': 'failed' }));
    await expect.poll(() => page.title()).toMatch(/^✗/);
    // Longer than the silence after which a watch that resumes counts as live.
    await page.clock.runFor(4_000);
    expect(await verdict(page).innerText()).toMatch(/last known/i);
    expect(await greenOn(page)).toEqual([]);
    held.release();
    await expect.poll(() => verdict(page).innerText()).toBe('Failing');
  });

  it('an unknown Session is reported as not found, and shown when it appears', async () => {
    await using gateway = await startMemoryGateway();
    await using visit = await visitDashboard(browser, gateway.origin, { search: SESSION });
    await visit.page.getByText('Session tilt-default/Tiltfile not found').waitFor();
    await inspect(visit, 'no-such-session');
    gateway.source.put(decodeSession(readLastObject('ci-ok'), 'tilt-default'));
    await expect.poll(() => verdict(visit.page).innerText()).toBe('Passed');
  });
});

describe('a dashboard without data', () => {
  it('the page shows that it connects until the gateway responds', async () => {
    await using gateway = await startMemoryGateway();
    await using visit = await visitDashboard(browser, 'about:blank#');
    // A gateway that accepts the WebSocket and sends nothing.
    await visit.page.routeWebSocket(/graphql/, () => {});
    await visit.page.goto(gateway.origin);
    await visit.page.getByText('Connecting to the gateway').waitFor();
    await inspect(visit, 'connecting');
  });

  it('the page shows the error of a gateway that rejects the subscription', async () => {
    await using gateway = await startMemoryGateway();
    await using visit = await visitDashboard(browser, 'about:blank#');
    await visit.page.routeWebSocket(/graphql/, (socket) => {
      socket.onMessage((text) => {
        const { type, id } = JSON.parse(String(text));
        const payload = [{ message: 'This document is not allowed.' }];
        if (type === 'connection_init') socket.send('{"type":"connection_ack"}');
        else if (type === 'subscribe') socket.send(JSON.stringify({ type: 'error', id, payload }));
      });
    });
    await visit.page.goto(gateway.origin);
    await visit.page.getByText('This document is not allowed.').waitFor();
    await inspect(visit, 'rejected');
  });
});

/**
 * Forwards the WebSockets of a page. After `cut`, which closes them, the payloads of targets are held until
 * `release`.
 */
async function holdTargets(page: Page) {
  let isHeld = false;
  let waiting: (() => void)[] = [];
  const open = new Set<WebSocketRoute>();
  await page.routeWebSocket(/graphql/, (socket) => {
    const targets = new Set<string>();
    const server = socket.connectToServer();
    open.add(socket);
    socket.onMessage((text) => {
      const { type, id, payload } = JSON.parse(String(text));
      if (type === 'subscribe' && payload.query.includes('targetChanges')) targets.add(id);
      server.send(text);
    });
    server.onMessage((text) => {
      const send = () => socket.send(text);
      if (isHeld && targets.has(JSON.parse(String(text)).id)) waiting.push(send);
      else send();
    });
  });
  return {
    async cut() {
      isHeld = true;
      await Promise.all([...open].map((socket) => socket.close()));
      waiting = [];
    },
    release() {
      isHeld = false;
      for (const send of waiting) send();
    },
  };
}

/** Lists the elements of the page with a mainly green color. */
function greenOn(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const isGreen = (value: string) => {
      const [red = 0, green = 0, blue = 0, alpha = 1] = (value.match(/[\d.]+/g) ?? []).map(Number);
      return alpha > 0 && green > red * 1.3 && green > blue * 1.15;
    };
    return [...document.querySelectorAll('main *')].flatMap((element) => {
      const { color, backgroundColor, borderLeftColor } = getComputedStyle(element);
      return [color, backgroundColor, borderLeftColor].some(isGreen) ? [element.outerHTML.slice(0, 100)] : [];
    });
  });
}
