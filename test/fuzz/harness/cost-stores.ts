import { decodeSession } from '../../../src/model/decode.js';
import { DEMO_ANNOTATION } from '../../../src/model/session.js';
import { createStore, type Store } from '../../../src/store/store.js';
import { createManualClock } from '../../support/manual-clock.js';
import { sessionJson } from '../../support/session-json.js';
import { states } from '../../support/sessions.js';

/** A store with Sessions of `s0`, `s1`, …, each of so many targets: of several resources or none, with a history. */
export function storeOf(sizes: readonly number[]): Store {
  const store = createStore({ clock: createManualClock(), epoch: 'fuzz' });
  store.open('fuzz');
  for (const round of [0, 1, 2]) {
    for (const [index, size] of sizes.entries()) {
      const session = decodeSession(rawSession(size, round), `s${index}`);
      store.apply('fuzz', { type: 'upsert', session });
    }
  }
  return store;
}

/** The same, with all Sessions but the last GONE: that one is meant where no id is given. */
export function storeWithOneLive(sizes: readonly number[]): Store {
  const store = storeOf(sizes);
  for (const id of store.ids().slice(0, -1)) store.apply('fuzz', { type: 'remove', id });
  return store;
}

/** A demonstration, and one Session: that one is meant where no id is given. */
export function storeWithDemo(size: number): Store {
  const store = storeOf([size]);
  const session = decodeSession(rawSession(2, 0, { [DEMO_ANNOTATION]: 'true' }), 'demo');
  store.apply('fuzz', { type: 'upsert', session });
  return store;
}

function rawSession(size: number, round: number, annotations: Record<string, string> = { c: '3' }): object {
  const all = Object.values(states);
  const targets = Array.from({ length: size }, (_, n) => ({
    name: `t${n}:serve`,
    type: n % 2 === 0 ? 'server' : 'job',
    resources: [[], ['api'], ['api', 'both', `r${n}`]][n % 3],
    state: all[(n + round) % all.length],
  }));
  const json = sessionJson({ uid: 'fuzz', targets });
  const metadata = { ...json.metadata, labels: { a: '1', b: '2' }, annotations, finalizers: ['d', 'e'] };
  return { ...json, metadata };
}
