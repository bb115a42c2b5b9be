import { describe, expect, it } from 'vitest';
import type { Session } from '../../src/model/session.js';
import type { LogChange } from '../../src/nats/log-change.js';
import { createStore, DEFAULT_RETAIN_MS, type Store } from '../../src/store/store.js';
import { createManualClock } from '../support/manual-clock.js';
import { explained, resourceFacts } from '../support/resource-facts.js';
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

interface TargetsPayload {
  readonly targetChanges: {
    readonly cursor: string;
    readonly reset: boolean;
    readonly changes: readonly {
      readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
      readonly target: { readonly name: string; readonly phase: string };
    }[];
  };
}

const TARGET_CHANGES = `subscription ($session: ID, $where: TargetFilter, $since: String) {
  targetChanges(session: $session, where: $where, since: $since) {
    cursor reset changes { type target { name phase } }
  }
}`;

const LINT = 'lint:update';

/** A Session whose manual resource `lint` is in a state; `waits` has the reason that Tilt gives for none. */
function manual(state: 'succeeded' | 'running' | 'waits', hasPendingChanges = false): Session {
  const of = session('a', { [LINT]: state === 'waits' ? 'waiting' : state });
  const targets = of.status.targets.map((target) =>
    target.name === LINT && state === 'waits'
      ? { ...target, state: { is: 'waiting' as const, waitReason: 'unknown' } }
      : target,
  );
  const lint = resourceFacts('lint', { triggerMode: 'manual', hasPendingChanges, lastUpdate: null });
  return explained({ ...of, status: { ...of.status, targets } }, [lint]);
}

describe('S3: a reader of targets that moves to another gateway', () => {
  /** Reads the changes of both gateways. The first one has seen that `lint` has run. */
  async function move(where: object | null, id: string | null, ...later: readonly Session[]) {
    const { first, second } = setUp();
    const write = (store: Store, state: Session, number: number) =>
      store.apply(SOURCE, { type: 'upsert', session: state, at: at(number) });
    write(first, manual('succeeded'), 2);
    write(first, manual('waits'), 3);
    second.apply(SOURCE, { type: 'snapshot', sessions: [manual('waits')], at: at(3) });
    const held = new Map<string, string>();
    let since: string | null = null;
    for (const store of [first, second]) {
      if (store === second) for (const [index, state] of later.entries()) write(store, state, index + 4);
      const variables: Record<string, unknown> = { session: id, where, since };
      const reader = await subscribeTo<TargetsPayload>(store, TARGET_CHANGES, variables);
      for (const { targetChanges } of await reader.drain()) {
        if (targetChanges.reset) held.clear();
        for (const { type, target } of targetChanges.changes) {
          if (type === 'DELETED') held.delete(target.name);
          else held.set(target.name, target.phase);
        }
        since = targetChanges.cursor;
      }
      reader.end();
    }
    return held.get(LINT);
  }

  it.each([
    [null, 'a/Tiltfile', 'WAITING'],
    [null, null, 'WAITING'],
    [{ phase: ['UNTRIGGERED'] }, 'a/Tiltfile', undefined],
    [{ phase: ['WAITING'] }, 'a/Tiltfile', 'WAITING'],
  ])(
    'does not keep a target as UNTRIGGERED that waits at the second one: %j %j',
    async (where, id, expected) => {
      expect(await move(where, id)).toBe(expected);
    },
  );

  it('does not keep a target as UNTRIGGERED that has left this phase meanwhile', async () => {
    const where = { phase: ['UNTRIGGERED'] };
    expect(await move(where, 'a/Tiltfile', manual('running'))).toBeUndefined();
  });

  it('S4: is sent only the changes if both gateways have the same phases', async () => {
    const { first, second } = setUp();
    for (const store of [first, second]) {
      store.apply(SOURCE, { type: 'upsert', session: manual('waits', true), at: at(2) });
    }
    const since = first.cursor();
    second.apply(SOURCE, { type: 'upsert', session: manual('running', true), at: at(3) });
    const reader = await subscribeTo<TargetsPayload>(second, TARGET_CHANGES, {
      session: 'a/Tiltfile',
      since,
    });
    const payloads = (await reader.drain()).map(({ targetChanges }) => targetChanges);
    reader.end();
    expect(payloads.map(({ reset, changes }) => [reset, changes.length])).toEqual([
      [false, 1],
      [false, 0],
    ]);
  });
});
