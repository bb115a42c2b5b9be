import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Change } from '../../../src/model/change.js';
import { decodeSession } from '../../../src/model/decode.js';
import { readWatchEvent, type WatchEvent } from '../../../src/providers/kubernetes/list-watch.js';
import { createWatchReader } from '../../../src/providers/kubernetes/watch-reader.js';
import { createWatchState } from '../../../src/providers/kubernetes/watch-state.js';
import type { Revision } from '../../../src/store/journal.js';
import { createStore } from '../../../src/store/store.js';
import { createManualClock } from '../../support/manual-clock.js';
import { type Json, RAW_STATES, rawSession, rawTarget } from '../../support/raw-session.js';
import { readWatchRecording, WATCH_RECORDINGS } from '../../support/recording.js';

/** A line of a watch. */
function lineOf(targets: readonly unknown[], metadata: object = {}, indent = 0): string {
  const object = { ...rawSession({ metadata: { ...metadata }, status: { targets } }) };
  return JSON.stringify({ type: 'MODIFIED', object }, null, indent);
}

/** An event without its reused targets. */
function withoutReuse(event: WatchEvent): WatchEvent {
  if (event.type !== 'put') return event;
  const { identity, session } = event.object;
  return { type: 'put', object: { identity, session } };
}

/** Targets of an event, and the indices of those that were decoded again. */
function targetsOf(event: WatchEvent) {
  if (event.type !== 'put' || typeof event.object.session === 'string') throw new Error('expected a Session');
  const { session, reuse } = event.object;
  return { targets: session.status.targets, reuse };
}

/** Strings that contain everything at which a line is split. */
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
/** Difference between two lines: targets that are changed, added and removed. */
const steps = fc.record({
  remove: fc.nat(4),
  insert: fc.array(targets, { maxLength: 3 }),
  at: fc.nat(4),
  name: fc.constantFrom('Tiltfile', 'other'),
  annotations: fc.dictionary(texts, texts),
  indent: fc.constantFrom(0, 0, 0, 1),
  /** Damage of the bytes: some are removed, others are inserted. */
  cut: fc.option(fc.record({ at: fc.nat(600), length: fc.nat(3), bytes: fc.uint8Array({ maxLength: 3 }) })),
});

describe('createWatchReader', () => {
  it.each(WATCH_RECORDINGS)('returns the same events as readWatchEvent for the recording %s', (name) => {
    const read = createWatchReader('t');
    for (const { line } of readWatchRecording(name)) {
      expect(withoutReuse(read(Buffer.from(line)))).toEqual(readWatchEvent(line, 't'));
    }
  });

  it('returns the same events as readWatchEvent after any sequence of lines with any modification of their bytes', () => {
    fc.assert(
      fc.property(fc.array(targets, { maxLength: 4 }), fc.array(steps), (first, all) => {
        const read = createWatchReader('t');
        let list = first;
        for (const { remove, insert, at, name, annotations, indent, cut } of all) {
          list = list.toSpliced(at, remove, ...insert);
          const whole = Buffer.from(lineOf(list, { name, annotations }, indent));
          const line = cut
            ? Buffer.concat([whole.subarray(0, cut.at), cut.bytes, whole.subarray(cut.at + cut.length)])
            : whole;
          const event = read(line);
          expect(withoutReuse(event)).toEqual(readWatchEvent(line, 't'));
          expectTruthfulReuse(event);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('returns the targets whose bytes differ from the previous line of the same Session', () => {
    const read = createWatchReader('t');
    const [a, b, c] = [rawTarget('a'), rawTarget('b'), rawTarget('c')];
    const before = read(Buffer.from(lineOf([a, b, c])));
    read(Buffer.from(lineOf([a, rawTarget('b', RAW_STATES.ready), c], { name: 'other' })));
    const after = read(Buffer.from(lineOf([a, rawTarget('b', RAW_STATES.failed), c])));
    expect(targetsOf(before).reuse).toBeUndefined();
    expect(targetsOf(after)).toMatchObject({
      targets: [{ name: 'a' }, { name: 'b', state: { is: 'terminated' } }, { name: 'c' }],
      reuse: { from: { status: { targets: targetsOf(before).targets } }, changedTargets: [1] },
    });
  });

  it('is not misled by other lists called targets', () => {
    const object = rawSession({ spec: { targets: [rawTarget('a')] }, status: { targets: ['b'] } });
    const line = JSON.stringify({ type: 'MODIFIED', object });
    expect(createWatchReader('t')(Buffer.from(line))).toEqual(readWatchEvent(line, 't'));
  });

  it('is not misled by objects with names inside a target', () => {
    const read = createWatchReader('t');
    const odd = { name: 'a', parts: [{ name: 'x' }, { name: 'y' }] };
    const plain = { name: 'b' };
    for (const list of [[odd], [odd, plain], [plain, odd]]) {
      const { targets } = targetsOf(read(Buffer.from(lineOf(list))));
      expect(targets.map(({ name }) => name)).toEqual(list.map(({ name }) => name));
    }
  });
});

/** Whether all targets outside `changedTargets` are the same objects as before. */
function expectTruthfulReuse(event: WatchEvent): void {
  if (event.type !== 'put' || typeof event.object.session === 'string' || !event.object.reuse) return;
  const { from, changedTargets } = event.object.reuse;
  const { targets } = event.object.session.status;
  expect(targets).toHaveLength(from.status.targets.length);
  for (const [index, target] of targets.entries()) {
    expect(target.key).toBe(from.status.targets[index]?.key);
    if (!changedTargets.includes(index)) expect(target).toEqual(from.status.targets[index]);
  }
}

describe('cached lines of createWatchReader', () => {
  const names = ['a', 'b', 'c:update', 'd', 'e'];
  const states = fc.constantFrom(...Object.values(RAW_STATES));
  const lists = fc.oneof(
    // Mostly the same targets, some of which change.
    { weight: 4, arbitrary: fc.tuple(...names.map((name) => fc.tuple(fc.constant(name), states))) },
    {
      weight: 1,
      arbitrary: fc.uniqueArray(fc.tuple(fc.constantFrom(...names), states), { selector: ([name]) => name }),
    },
  );
  const news = fc.record({
    // Mostly lines of the watch; sometimes a list, or another source that owns the Session for a while.
    by: fc.constantFrom('line', 'line', 'line', 'line', 'list', 'other source', 'nobody else'),
    list: lists,
    uid: fc.constantFrom('1', '1', '1', '2'),
    /** Difference of the version to the previous one. Old lines are dropped. */
    step: fc.integer({ min: -1, max: 3 }),
  });

  it('S2, S3: change nothing in the records and revisions of the store', () => {
    fc.assert(
      fc.property(fc.array(news), (all) => {
        const [caching, plain] = [followLines(), followWithoutCache()];
        let version = 10;
        for (const { by, list, uid, step } of all) {
          version += step;
          const raw = list.map(([name, state]) => rawTarget(name, state));
          for (const { take } of [caching, plain]) take(by, raw, { uid, resourceVersion: String(version) });
        }
        expect(caching.revisions).toEqual(plain.revisions);
        expect(caching.stored()).toEqual(plain.stored());
      }),
    );
  });

  it('reach the store as changedTargets only while the previous line was the last state of its Session', () => {
    const { take, changes } = followLines();
    const [a, b] = [rawTarget('a'), rawTarget('b')];
    const ready = rawTarget('b', RAW_STATES.ready);
    take('line', [a, b], { uid: '1', resourceVersion: '10' });
    take('line', [a, ready], { uid: '1', resourceVersion: '11' });
    expect(changes.at(-1)).toMatchObject({ type: 'upsert', changedTargets: [1] });
    // Out of order, so it is dropped, although it is the previous line of the next one.
    take('line', [a, b], { uid: '1', resourceVersion: '10' });
    take('line', [a, b], { uid: '1', resourceVersion: '12' });
    expect(changes.at(-1)).not.toHaveProperty('changedTargets');
    take('list', [a, ready], { uid: '1', resourceVersion: '13' });
    take('line', [a, b], { uid: '1', resourceVersion: '14' });
    expect(changes.at(-1)).not.toHaveProperty('changedTargets');
  });

  it('never let a target through that was not decoded: errors stay errors, with their field', () => {
    const state = createWatchState('t');
    const read = createWatchReader('t');
    const take = (list: readonly unknown[], resourceVersion: string) =>
      state.event(read(Buffer.from(lineOf(list, { resourceVersion }))));
    const [a, b] = [rawTarget('a'), rawTarget('b')];
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

  it('rejects a Session in which more than 1,000 known targets become unreadable', () => {
    const state = createWatchState('t');
    const read = createWatchReader('t');
    const take = (list: readonly unknown[], resourceVersion: string) =>
      state.event(read(Buffer.from(lineOf(list, { resourceVersion }))));
    const valid = Array.from({ length: 1_001 }, (_, index) => rawTarget(`t${index}`));
    expect(take(valid, '1')).toMatchObject([{ type: 'upsert' }]);
    const invalid = valid.map(({ name }) => ({ name, type: 7 }));
    expect(take(invalid, '2')).toMatchObject([
      { type: 'stale', error: expect.stringContaining('at most 1000 unreadable targets') },
    ]);
  });
});

/** A store and its revisions. */
function setUp() {
  const store = createStore({ clock: createManualClock(), epoch: 'e' });
  store.open('test');
  const revisions: Pick<Revision, 'changes' | 'sessionChanged' | 'after'>[] = [];
  store.subscribe(({ changes, sessionChanged, after }) => revisions.push({ changes, sessionChanged, after }));
  return { store, revisions, stored: () => store.get('t/Tiltfile') };
}

/** Reads lines as a gateway does. */
function followLines() {
  return follow(createWatchReader('t'));
}

/** Reads each line separately. */
function followWithoutCache() {
  return follow((line) => readWatchEvent(line, 't'));
}

function follow(read: (line: Buffer) => WatchEvent) {
  const { store, revisions, stored } = setUp();
  const state = createWatchState('t');
  const changes: Change[] = [];
  store.open('other');
  return { revisions, stored, changes, take };

  function take(by: string, targets: readonly unknown[], metadata: Json): void {
    const object = rawSession({ metadata, status: { targets } });
    if (by === 'nobody else') store.apply('other', { type: 'snapshot', sessions: [] });
    else if (by === 'other source')
      store.apply('other', { type: 'upsert', session: decodeSession(object, 't') });
    else if (by === 'list') applyAll(state.list({ resourceVersion: '', items: [object] }));
    else applyAll(state.event(read(Buffer.from(lineOf(targets, metadata)))));
  }

  function applyAll(all: readonly Change[]): void {
    for (const change of all) {
      changes.push(change);
      store.apply('test', change);
    }
  }
}
