import type { Session } from '../../../src/model/session.js';
import { sessionAt } from '../data/session.js';
import type { Library } from './library.js';

/** Something that is stored, and an update of it that comes again and again. */
export interface Case {
  readonly name: string;
  /** Two updates in turn, as bytes: each changes one target. */
  readonly texts: readonly [string, string];
  /** Decodes what `JSON.parse` gave, finds what changed, and stores it. */
  apply(value: unknown): void;
}

/** One big Session, which Tilt sends whole whatever changes. */
export function oneSession(library: Library, targets: number): Case {
  const store = storeWith(library, []);
  return {
    name: `one Session of ${count(targets)} targets`,
    texts: [textOf(targets, 0), textOf(targets, 1)],
    apply: (value) =>
      store.apply(SOURCE, { type: 'upsert', session: library.decodeSession(value, instanceAt(0)) }),
  };
}

/** Many Sessions, all listed anew, as after a break of the link. */
export function listAnew(library: Library, sessions: number): Case {
  const store = storeWith(library, []);
  const others = Array.from({ length: sessions - 1 }, () => textOf(TARGETS, 0));
  return {
    name: `${count(sessions)} Sessions listed anew, one changed`,
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

/** Many Sessions, one of which is updated. */
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

/** How many targets a Session of many has. */
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
