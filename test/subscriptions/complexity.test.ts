import { describe, expect, it } from 'vitest';
import type { Session } from '../../src/model/session.js';
import { createStore } from '../../src/store/store.js';
import { createManualClock } from '../support/manual-clock.js';
import { layeredSession, nestedBlockers } from '../support/resource-layers.js';
import { session } from '../support/sessions.js';
import { type Subscriber, subscribeTo } from '../support/subscriptions.js';

interface Changes {
  readonly targetChanges: {
    readonly reset: boolean;
    readonly conflated: number;
    readonly changes: readonly { readonly type: string; readonly target: { readonly name: string } }[];
  };
}

const CHANGES =
  'subscription { targetChanges(session: "a/Tiltfile") { reset conflated changes { type target { name } } } }';

function openStore() {
  const store = createStore({ clock: createManualClock(), epoch: 'e' });
  store.open('test');
  return { store, put: (of: Session) => store.apply('test', { type: 'upsert', session: of }) };
}

/** Creates a Session with some targets and `tiltfile:update`. */
function sessionOf(count: number, name = 't', state: 'running' | 'ready' = 'running'): Session {
  return session('a', Object.fromEntries(Array.from({ length: count }, (_, n) => [`${name}${n}`, state])));
}

/** Type and number of the changes in each payload. */
async function summaryOf(reader: Subscriber<Changes>) {
  const payloads = await reader.drain();
  return payloads.map(({ targetChanges: { reset, changes } }) => [reset, changes.length]);
}

describe('the complexity limit of payloads', () => {
  it('S3, S7: a reader whose state is above the limit receives one error, and a reset once the state is within the limit', async () => {
    const { store, put } = openStore();
    const errors: string[] = [];
    const reader = await subscribeTo<Changes>(
      store,
      CHANGES,
      {},
      { complexity: 100, onError: (code) => errors.push(code) },
    );
    expect(await summaryOf(reader)).toEqual([[true, 0]]);
    put(sessionOf(300));
    expect(await summaryOf(reader)).toEqual([]);
    put(sessionOf(300, 't', 'ready'));
    expect(await summaryOf(reader)).toEqual([]);
    expect(errors).toEqual(['QUERY_TOO_COMPLEX']);
    put(sessionOf(2));
    expect(await summaryOf(reader)).toEqual([[true, 3]]);
    put(sessionOf(2, 't', 'ready'));
    expect(await summaryOf(reader)).toEqual([[false, 2]]);
    put(sessionOf(300));
    await reader.drain();
    expect(errors).toEqual(['QUERY_TOO_COMPLEX', 'QUERY_TOO_COMPLEX']);
  });

  it('S3: an update above the limit is replaced by a reset if the complete state is within the limit', async () => {
    const { store, put } = openStore();
    put(sessionOf(20, 'old'));
    const reader = await subscribeTo<Changes>(store, CHANGES, {}, { complexity: 100 });
    expect(await summaryOf(reader)).toEqual([[true, 21]]);
    // 20 targets are deleted and 20 are added.
    put(sessionOf(20, 'new'));
    put(sessionOf(20, 'new', 'ready'));
    expect(await summaryOf(reader)).toEqual([[true, 21]]);
    put(sessionOf(20, 'new'));
    expect(await summaryOf(reader)).toEqual([[false, 20]]);
  });

  it('S4: a missed update above the limit is replaced by a reset, which no older update follows', async () => {
    const { store, put } = openStore();
    put(sessionOf(20, 'old'));
    const lastEventId = store.cursor();
    put(sessionOf(20, 'new'));
    put(sessionOf(20, 'new', 'ready'));
    put(sessionOf(20, 'new'));
    const reader = await subscribeTo<Changes>(store, CHANGES, {}, { complexity: 100, lastEventId });
    expect(await summaryOf(reader)).toEqual([[true, 21]]);
  });

  it('S5: a slow reader that missed a payload receives one reset after it drains', async () => {
    const { store, put } = openStore();
    const errors: string[] = [];
    const reader = await subscribeTo<Changes>(
      store,
      CHANGES,
      {},
      { complexity: 100, onError: (code) => errors.push(code) },
    );
    put(sessionOf(300));
    await reader.drain();
    reader.pause();
    put(sessionOf(3));
    put(sessionOf(2));
    expect(await summaryOf(reader)).toEqual([]);
    reader.resume();
    const [payload, ...others] = await reader.drain();
    expect(payload?.targetChanges).toMatchObject({ reset: true, conflated: 2 });
    expect(others).toEqual([]);
    expect(errors).toEqual(['QUERY_TOO_COMPLEX']);
  });

  it('applies to nested blockers that are known only after a reader has subscribed', async () => {
    const { store, put } = openStore();
    const errors: string[] = [];
    const query = `subscription ${nestedBlockers(7)}`;
    const reader = await subscribeTo(store, query, {}, { onError: (code) => errors.push(code) });
    expect(await reader.drain()).toEqual([{ session: null }]);
    put(layeredSession(7, 12));
    expect(await reader.drain()).toEqual([]);
    expect(errors).toEqual(['QUERY_TOO_COMPLEX']);
  });

  it('applies to nested blockers of the newest state, which those of an earlier update in the same tick are', async () => {
    const { store, put } = openStore();
    const errors: string[] = [];
    const query = `subscription ${nestedBlockers(7)}`;
    const reader = await subscribeTo(store, query, {}, { onError: (code) => errors.push(code) });
    await reader.drain();
    const { facts: _, ...unexplained } = layeredSession(7, 12);
    put(unexplained);
    put(layeredSession(7, 12));
    expect(await reader.drain()).toEqual([]);
    expect(errors).toEqual(['QUERY_TOO_COMPLEX']);
  });

  it('does not reject updates that grow slowly and stay within the limit', async () => {
    const { store, put } = openStore();
    const query = `subscription ${nestedBlockers(2)}`;
    const reader = await subscribeTo(store, query);
    await reader.drain();
    for (let width = 1; width <= 12; width += 1) {
      put(layeredSession(2, width));
      expect(await reader.drain()).toHaveLength(1);
    }
  });
});
