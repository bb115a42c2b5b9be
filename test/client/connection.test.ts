import { describe, expect, it, vi } from 'vitest';
import { openDisposableClient } from '../support/disposable-client.js';
import { startGateway, startMemoryGateway } from '../support/gateway.js';
import { readIterator } from '../support/iterator-reader.js';
import { advanceUntil, createManualClock } from '../support/manual-clock.js';
import { startRawServer } from '../support/raw-server.js';
import { acknowledge, answerWith, startScriptedGateway } from '../support/scripted-gateway.js';
import { session } from '../support/sessions.js';

const EMPTY = { cursor: 'e-1', reset: true, conflated: 0, session: null, changes: [] };
const SNAPSHOT = { type: 'next', payload: { data: { targetChanges: EMPTY } } };
const BEHIND = { message: 'This gateway has not received the revision.', extensions: { code: 'BEHIND' } };

describe('the connection of a client', () => {
  it('all subscriptions share one WebSocket, which closes with the last of them', async () => {
    await using gateway = await startScriptedGateway({ onMessage: answerWith(SNAPSHOT) });
    await using client = openDisposableClient({ url: gateway.url });
    const all = [
      readIterator(client.watchTargets()),
      readIterator(client.watchTargets()),
      readIterator(client.watchTargets({ session: 'a' })),
    ];
    await Promise.all(all.map((views) => views.next()));
    expect(gateway.sockets.size).toBe(1);
    expect(gateway.received.map(({ type }) => type)).toEqual([
      'connection_init',
      'subscribe',
      'subscribe',
      'subscribe',
    ]);
    for (const views of all) await views.end();
    await expect.poll(() => gateway.closes).toEqual([1000]);
    // The next one opens it again.
    await using again = readIterator(client.watchTargets());
    expect(await again.next()).toMatchObject({ link: { state: 'live' } });
  });

  it('a gateway that never acknowledges the connection is lost after 10 s, and its socket is closed', async () => {
    const clock = createManualClock();
    await using gateway = await startScriptedGateway({ onMessage() {} });
    await using client = openDisposableClient({ url: gateway.url }, { clock, random: () => 1 });
    await using views = readIterator(client.watchTargets());
    await expect.poll(() => gateway.received.length).toBe(1);
    await clock.advance(9_999);
    expect(gateway.closes).toEqual([]);
    await clock.advance(1);
    expect((await views.next()).link).toMatchObject({
      state: 'lost',
      error: `${gateway.url} did not respond within 10 s`,
    });
    await expect.poll(() => gateway.closes).toEqual([4499]);
  });

  it('each of several gateways gets 2 s to acknowledge the connection, then 4 s, 8 s and 10 s', async () => {
    const clock = createManualClock();
    await using first = await startScriptedGateway({ onMessage() {} });
    await using second = await startScriptedGateway({ onMessage() {} });
    const urls = [first.url, second.url];
    await using client = openDisposableClient({ urls }, { clock, random: () => 0 });
    const errors: (string | null)[] = [];
    const views = (async () => {
      for await (const { link } of client.watchTargets()) errors.push(link.error);
    })();
    await advanceUntil(clock, () => errors.length === 8);
    const limits = [[2], [2, 2], [4, 2], [4, 4], [8, 4], [8, 8], [10, 8], [10, 10]];
    expect(errors).toEqual(
      limits.map((seconds) =>
        seconds.map((limit, index) => `${urls[index]} did not respond within ${limit} s`).join('; '),
      ),
    );
    client.close();
    await views;
  });

  it('a gateway that does not answer a ping within 10 s is lost', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      await using gateway = await startScriptedGateway({ onMessage: answerWith(SNAPSHOT) });
      await using client = openDisposableClient({ url: gateway.url });
      await using views = readIterator(client.watchTargets());
      expect((await views.next()).link.state).toBe('live');
      vi.advanceTimersByTime(5_000);
      await expect.poll(() => gateway.received.at(-1)?.type).toBe('ping');
      vi.advanceTimersByTime(10_000);
      expect((await views.next()).link).toMatchObject({
        state: 'lost',
        error: `${gateway.url} did not respond within 10 s`,
      });
    } finally {
      vi.useRealTimers();
    }
  });

  it('closing the client before the gateway responds ends the watch and the TCP connection', async () => {
    let connections = 0;
    let ended = 0;
    await using silent = await startRawServer((socket) => {
      connections += 1;
      socket.resume();
      socket.on('close', () => {
        ended += 1;
      });
    });
    await using client = openDisposableClient({ url: silent.url.replace('https', 'http') });
    const views = readIterator(client.watchTargets());
    const refused = expect(views.next()).rejects.toThrow('The iterator has ended.');
    await expect.poll(() => connections).toBe(1);
    client.close();
    await refused;
    await expect.poll(() => ended).toBe(1);
  });

  it('closing the client while the WebSocket opens ends the watch', async () => {
    await using gateway = await startScriptedGateway({ onMessage() {} });
    await using client = openDisposableClient({ url: gateway.url });
    const views = readIterator(client.watchTargets());
    const pending = views.next();
    client.close();
    await expect(pending).rejects.toThrow('The iterator has ended.');
    await expect.poll(() => gateway.sockets.size).toBe(0);
  });

  it('a watch that starts while the gateway is lost receives that state at once', async () => {
    const clock = createManualClock();
    const gone = await startGateway();
    await gone.gateway.close();
    await using client = openDisposableClient({ url: gone.url }, { clock, random: () => 1 });
    await using views = readIterator(client.watchTargets());
    const { link } = await views.next();
    await using others = readIterator(client.watchSessions());
    expect((await others.next()).link).toEqual(link);
  });

  it('no timer remains after the last subscription ends', async () => {
    const clock = createManualClock();
    await using gateway = await startMemoryGateway([session('a')]);
    await using client = openDisposableClient({ url: gateway.url }, { clock, random: () => 1 });
    await using views = readIterator(client.watchTargets());
    await views.next();
    await views.end();
    await expect.poll(() => clock.pending).toBe(0);
  });
});

describe('reconnecting', () => {
  it('the backoff starts at 0.25 s, doubles, and stays at 2.5 s', async () => {
    const clock = createManualClock();
    const gone = await startGateway();
    await gone.gateway.close();
    const { url } = gone;
    await using client = openDisposableClient({ url }, { clock, random: () => 1 });
    await using _views = readIterator(client.watchTargets());
    for (const ms of [250, 500, 1_000, 2_000, 2_500, 2_500]) {
      // A single timer is the backoff: an attempt adds one of 10 s.
      await expect.poll(() => clock.pending).toBe(1);
      await clock.advance(ms - 1);
      expect(clock.pending).toBe(1);
      await clock.advance(1);
    }
  });

  it('a watch resumes from its cursor at the next gateway without a wait (S4)', async () => {
    const pings: (() => void)[] = [];
    await using first = await startScriptedGateway({ onMessage: answerWith(SNAPSHOT) });
    await using second = await startScriptedGateway({
      onMessage(message, socket) {
        acknowledge(message, socket);
        if (message.type === 'ping' && message.payload)
          pings.push(() => socket.send(JSON.stringify({ ...message, type: 'pong' })));
      },
    });
    const clock = createManualClock();
    await using client = openDisposableClient({ urls: [first.url, second.url] }, { clock, random: () => 1 });
    await using views = readIterator(client.watchTargets({ session: 'a/Tiltfile' }));
    await views.next();
    for (const socket of first.sockets) socket.close(1001, 'Going away');
    expect((await views.next()).link).toEqual({
      state: 'lost',
      since: clock.now(),
      error: `${first.url} closed the connection with code 1001: Going away`,
      url: first.url,
      isDown: false,
    });
    await clock.advance(0);
    await expect.poll(() => second.received.length).toBe(2);
    expect(second.received[1]?.payload?.variables).toMatchObject({ session: 'a/Tiltfile', since: 'e-1' });
    // A gateway without changes sends nothing: it counts as live once it would have reported BEHIND.
    await clock.advance(3_500);
    await expect.poll(() => pings.length).toBe(1);
    const next = views.next();
    await clock.advance(1_000);
    pings[0]?.();
    // It is live since the answer to the ping, not since the silence.
    const since = clock.now();
    expect((await next).link).toMatchObject({ state: 'live', error: null, url: second.url, since });
  });

  it.each([1001, 1012, 1013, 1000])('the client moves to the next gateway on close code %d', async (code) => {
    await using first = await startScriptedGateway({
      onMessage(message, socket) {
        acknowledge(message, socket);
        if (message.type === 'subscribe') socket.close(code);
      },
    });
    await using second = await startMemoryGateway([session('a')]);
    await using client = openDisposableClient({ urls: [first.url, second.url] });
    await using views = readIterator(client.watchTargets());
    const { link } = await views.until((view) => view.link.state === 'live');
    expect(link.url).toBe(second.url);
    expect(first.received.length).toBe(2);
  });

  it.each([
    ['an error', { type: 'error', payload: [BEHIND] }],
    ['a result', { type: 'next', payload: { errors: [BEHIND] } }],
  ])('the client moves to the next gateway when one reports BEHIND as %s', async (_, answer) => {
    await using first = await startScriptedGateway({ onMessage: answerWith(answer) });
    await using second = await startMemoryGateway([session('a')]);
    await using client = openDisposableClient({ urls: [first.url, second.url] });
    await using views = readIterator(client.watchTargets());
    expect((await views.next()).link.error).toBe(`${first.url}: This gateway has not received the revision.`);
    expect((await views.next()).link).toMatchObject({ state: 'live', url: second.url });
  });

  it('a watch names every gateway that cannot be reached, in their order', async () => {
    const urls = ['http://127.0.0.1:1/graphql', 'http://127.0.0.1:2/graphql'];
    await using client = openDisposableClient({ urls });
    await using views = readIterator(client.watchSessions());
    const all = urls.map((url) => `${url} cannot be reached: connect ECONNREFUSED ${new URL(url).host}`);
    expect((await views.next()).link.error).toBe(all[0]);
    expect((await views.next()).link.error).toBe(all.join('; '));
  });

  it('the client works while one of several gateways is reachable', async () => {
    const gone = await startGateway();
    await gone.gateway.close();
    await using second = await startMemoryGateway([session('a')]);
    await using client = openDisposableClient({ urls: [gone.url, second.url] });
    await using views = readIterator(client.watchSessions());
    await views.until(({ link }) => link.state === 'live');
    expect(await client.sessions()).toHaveLength(1);
  });
});

describe('invalid responses', () => {
  const nonsense: Record<string, Parameters<typeof startScriptedGateway>[0]> = {
    'invalid JSON': { onMessage: (_, socket) => socket.send('<html>') },
    'an unknown message type': { onMessage: (_, socket) => socket.send('{"type":"hello"}') },
    'a payload before the acknowledgement': {
      onMessage: (_, socket) => socket.send('{"type":"next","id":"1","payload":{}}'),
    },
    'binary data': { onMessage: (_, socket) => socket.send(Buffer.from([0xff, 0x00])) },
    'no data': { onMessage: answerWith({ type: 'next', payload: { data: null } }) },
    'other data': {
      onMessage: answerWith({ type: 'next', payload: { data: { targetChanges: { cursor: 1 } } } }),
    },
    'changes without a target': {
      onMessage: answerWith({
        type: 'next',
        payload: { data: { targetChanges: { ...EMPTY, changes: [{ type: 'ADDED' }] } } },
      }),
    },
    'malformed errors': { onMessage: answerWith({ type: 'error', payload: [{}] }) },
    'completion at once': { onMessage: answerWith({ type: 'complete' }) },
  };

  it.each(Object.entries(nonsense))('the link is lost on %s', async (_, script) => {
    await using gateway = await startScriptedGateway(script);
    await using client = openDisposableClient({ url: gateway.url });
    await using views = readIterator(client.watchTargets());
    const { link, targets } = await views.next();
    expect(link).toMatchObject({
      state: 'lost',
      url: gateway.url,
      error: expect.stringContaining(gateway.url),
    });
    expect(targets.size).toBe(0);
  });

  it('a GraphQL error of the gateway ends the watch', async () => {
    await using gateway = await startScriptedGateway({
      onMessage: answerWith({ type: 'error', payload: [{ message: 'Not\nhere', extensions: 1 }] }),
    });
    await using client = openDisposableClient({ url: gateway.url });
    await expect(readIterator(client.watchTargets()).next()).rejects.toMatchObject({
      code: 'GRAPHQL',
      message: 'Not here',
    });
  });

  it('an invalid payload does not replace the last good state', async () => {
    const target = { type: 'ADDED', target: { id: 'a/Tiltfile#x', name: 'x' } };
    const good = { type: 'next', payload: { data: { targetChanges: { ...EMPTY, changes: [target] } } } };
    await using gateway = await startScriptedGateway({
      onMessage: answerWith(good, { type: 'next', payload: { data: { targetChanges: { reset: true } } } }),
    });
    await using client = openDisposableClient({ url: gateway.url });
    await using views = readIterator(client.watchTargets());
    const { targets } = await views.until(({ link }) => link.state === 'lost');
    expect([...targets.keys()]).toEqual(['x']);
  });
});

describe('a token', () => {
  it('the token is sent with each connection and query', async () => {
    await using gateway = await startGateway({ token: 'secret' });
    await using client = openDisposableClient({ url: gateway.url, token: 'secret' });
    expect(await client.sessions()).toEqual([]);
    await using views = readIterator(client.watchSessions());
    expect((await views.next()).link.state).toBe('live');
  });

  it('a token function is called for each connection', async () => {
    await using gateway = await startScriptedGateway({
      onMessage: answerWith(SNAPSHOT, { type: 'complete' }),
    });
    let asked = 0;
    const token = async () => {
      asked += 1;
      return `token-${asked}`;
    };
    await using client = openDisposableClient({ url: gateway.url, token });
    await using views = readIterator(client.watchTargets());
    await views.until(() => asked === 2);
    await expect
      .poll(() =>
        gateway.received.filter(({ type }) => type === 'connection_init').map(({ payload }) => payload),
      )
      .toEqual([{ token: 'token-1' }, { token: 'token-2' }]);
  });

  it.each([undefined, 'wrong'])(
    'an invalid token rejects watches, queries and waits with UNAUTHENTICATED: %s',
    async (token) => {
      await using gateway = await startGateway({ token: 'secret' });
      await using client = openDisposableClient({ url: gateway.url, ...(token !== undefined && { token }) });
      const views = readIterator(client.watchTargets());
      await expect(views.next()).rejects.toMatchObject({
        code: 'UNAUTHENTICATED',
        message: expect.stringContaining(gateway.url),
      });
      await expect(client.sessions()).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
      await expect(client.waitFor({ for: 'ready' })).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    },
  );

  it('a failing token function makes the link lost and is called again', async () => {
    await using gateway = await startGateway({ token: 'secret' });
    let asked = 0;
    const token = () => {
      asked += 1;
      if (asked === 1) throw new Error('the provider sleeps');
      return 'secret';
    };
    await using client = openDisposableClient({ url: gateway.url, token });
    await using views = readIterator(client.watchSessions());
    expect((await views.next()).link.error).toBe('token: the token function failed: the provider sleeps');
    expect((await views.next()).link.state).toBe('live');
  });

  it('a token that no header can carry is rejected before it is sent', async () => {
    await using client = openDisposableClient({ token: 'two\nlines' });
    await expect(client.session()).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
      message: 'token: expected printable characters without spaces',
    });
  });
});

describe('an address', () => {
  it.each(['', 'localhost:4000', 'ftp://host/graphql', 'not a url', 'http://'])(
    'an invalid address is rejected: "%s"',
    (url) => {
      expect(() => openDisposableClient({ url })).toThrow(
        /^url: expected an address such as http:\/\/127.0.0.1:4000\/graphql, got "/,
      );
    },
  );

  it('an address without a path gets /graphql', async () => {
    await using gateway = await startMemoryGateway([session('a')]);
    await using client = openDisposableClient({ url: gateway.origin });
    await using views = readIterator(client.watchSessions());
    expect((await views.next()).link).toMatchObject({ state: 'live', url: gateway.url });
    expect(await client.sessions()).toHaveLength(1);
  });

  it('no address, url together with urls, and a password in the address are rejected', () => {
    expect(() => openDisposableClient({ urls: [] })).toThrow('urls: expected at least one address, got none');
    expect(() => openDisposableClient({ url: 'http://a/graphql', urls: ['http://b/graphql'] })).toThrow(
      'expected url or urls, got both',
    );
    expect(() => openDisposableClient({ url: 'http://me:secret@host/graphql' })).toThrow(
      'url: expected an address without a user or password; pass a token instead',
    );
  });

  it('the error for a server that is not a gateway has the status of its response', async () => {
    await using gateway = await startMemoryGateway();
    await using client = openDisposableClient({ url: `${gateway.origin}/elsewhere` });
    await using views = readIterator(client.watchTargets());
    expect((await views.next()).link.error).toMatch(
      /elsewhere responded with status \d+ instead of a WebSocket$/,
    );
  });
});
