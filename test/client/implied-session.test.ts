import { describe, expect, it } from 'vitest';
import type { Client, LinkState } from '../../src/client/client.js';
import type { Session } from '../../src/model/session.js';
import { openDisposableClient } from '../support/disposable-client.js';
import { startMemoryGateway } from '../support/gateway.js';
import { readIterator } from '../support/iterator-reader.js';
import { createTestLog, logLine } from '../support/log-lines.js';
import { createManualClock } from '../support/manual-clock.js';
import { asDemo, session } from '../support/sessions.js';
import { openTcpProxy } from '../support/tcp-proxy.js';

const A = session('a', { 'one:serve': 'ready' });
const B = session('b', { 'two:serve': 'ready' });

/** A gateway with one Session and its log, a client, and the connection between them. */
async function start(first: Session) {
  const clock = createManualClock();
  const gateway = await startMemoryGateway([], { retainMs: 0 });
  const proxy = await openTcpProxy(Number(new URL(gateway.url).port));
  const url = `http://127.0.0.1:${proxy.port}`;
  const client = openDisposableClient({ url }, { clock, random: () => 1 });
  put([first]);
  return {
    clock,
    client,
    put,
    /** Cuts the connection. The gateway knows other Sessions when it is restored. */
    async reconnect(sessions: readonly Session[]) {
      proxy.cut();
      await using lost = readIterator(client.watchSessions());
      await lost.until(({ link }) => link.state === 'lost');
      put(sessions);
      proxy.restore();
      await clock.advance(2_500);
    },
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]();
      await proxy[Symbol.asyncDispose]();
      await gateway[Symbol.asyncDispose]();
    },
  };

  function put(sessions: readonly Session[]): void {
    gateway.source.replaceAll(sessions);
    for (const { instance } of sessions) {
      const log = createTestLog();
      log.append(...['first', 'second', 'third'].map((text) => logLine(`${instance}, ${text}`)));
      gateway.source.setLog(`${instance}/Tiltfile`, log);
    }
  }
}

/** What the views of each kind of watch show. The log shows its last two lines. */
const WATCHES: [string, (client: Client, id?: string) => AsyncIterable<string>][] = [
  [
    'watchTargets',
    (client, id) => textsOf(client.watchTargets({ session: id }), ({ targets }) => [...targets.keys()]),
  ],
  ['watchSession', (client, id) => textsOf(client.watchSession(id), (view) => [view.session?.id])],
  [
    'watchResources',
    (client, id) =>
      textsOf(client.watchResources({ session: id }), ({ resources }) => resources?.map(({ name }) => name)),
  ],
  [
    'log',
    (client, id) =>
      textsOf(client.log({ session: id, last: 2 }), (view) => [
        view.session,
        ...view.lines.map(({ text }) => text),
      ]),
  ],
];

const SHOWN: Readonly<Record<string, readonly [string, string]>> = {
  watchTargets: ['one:serve; tiltfile:update', 'tiltfile:update; two:serve'],
  watchSession: ['a/Tiltfile', 'b/Tiltfile'],
  watchResources: ['one; tiltfile', 'tiltfile; two'],
  log: ['a/Tiltfile; a, second; a, third', 'b/Tiltfile; b, second; b, third'],
};

async function* textsOf<V extends { readonly link: LinkState }>(
  views: AsyncIterable<V>,
  show: (view: V) => readonly unknown[] | undefined,
): AsyncGenerator<string> {
  for await (const view of views) if (view.link.state === 'live') yield show(view)?.join('; ') ?? '';
}

/** Whether a view shows a Session. A log leaves out the lines that were received. */
function isShown(text: string, expected = ''): boolean {
  return text !== '' && expected.startsWith(text);
}

describe('a watch without an id whose Session is gone after a reconnect', () => {
  it.each(WATCHES)('%s continues with the only other Session after 3 s', async (name, watch) => {
    await using test = await start(A);
    await using views = readIterator(watch(test.client));
    const [first, second] = SHOWN[name] ?? [];
    expect(await views.next()).toBe(first);
    await test.reconnect([B]);
    await views.until((text) => text === '');
    await test.clock.advance(3_000);
    expect(await views.next()).toBe(second);
    test.put([A]);
    await views.until((text) => text === first);
  });

  it.each(WATCHES)('%s keeps its Session if a gateway knows another one earlier', async (name, watch) => {
    await using test = await start(A);
    await using views = readIterator(watch(test.client));
    const [first, second] = SHOWN[name] ?? [];
    await views.next();
    await test.reconnect([B]);
    await views.until((text) => text === '');
    test.put([A, B]);
    await views.until((text) => isShown(text, first));
    await test.clock.advance(3_000);
    test.put([B]);
    await views.until((text) => {
      expect(text).not.toBe(second);
      return text === '';
    });
  });

  it.each(WATCHES)('%s with an id waits for its Session', async (name, watch) => {
    await using test = await start(A);
    await using views = readIterator(watch(test.client, 'a/Tiltfile'));
    const [first] = SHOWN[name] ?? [];
    await views.next();
    await test.reconnect([B]);
    await views.until((text) => text === '');
    await test.clock.advance(60_000);
    test.put([A, B]);
    await views.until((text) => isShown(text, first));
  });

  it('watchTargets waits for any Session if none is known, and the second reconnect misses nothing (S3)', async () => {
    await using test = await start(A);
    await using views = readIterator(test.client.watchTargets());
    await views.next();
    await test.reconnect([]);
    await views.until(({ link, session: seen }) => link.state === 'live' && seen === null);
    await test.clock.advance(3_000);
    await test.reconnect([B]);
    const view = await views.until(({ session: seen }) => seen !== null);
    expect([...view.targets.keys()]).toEqual(['tiltfile:update', 'two:serve']);
  });

  it('watchTargets continues with a Tilt at once if its Session was the demo', async () => {
    await using test = await start(asDemo(A));
    await using views = readIterator(test.client.watchTargets());
    await views.next();
    await test.reconnect([B]);
    const view = await views.until(({ link }) => link.state === 'live');
    expect([...view.targets.keys()]).toEqual(['tiltfile:update', 'two:serve']);
  });
});
