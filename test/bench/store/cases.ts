import type { Session } from '../../../src/model/session.js';
import { sessionAt } from '../data/session.js';
import type { Library } from './library.js';

/** A stored state and an update that is applied repeatedly. */
export interface Case {
  readonly name: string;
  /** Two alternating updates as JSON. Each changes one target. */
  readonly texts: readonly [string, string];
  /** Decodes the parsed JSON, computes the changes and stores the result. */
  apply(value: unknown): void;
}

/** One large session. Tilt sends it whole at every change. */
export function oneSession(library: Library, targets: number): Case {
  const store = storeWith(library, []);
  return {
    name: `one Session of ${count(targets)} targets`,
    texts: [textOf(targets, 0), textOf(targets, 1)],
    apply: (value) =>
      store.apply(SOURCE, { type: 'upsert', session: library.decodeSession(value, instanceAt(0)) }),
  };
}

/** Many sessions in a new list, as after a reconnect. */
export function relist(library: Library, sessions: number): Case {
  const store = storeWith(library, []);
  const others = Array.from({ length: sessions - 1 }, () => textOf(TARGETS, 0));
  return {
    name: `${count(sessions)} Sessions relisted, one changed`,
    texts: [`[${[textOf(TARGETS, 0), ...others]}]`, `[${[textOf(TARGETS, 1), ...others]}]`],
    apply(value) {
      if (!Array.isArray(value)) throw new Error('Expected a list.');
      store.apply(SOURCE, {
        type: 'snapshot',
        sessions: value.map((item, index) => library.decodeSession(item, instanceAt(index))),
      });
    },
  };
}

/** Many sessions, one of which is updated. */
export function oneOfMany(library: Library, sessions: number): Case {
  const text = textOf(TARGETS, 0);
  const all = Array.from({ length: sessions }, (_, index) =>
    library.decodeSession(JSON.parse(text), instanceAt(index)),
  );
  const store = storeWith(library, all);
  return {
    name: `one of ${count(sessions)} Sessions`,
    texts: [textOf(TARGETS, 1), text],
    apply: (value) =>
      store.apply(SOURCE, { type: 'upsert', session: library.decodeSession(value, instanceAt(0)) }),
  };
}

const SOURCE = 'bench';

/** Number of targets of a session among many. */
const TARGETS = 10;

function storeWith({ createStore, systemClock }: Library, sessions: readonly Session[]) {
  const store = createStore({ clock: systemClock, epoch: 'bench' });
  store.open(SOURCE);
  store.apply(SOURCE, { type: 'snapshot', sessions });
  return store;
}

function textOf(targets: number, n: number): string {
  return JSON.stringify(sessionAt({ services: targets / 2, stream: 0, n }));
}

function instanceAt(index: number): string {
  return `machine-${index}`;
}

function count(number: number): string {
  return number.toLocaleString('en');
}
