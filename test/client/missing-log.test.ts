import { describe, expect, it } from 'vitest';
import { findMissingLog } from '../../src/client/missing-log.js';
import { untilAborted } from '../../src/lib/clock.js';
import type { SessionProvider } from '../../src/providers/provider.js';
import { openDisposableClient } from '../support/disposable-client.js';
import { startGateway } from '../support/gateway.js';
import { session } from '../support/sessions.js';

const { signal } = new AbortController();
const ID = 'tilt-default/Tiltfile';

/** A source of one Session that cannot provide some kinds of objects. */
function createSource(name: string, unavailable: Readonly<Record<string, string>>): SessionProvider {
  return {
    name,
    async watch(push, stop) {
      push({ type: 'snapshot', sessions: [session(name)] });
      for (const [kind, error] of Object.entries(unavailable)) push({ type: 'availability', kind, error });
      await untilAborted(stop);
    },
  };
}

describe('the reason why a Session has no log', () => {
  it.each([
    [
      'that of its own source',
      [
        createSource('tilt', { logs: 'logs: of another source' }),
        createSource('tilt-default', { clusters: 'clusters: 404', logs: 'logs: the token was rejected' }),
      ],
      { is: 'unreadable', reason: 'the token was rejected' },
    ],
    [
      'the missing option if its source gives no reason',
      [createSource('tilt-default', { clusters: 'clusters: 404' })],
      { is: 'off' },
    ],
    [
      'the other gateway if it comes from a source of many Tilts',
      [createSource('fleet', {})],
      { is: 'elsewhere' },
    ],
  ])('is %s', async (_, providers, expected) => {
    await using gateway = await startGateway({ providers });
    await gateway.gateway.ready();
    await using client = openDisposableClient({ url: gateway.url });
    expect(await findMissingLog(client, ID, signal)).toEqual(expected);
  });

  it('is the missing option if the gateway does not answer', async () => {
    await using client = openDisposableClient({ url: 'http://127.0.0.1:1' });
    expect(await findMissingLog(client, ID, signal)).toEqual({ is: 'off' });
  });
});
