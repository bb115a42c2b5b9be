import { decodeSession } from '../../../src/model/decode.js';
import type { SessionLog } from '../../../src/model/log.js';
import { DEMO_ANNOTATION, type Session } from '../../../src/model/session.js';
import { createStore, type Store } from '../../../src/store/store.js';
import { withFacts } from '../../support/facts.js';
import { createTestLog, logLine, targetExcerpt } from '../../support/log-lines.js';
import { createManualClock } from '../../support/manual-clock.js';
import { sessionJson } from '../../support/session-json.js';
import { states } from '../../support/sessions.js';

/**
 * Creates a store with the sessions `s0`, `s1`, … that have `sizes` targets, with zero to three resources
 * each and a history.
 */
export function storeWith(sizes: readonly number[]): Store {
  const store = createStore({ clock: createManualClock(), epoch: 'fuzz' });
  store.open('fuzz');
  for (const round of [0, 1, 2]) {
    for (const [index, size] of sizes.entries()) {
      const session = decodeSession(rawSession(size, round), `s${index}`);
      const excerpts = session.status.targets.map(({ key }) => targetExcerpt(key));
      store.apply('fuzz', { type: 'upsert', session: withFacts(session, {}, { excerpts }) });
      store.apply('fuzz', { type: 'log', id: session.id, log: logOf(session) });
    }
  }
  return store;
}

/** A log with some lines of each target, and of resources without a target. */
function logOf({ status }: Session): SessionLog {
  const log = createTestLog();
  for (const { key, resources } of status.targets) {
    const resource = resources[0] ?? 'api';
    log.append(logLine('one', { resource, target: key }), logLine('two', { resource, target: null }));
  }
  return log;
}

/** The same with all sessions GONE except the last, which is the default when no id is given. */
export function storeWithOneLive(sizes: readonly number[]): Store {
  const store = storeWith(sizes);
  for (const id of store.ids().slice(0, -1)) store.apply('fuzz', { type: 'remove', id });
  return store;
}

/** A store with the demo and one session, which is the default when no id is given. */
export function storeWithDemo(size: number): Store {
  const store = storeWith([size]);
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
