import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLineParser } from '../../../src/providers/kubernetes/line-parser.js';
import {
  readWatchEvent,
  type WatchEvent,
  watchEventOf,
} from '../../../src/providers/kubernetes/watch-event.js';
import { createWatchState } from '../../../src/providers/kubernetes/watch-state.js';
import type { Revision } from '../../../src/store/journal.js';
import { createStore } from '../../../src/store/store.js';
import { STATES, sessionJson, targetJson } from '../../support/fixtures.js';
import { createManualClock } from '../../support/manual-clock.js';
import { readWatchRecording, WATCH_RECORDINGS } from '../../support/recording.js';

/** A line of a watch. */
function lineOf(targets: readonly unknown[], metadata: object = {}, indent = 0): string {
  const object = { ...sessionJson({ metadata: { ...metadata }, status: { targets } }) };
  return JSON.stringify({ type: 'MODIFIED', object }, null, indent);
}

/** The text of what `JSON.parse` makes of a line, keys in their order; undefined for what is no JSON. */
function expected(line: string): string | undefined {
  try {
    return JSON.stringify(JSON.parse(line));
  } catch {
    return undefined;
  }
}

/** The targets that a parser gives of a line. */
function targetsOf(event: unknown): unknown[] {
  const { object } = Object(event);
  return object.status.targets;
}

/** Texts with all that a line is cut by. */
const texts = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    '},{"name":',
    '"targets":[',
    '}]',
    '\\',
    '{"name":"x"},',
    'tilt-graphql: here are the targets',
  ),
);
const targets = fc.oneof(
  { weight: 4, arbitrary: fc.record({ name: texts, type: texts, state: fc.dictionary(texts, texts) }) },
  { weight: 1, arbitrary: fc.record({ name: texts, parts: fc.array(fc.record({ name: texts })) }) },
  { weight: 1, arbitrary: fc.jsonValue() },
);
/** From one line to the next: targets that change, come and go. */
const steps = fc.record({
  remove: fc.nat(4),
  insert: fc.array(targets, { maxLength: 3 }),
  at: fc.nat(4),
  name: fc.constantFrom('Tiltfile', 'other'),
  annotations: fc.dictionary(texts, texts),
  indent: fc.constantFrom(0, 0, 0, 1),
  /** What is done to the bytes: some are lost, or others come in between. */
  cut: fc.option(fc.record({ at: fc.nat(600), length: fc.nat(3), bytes: fc.uint8Array({ maxLength: 3 }) })),
});

describe('a line parser', () => {
  it.each(WATCH_RECORDINGS)('gives what JSON.parse gives: all lines that Tilt wrote in %s', (name) => {
    const parse = createLineParser();
    for (const { line } of readWatchRecording(name)) {
      expect(JSON.stringify(parse(Buffer.from(line)))).toBe(expected(line));
    }
  });

  it('gives what JSON.parse gives, whatever the lines before it were, and whatever happened to its bytes', () => {
    fc.assert(
      fc.property(fc.array(targets, { maxLength: 4 }), fc.array(steps), (first, all) => {
        const parse = createLineParser();
        let list = first;
        for (const { remove, insert, at, name, annotations, indent, cut } of all) {
          list = list.toSpliced(at, remove, ...insert);
          const whole = Buffer.from(lineOf(list, { name, annotations }, indent));
          const line = cut
            ? Buffer.concat([whole.subarray(0, cut.at), cut.bytes, whole.subarray(cut.at + cut.length)])
            : whole;
          expect(JSON.stringify(parse(line))).toBe(expected(String(line)));
        }
      }),
      { numRuns: 500 },
    );
  });

  it('gives the same objects for targets in the same bytes as in the line before of the Session, and of it alone', () => {
    const parse = createLineParser();
    const [a, b, c] = [targetJson('a'), targetJson('b'), targetJson('c')];
    const before = targetsOf(parse(Buffer.from(lineOf([a, b, c]))));
    targetsOf(parse(Buffer.from(lineOf([a, targetJson('b', STATES.ready), c], { name: 'other' }))));
    const after = targetsOf(parse(Buffer.from(lineOf([a, targetJson('b', STATES.failed), c]))));
    expect(after).toEqual([a, targetJson('b', STATES.failed), c]);
    expect(after[0]).toBe(before[0]);
    expect(after[1]).not.toBe(before[1]);
    expect(after[2]).toBe(before[2]);
  });

  it('takes other lists of that name for what they are', () => {
    const object = sessionJson({ spec: { targets: [targetJson('a')] }, status: { targets: ['b'] } });
    const line = JSON.stringify({ type: 'MODIFIED', object });
    expect(createLineParser()(Buffer.from(line))).toEqual(JSON.parse(line));
  });

  it('takes objects with names inside a target for what they are', () => {
    const parse = createLineParser();
    const odd = { name: 'a', parts: [{ name: 'x' }, { name: 'y' }] };
    for (const list of [[odd], [odd, targetJson('b')], [targetJson('b'), odd]]) {
      expect(targetsOf(parse(Buffer.from(lineOf(list))))).toEqual(list);
    }
  });
});

describe('what is remembered of the line before', () => {
  const names = ['a', 'b', 'c:update', 'd', 'e'];
  const lists = fc.uniqueArray(
    fc.tuple(fc.constantFrom(...names), fc.constantFrom(...Object.values(STATES))),
    { selector: ([name]) => name },
  );

  it('S2, S3: changes nothing of what is stored and told, only how long it takes', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ list: lists, uid: fc.constantFrom('1', '1', '1', '2') })), (news) => {
        const [remembering, plain] = [followLines(), followAnew()];
        for (const [index, { list, uid }] of news.entries()) {
          const raw = list.map(([name, state]) => targetJson(name, state));
          const line = lineOf(raw, { uid, resourceVersion: String(index + 1) });
          remembering.take(line);
          plain.take(line);
        }
        expect(remembering.told).toEqual(plain.told);
        expect(remembering.stored()).toEqual(plain.stored());
      }),
    );
  });

  it('leaves what is wrong wrong, with its place: no target is let through that was not decoded', () => {
    const state = createWatchState('t');
    const parse = createLineParser();
    const take = (list: readonly unknown[], resourceVersion: string) => {
      const line = Buffer.from(lineOf(list, { resourceVersion }));
      return state.event(watchEventOf(parse(line), line));
    };
    const [a, b] = [targetJson('a'), targetJson('b')];
    expect(take([a, b], '1')).toMatchObject([{ type: 'upsert' }]);
    const unreadable = expect.stringContaining('unreadable: status.targets[1].name');
    expect(take([a, { ...b, name: 7 }], '2')).toMatchObject([
      { session: { status: { targets: [{ name: 'a' }, { state: { waitReason: unreadable } }] } } },
    ]);
    expect(take([a, { ...b, name: 'a' }], '3')).toMatchObject([
      { session: { status: { targets: [{ key: 'a' }, { key: 'a#2' }] } } },
    ]);
    expect(take([a, b], '4')).toMatchObject([{ type: 'upsert' }]);
  });
});

/** A store that is told each revision, and what it was told. */
function setUp() {
  const store = createStore({ clock: createManualClock(), epoch: 'e' });
  store.open('test');
  const told: Pick<Revision, 'changes' | 'head' | 'after'>[] = [];
  store.subscribe(({ changes, head, after }) => told.push({ changes, head, after }));
  return { store, told, stored: () => store.get('t/Tiltfile') };
}

/** As a gateway reads a Tilt. */
function followLines() {
  const parse = createLineParser();
  return follow((line) => watchEventOf(parse(line), line));
}

/** Each line for itself. */
function followAnew() {
  return follow((line) => readWatchEvent(String(line)));
}

function follow(read: (line: Buffer) => WatchEvent) {
  const { store, told, stored } = setUp();
  const state = createWatchState('t');
  return {
    told,
    stored,
    take(text: string) {
      for (const change of state.event(read(Buffer.from(text)))) store.apply('test', change);
    },
  };
}
