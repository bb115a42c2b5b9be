import { describe, expect, it } from 'vitest';
import type { LogView } from '../../src/client/client.js';
import { createLogSource, type LogSelection } from '../../src/client/log-view.js';
import { openDisposableClient } from '../support/disposable-client.js';
import { withFacts } from '../support/facts.js';
import { startMemoryGateway } from '../support/gateway.js';
import { readIterator } from '../support/iterator-reader.js';
import { createTestLog, logLine, targetExcerpt } from '../support/log-lines.js';
import { session } from '../support/sessions.js';
import { openTcpProxy } from '../support/tcp-proxy.js';

const ID = 'a/Tiltfile';
const lines = (view: LogView) => view.lines.map(({ text }) => text);
const numbered = (count: number, prefix = '') =>
  Array.from({ length: count }, (_, index) => logLine(`${prefix}${index}`));

async function startWithLog() {
  const gateway = await startMemoryGateway([session('a', { 'api:update': 'failed' })]);
  const log = createTestLog();
  gateway.source.setLog(ID, log);
  return { gateway, log };
}

/** Creates a source that receives payloads with lines of these texts. */
function createTestSource(selection: LogSelection) {
  const { read, merge, request } = createLogSource(selection);
  let newest: ReturnType<typeof read> = null;
  return {
    merge,
    /** Number of earlier lines that would be requested now. */
    request: () => request(newest, undefined).variables.last,
    receive(
      texts: readonly string[],
      reset = false,
      { target = 'api:update', ...fields }: Partial<ReturnType<typeof logPayload>> & { target?: string } = {},
    ) {
      newest = read({ log: { ...logPayload(texts, target), reset, ...fields } });
      if (newest === null) throw new Error('Expected a payload.');
      return newest;
    },
  };
}

function logPayload(texts: readonly string[], target: string) {
  const styled = texts.map((styledText) => ({ ...logLine(styledText, { target }), level: 'INFO' }));
  return { session: ID as string | null, isAvailable: true, lines: styled, dropped: 0 };
}

describe('the log of the client', () => {
  it('log yields the last lines, and then new ones, as plain and as styled text', async () => {
    const { gateway, log } = await startWithLog();
    await using _ = gateway;
    log.append(...numbered(30), logLine('\u001b[32mok\u001b[0m', { level: 'warn' }));
    await using client = openDisposableClient({ url: gateway.url });
    await using views = readIterator(client.log({ last: 2 }));
    expect(await views.next()).toMatchObject({
      session: ID,
      isAvailable: true,
      reset: true,
      lines: [
        { text: '29' },
        {
          text: 'ok',
          styledText: '\u001b[32mok\u001b[0m',
          level: 'WARN',
          resource: 'api',
          target: 'api:update',
          time: '2026-11-22T12:00:00.000001Z',
        },
      ],
      dropped: 0,
      link: { state: 'live' },
    });
    log.append(logLine('new'));
    const next = await views.next();
    expect([next.reset, lines(next)]).toEqual([false, ['new']]);
  });

  it('log selects by Session, resource and level', async () => {
    const { gateway, log } = await startWithLog();
    await using _ = gateway;
    log.append(
      logLine('info'),
      logLine('error', { level: 'error' }),
      logLine('other', { resource: 'web', level: 'error' }),
    );
    await using client = openDisposableClient({ url: gateway.url });
    await using views = readIterator(client.log({ session: ID, resource: 'api', level: 'WARN' }));
    expect(lines(await views.next())).toEqual(['error']);
    await using missing = readIterator(client.log({ session: 'b/Tiltfile' }));
    expect(await missing.next()).toMatchObject({ session: null, isAvailable: false, lines: [] });
  });

  it('after a reconnect, log continues after the last line, and also has those that were missed', async () => {
    const { gateway, log } = await startWithLog();
    await using _ = gateway;
    await using proxy = await openTcpProxy(Number(new URL(gateway.url).port));
    await using client = openDisposableClient({ url: `http://127.0.0.1:${proxy.port}/graphql` });
    log.append(...numbered(3));
    await using views = readIterator(client.log({ last: 1 }));
    expect(lines(await views.next())).toEqual(['2']);
    log.append(logLine('same'), logLine('same'));
    expect(lines(await views.next())).toEqual(['same', 'same']);
    for (const missed of [['same', 'x', 'y'], []]) {
      proxy.cut();
      await views.until(({ link }) => link.state === 'lost');
      log.append(...missed.map((text) => logLine(text)));
      proxy.restore();
      const view = await views.until(({ link }) => link.state === 'live');
      expect([view.reset, lines(view)]).toEqual([false, missed]);
    }
  });

  it.each([20, 0])(
    'after a reconnect, a log that was empty before has all lines that were missed, with last %i',
    async (last) => {
      const { gateway, log } = await startWithLog();
      await using _ = gateway;
      await using proxy = await openTcpProxy(Number(new URL(gateway.url).port));
      await using client = openDisposableClient({ url: `http://127.0.0.1:${proxy.port}/graphql` });
      await using views = readIterator(client.log({ last }));
      expect(await views.next()).toMatchObject({ isAvailable: true, lines: [] });
      proxy.cut();
      await views.until(({ link }) => link.state === 'lost');
      log.append(...numbered(200));
      proxy.restore();
      const view = await views.until(({ link }) => link.state === 'live');
      expect([view.reset, lines(view)]).toEqual([false, numbered(200).map(({ styledText }) => styledText)]);
    },
  );

  it('after a reconnect, log has all lines that were missed, although none were requested at first', () => {
    const source = createTestSource({ last: 0 });
    expect(source.request()).toBe(1);
    expect(source.receive(['old'], true)).toMatchObject({ reset: true, lines: [] });
    expect(source.request()).toBe(1_000);
    const missed = Array.from({ length: 200 }, (_, index) => `new ${index}`);
    const view = source.receive(['older', 'old', ...missed], true);
    expect([view.reset, view.lines.map(({ text }) => text)]).toEqual([false, missed]);
  });

  it('a log without a line is not complete before it is available', () => {
    const source = createTestSource({ last: 0 });
    source.receive([], true, { isAvailable: false, session: null });
    expect(source.request()).toBe(1);
    expect(source.receive(['old'], true)).toMatchObject({ reset: true, lines: [] });
    expect(source.receive(['new'])).toMatchObject({ reset: false, lines: [{ text: 'new' }] });
  });

  it.each([
    ['an empty log', [], Array.from({ length: 1_000 }, (_, index) => `${index}`)],
    ['an empty log with long lines', [], Array.from({ length: 64 }, () => 'x'.repeat(4_000))],
    ['a log with lines', ['a', 'b'], Array.from({ length: 1_000 }, (_, index) => `${index}`)],
  ])('after a reconnect, a gap after %s is a reset', (_, before, after) => {
    const source = createTestSource({});
    source.receive(before, true);
    expect(source.receive(after, true)).toMatchObject({
      reset: true,
      lines: after.map((text) => ({ text })),
    });
  });

  it('after a failover, lines that the other gateway divided differently are not sent again', () => {
    const source = createTestSource({});
    const out = Array.from({ length: 10 }, (_, index) => `out ${index}`);
    source.receive([...out, 'boom', 'Build Failed', 'again 0', 'again 1'], true);
    const view = source.receive([...out, 'Build Failed', 'boomagain 0', 'again 1', 'new'], true);
    expect([view.reset, view.lines.map(({ text }) => text)]).toEqual([false, ['new']]);
    const others = source.receive(['again 1', 'new'], true, { target: 'api:serve' });
    expect(others.reset).toBe(true);
  });

  it('each iteration of a log starts with its last lines', async () => {
    const { gateway, log } = await startWithLog();
    await using _ = gateway;
    log.append(...numbered(3));
    await using client = openDisposableClient({ url: gateway.url });
    const views = client.log({ last: 2 });
    await using first = readIterator(views);
    await using second = readIterator(views);
    for (const iteration of [first, second]) {
      const view = await iteration.next();
      expect([view.reset, lines(view)]).toEqual([true, ['1', '2']]);
    }
    log.append(logLine('new'));
    for (const iteration of [first, second]) expect(lines(await iteration.next())).toEqual(['new']);
    await first.end();
    await using third = readIterator(views);
    expect(lines(await third.next())).toEqual(['2', 'new']);
  });

  it('a log that replaces another one is a reset', async () => {
    const { gateway, log } = await startWithLog();
    await using _ = gateway;
    log.append(...numbered(3));
    await using client = openDisposableClient({ url: gateway.url });
    await using views = readIterator(client.log());
    await views.next();
    gateway.source.setLog(ID, null);
    expect(await views.next()).toMatchObject({ isAvailable: false, reset: false, lines: [] });
    const next = createTestLog();
    next.append(...numbered(2, 'new'));
    gateway.source.setLog(ID, next);
    const view = await views.next();
    expect([view.isAvailable, view.reset, lines(view)]).toEqual([true, true, ['new0', 'new1']]);
  });

  it('unread lines are merged: the newest 10,000 are kept, and the others counted', () => {
    const { merge, receive } = createTestSource({});
    const payloadOf = (texts: readonly string[], reset = false, dropped = 0) =>
      receive(texts, reset, { dropped });
    const thousand = (from: number) => Array.from({ length: 1_000 }, (_, index) => String(from + index));
    let merged = payloadOf(['first'], true);
    for (let from = 0; from < 12_000; from += 1_000)
      merged = merge(merged, payloadOf(thousand(from), false, 2));
    expect(merged).toMatchObject({ reset: true, dropped: 12 * 2 + 2_001 });
    expect(merged.lines.map(({ text }) => text)).toEqual(
      Array.from({ length: 10_000 }, (_, index) => String(index + 2_000)),
    );
    const other = payloadOf(['other'], true);
    expect(merge(merged, other)).toBe(other);
  });

  it('watchTargets has excerpts only if they are requested', async () => {
    const failed = session('a', { 'api:update': 'failed' });
    const excerpts = [targetExcerpt('api:update')];
    await using gateway = await startMemoryGateway([withFacts(failed, { api: {} }, { excerpts })]);
    await using client = openDisposableClient({ url: gateway.url });
    await using without = readIterator(client.watchTargets());
    expect((await without.next()).targets.get('api:update')?.state).not.toHaveProperty('excerpt');
    await using views = readIterator(client.watchTargets({ excerpts: true }));
    expect((await views.next()).targets.get('api:update')?.state).toMatchObject({
      excerpt: { lines: [{ styledText: '\u001b[31mFAIL\u001b[0m adds numbers' }], omitted: 3, isFinal: true },
    });
  });
});

describe('the subscription log over server-sent events', () => {
  it('sends the tail, and then new lines', async () => {
    const { gateway, log } = await startWithLog();
    await using _ = gateway;
    log.append(logLine('one'));
    const query = encodeURIComponent('subscription { log { reset lines { text } } }');
    const leaving = new AbortController();
    const { body } = await fetch(`${gateway.url}?query=${query}`, {
      headers: { accept: 'text/event-stream' },
      signal: leaving.signal,
    });
    let received = '';
    const reading = (async () => {
      for await (const part of body ?? []) received += Buffer.from(part).toString();
    })();
    await expect.poll(() => received).toContain('"reset":true,"lines":[{"text":"one"}]');
    log.append(logLine('two'));
    await expect.poll(() => received).toContain('"reset":false,"lines":[{"text":"two"}]');
    leaving.abort();
    await expect(reading).rejects.toThrow();
  });
});
