import { describe, expect, it } from 'vitest';
import { createFollowedLog, followTargetLog, type TargetLog } from '../../../src/cli/watch/target-log.js';
import type { Session } from '../../../src/model/session.js';
import { openDisposableClient } from '../../support/disposable-client.js';
import { withExcerpt } from '../../support/excerpts.js';
import { startMemoryGateway } from '../../support/gateway.js';
import { createTestLog, logLine } from '../../support/log-lines.js';
import { acknowledge, startScriptedGateway } from '../../support/scripted-gateway.js';
import { session } from '../../support/sessions.js';
import { targetFields } from '../../support/target-fields.js';

const SHOP = session('shop', { 'api:update': 'failed', 'api:serve': 'running' });
const SUBJECT = { session: 'shop/Tiltfile', target: targetFields('api:update', 'FAILED') };

/** Follows the log of `api:update` at a gateway. */
function follow(url: string) {
  const client = openDisposableClient({ url });
  const stopping = new AbortController();
  const seen: TargetLog[] = [];
  const done = followTargetLog(client, SUBJECT, (log) => seen.push(log), stopping.signal);
  return {
    seen,
    until: (expected: object) => expect.poll(() => seen.at(-1)).toMatchObject(expected),
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await done;
      await client[Symbol.asyncDispose]();
    },
  };
}

async function startShop(shop: Session = SHOP) {
  const gateway = await startMemoryGateway([shop]);
  return {
    ...gateway,
    setLog: (log: Parameters<typeof gateway.source.setLog>[1]) => gateway.source.setLog('shop/Tiltfile', log),
  };
}

/** Texts of lines of `INFO`. */
function infos(...texts: readonly string[]): object[] {
  return texts.map((text) => ({ text, level: 'INFO' }));
}

describe('the log of a target in watch', () => {
  it('the log of a target has its last lines and new ones, and those of its resource without a target', async () => {
    await using gateway = await startShop();
    const log = createTestLog();
    log.append(
      logLine('one'),
      logLine('of the server', { target: 'api:serve' }),
      logLine('of the resource', { target: null, level: 'warn' }),
      logLine('of another', { target: null, resource: 'web' }),
    );
    gateway.setLog(log);
    await using followed = follow(gateway.url);
    await followed.until({
      state: 'live',
      lines: [...infos('one'), { text: 'of the resource', level: 'WARN' }],
      end: 2,
    });
    log.append(logLine('\u001b[31m  two\u001b[0m ##[error]x\u001b]0;title\u0007'));
    await followed.until({ lines: [{}, {}, ...infos('  two # #[error]x')], end: 3 });
  });

  it('the log of a target keeps the last thousand lines', async () => {
    await using gateway = await startShop();
    const log = createTestLog();
    log.append(...Array.from({ length: 1_000 }, (_, index) => logLine(`line ${index}`)));
    gateway.setLog(log);
    await using followed = follow(gateway.url);
    await followed.until({ end: 1_000 });
    log.append(logLine('one more'));
    await followed.until({ end: 1_001 });
    expect(followed.seen.at(-1)?.lines).toHaveLength(1_000);
  });

  it('without a log, the excerpt of the failure is shown, also when it changes', async () => {
    await using gateway = await startShop(withExcerpt(SHOP, 'api:update', ['one'], { isFinal: false }));
    await using followed = follow(gateway.url);
    await followed.until({ state: 'excerpt', lines: infos('one'), end: 1 });
    gateway.source.put(withExcerpt(SHOP, 'api:update', ['one', 'two']));
    await followed.until({ state: 'excerpt', lines: infos('one', 'two'), end: 2 });
    const log = createTestLog();
    log.append(logLine('zero'));
    gateway.setLog(log);
    await followed.until({ state: 'live', lines: infos('zero') });
    gateway.setLog(null);
    await followed.until({ state: 'excerpt' });
  });

  it('without a log and an excerpt, the log is unavailable', async () => {
    await using gateway = await startShop();
    await using followed = follow(gateway.url);
    await followed.until({ state: 'unavailable', lines: [] });
    expect(followed.seen).toHaveLength(1);
  });

  it('a gateway that does not know logs has none', async () => {
    await using gateway = await startScriptedGateway({
      onMessage(message, socket) {
        acknowledge(message, socket);
        const payload = [{ message: 'Cannot query field "log".' }];
        if (message.type === 'subscribe')
          socket.send(JSON.stringify({ id: message.id, type: 'error', payload }));
      },
    });
    await using followed = follow(gateway.url);
    await followed.until({ state: 'unavailable' });
  });
});

describe('the followed log', () => {
  it('only the log of the last target is shown, and the same target is not followed again', () => {
    const calls: { readonly name: string; readonly signal: AbortSignal; show(log: TargetLog): void }[] = [];
    const shown: TargetLog['state'][] = [];
    const followed = createFollowedLog(
      async ({ target: { name } }, show, signal) => void calls.push({ name, show, signal }),
      ({ state }) => shown.push(state),
    );
    const other = { ...SUBJECT, target: targetFields('web:serve', 'RUNNING') };
    followed.follow(null);
    followed.follow(SUBJECT);
    followed.follow({ ...SUBJECT });
    calls[0]?.show({ state: 'live', lines: [], end: 0 });
    followed.follow(other);
    calls[0]?.show({ state: 'excerpt', lines: [], end: 0 });
    followed.follow(null);
    expect(calls.map(({ name, signal }) => [name, signal.aborted])).toEqual([
      ['api:update', true],
      ['web:serve', true],
    ]);
    expect(shown).toEqual(['loading', 'live', 'loading']);
  });
});
