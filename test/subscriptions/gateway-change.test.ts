import { describe, expect, it } from 'vitest';
import type { LogChange } from '../../src/nats/log-change.js';
import { createStore, DEFAULT_RETAIN_MS, type Store } from '../../src/store/store.js';
import { createManualClock } from '../support/manual-clock.js';
import { session } from '../support/sessions.js';
import { subscribeTo } from '../support/subscriptions.js';

const SOURCE = 'bucket';

interface Payload {
  readonly sessionChanges: {
    readonly cursor: string;
    readonly reset: boolean;
    readonly conflated: number;
    readonly changes: readonly {
      readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
      readonly session: { readonly id: string; readonly connection: { readonly state: string } };
    }[];
  };
}

const SESSION_CHANGES = `subscription ($where: SessionFilter, $since: String) {
  sessionChanges(where: $where, since: $since) {
    cursor reset conflated changes { type session { id connection { state } } }
  }
}`;

/** Gateways that read the same log, each with its own view of who is silent. */
function setUp(...instances: string[]) {
  const clock = createManualClock();
  const open = (epoch: string) => {
    const store = createStore({ clock, epoch, sharedSource: SOURCE });
    store.open(SOURCE);
    store.apply(SOURCE, {
      type: 'snapshot',
      sessions: instances.map((instance) => session(instance)),
      at: at(1),
    });
    return store;
  };
  return { clock, first: open('e1'), second: open('e2') };
}

function at(number: number) {
  return { log: 'log1', number };
}

const GONE = { state: 'gone' as const, since: '2026-11-22T11:00:00.000000Z', error: 'tilt exited' };

/** A state of `a/Tiltfile`, each of another run. */
function upsert(number: number, connection?: typeof GONE): LogChange {
  const state = session('a', {}, { uid: `run-${number}` });
  return { type: 'upsert', session: state, at: at(number), ...(connection && { connection }) };
}

/** A client that clears on `reset` and applies the changes. */
function createClient(where: object | null) {
  const held = new Map<string, string>();
  let cursor: string | null = null;
  return {
    held,
    /** Reads the payloads of a gateway up to the end of the tick, and leaves it. */
    async visit(store: Store) {
      const reader = await subscribeTo<Payload>(store, SESSION_CHANGES, { where, since: cursor });
      const payloads = (await reader.drain()).map(({ sessionChanges }) => sessionChanges);
      reader.end();
      for (const { reset, changes, ...payload } of payloads) {
        if (reset) held.clear();
        for (const { type, session: shown } of changes) {
          if (type === 'DELETED') held.delete(shown.id);
          else held.set(shown.id, shown.connection.state);
        }
        cursor = payload.cursor;
      }
      return payloads;
    },
  };
}

const DISCONNECTED: LogChange = { type: 'stale', error: 'the gateway has lost its connection to NATS' };

describe('S3: a reader of Sessions that moves to another gateway', () => {
  it.each([
    [{ connection: ['STALE'] }],
    [{ verdict: ['UNKNOWN'] }],
    [{ connection: ['STALE'], instance: 'a*' }],
  ])('does not keep a Session that matches only at the first one: %j', async (where) => {
    const { first, second } = setUp('a');
    first.apply(SOURCE, DISCONNECTED);
    const client = createClient(where);
    await client.visit(first);
    expect([...client.held]).toEqual([['a/Tiltfile', 'STALE']]);
    const payloads = await client.visit(second);
    expect(payloads.map(({ reset }) => reset)).toEqual([false]);
    expect([...client.held]).toEqual([]);
  });

  it('receives a Session that matches only at the second one', async () => {
    const { first, second } = setUp('a');
    second.apply(SOURCE, DISCONNECTED);
    const client = createClient({ connection: ['STALE'] });
    await client.visit(first);
    await client.visit(second);
    expect([...client.held]).toEqual([['a/Tiltfile', 'STALE']]);
  });

  it('S5: does not keep a Session that matches only at the first one, also if its updates are merged', async () => {
    const { first, second } = setUp('a');
    first.apply(SOURCE, DISCONNECTED);
    const client = createClient({ connection: ['STALE', 'GONE'] });
    await client.visit(first);
    for (let number = 2; number <= 81; number += 2) {
      second.apply(SOURCE, upsert(number, GONE));
      second.apply(SOURCE, upsert(number + 1));
    }
    const [payload, ...rest] = await client.visit(second);
    expect(rest).toEqual([]);
    expect(payload).toMatchObject({ reset: false, conflated: 81 });
    expect([...client.held]).toEqual([]);
  });

  it('does not keep a Session that matched at the first one and was deleted since', async () => {
    const { clock, first, second } = setUp('a');
    first.apply(SOURCE, DISCONNECTED);
    const client = createClient({ connection: ['STALE'] });
    await client.visit(first);
    second.apply(SOURCE, { type: 'remove', id: 'a/Tiltfile', at: at(2) });
    await clock.advance(DEFAULT_RETAIN_MS);
    expect(second.get('a/Tiltfile')).toBeNull();
    await client.visit(second);
    expect([...client.held]).toEqual([]);
  });

  it.each([[null], [{ instance: 'b' }], [{ target: { phase: ['FAILED'] } }]])(
    'S6: receives no deletion if the filter has the same result at all gateways: %j',
    async (where) => {
      const { first, second } = setUp('a', 'b');
      const client = createClient(where);
      await client.visit(first);
      const payloads = await client.visit(second);
      expect(payloads.flatMap(({ changes }) => changes.filter(({ type }) => type === 'DELETED'))).toEqual([]);
    },
  );

  it('S6: receives no deletion of a Session that its filter never shows', async () => {
    const { first, second } = setUp('a', 'b');
    const client = createClient({ connection: ['STALE'], instance: 'b' });
    await client.visit(first);
    const payloads = await client.visit(second);
    expect(payloads.flatMap(({ changes }) => changes.map(({ session: { id } }) => id))).toEqual([
      'b/Tiltfile',
    ]);
  });
});
