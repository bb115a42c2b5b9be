import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Change, StaleState } from '../../../src/model/change.js';
import { decodeSession } from '../../../src/model/decode.js';
import { decodeObject } from '../../../src/providers/kubernetes/list-watch.js';
import { identityOf } from '../../../src/providers/kubernetes/object-identity.js';
import { createWatchState } from '../../../src/providers/kubernetes/watch-state.js';
import { brokenSessionJson, type SessionJson, sessionJson } from '../../support/session-json.js';

const ID = 'tilt-default/Tiltfile';

/** An object, by default of uid `a`. */
const object = (resourceVersion: string, options: { uid?: string; name?: string } = {}) =>
  sessionJson({ uid: 'a', ...options, resourceVersion, status: { pid: Number(resourceVersion) || 0 } });
const broken = (resourceVersion: string, uid = 'a') => brokenSessionJson({ uid, resourceVersion });
const session = (json: SessionJson) => decodeSession(json, 'tilt-default');
const listOf = (...items: unknown[]) => ({ resourceVersion: '100', items });

/** A watch state to which a list of the items was applied. */
function stateWith(...items: unknown[]) {
  const state = createWatchState('tilt-default');
  state.list(listOf(...items));
  return state;
}

const put = (json: unknown, source = 'tilt-default') =>
  ({ type: 'put', object: decodeObject(json, source) }) as const;
const remove = (json: unknown, source = 'tilt-default') =>
  ({ type: 'delete', identity: identityOf(json, source) }) as const;
const upsert = (json: SessionJson): Change => ({ type: 'upsert', session: session(json) });
const snapshot = (...all: SessionJson[]): Change => ({ type: 'snapshot', sessions: all.map(session) });
/** A snapshot in which some states are not the newest. */
const staleSnapshot = (stale: StaleState[], ...all: SessionJson[]) => ({ ...snapshot(...all), stale });
const NOT_DECODED = { id: ID, error: expect.stringContaining('status.pid: expected a whole number') };
const STALE = { type: 'stale', ...NOT_DECODED };

describe('createWatchState, within one uid', () => {
  test('a later version counts', () => {
    expect(stateWith(object('9')).event(put(object('10')))).toEqual([upsert(object('10'))]);
  });

  test('a repeated version, as when a watch starts with the objects of the list, changes nothing', () => {
    expect(stateWith(object('9')).event(put(object('9')))).toEqual([]);
  });

  test('a version that arrives late changes nothing', () => {
    const state = stateWith(object('9'));
    state.event(put(object('11')));
    expect(state.event(put(object('10')))).toEqual([]);
  });

  test('a deletion counts whatever its version', () => {
    expect(stateWith(object('9')).event(remove(object('7')))).toEqual([{ type: 'remove', id: ID }]);
  });

  test('a version that arrives late does not restore a deleted object', () => {
    const state = stateWith(object('9'));
    state.event(remove(object('12')));
    expect(state.event(put(object('11')))).toEqual([]);
  });

  test('a version that is not a number is never dropped', () => {
    const state = stateWith(object('abc'));
    expect(state.event(put(object('abc')))).toEqual([upsert(object('abc'))]);
    expect(state.event(put(object('9')))).toEqual([upsert(object('9'))]);
  });

  test('versions beyond 2^53 are compared exactly', () => {
    const state = stateWith(object('9007199254740992'));
    expect(state.event(put(object('9007199254740993')))).toHaveLength(1);
    expect(state.event(put(object('9007199254740992')))).toHaveLength(0);
  });

  test('versions only rise, to the last one, in any order of delivery', () => {
    const versions = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 });
    fc.assert(
      fc.property(versions, (delivered) => {
        const state = createWatchState('tilt-default');
        const changes = delivered.flatMap((version) => state.event(put(object(String(version)))));
        const versions = changes.flatMap((change) =>
          change.type === 'upsert' ? [change.session.status.pid] : [],
        );
        expect(versions).toEqual([...new Set(versions)].sort((a, b) => (a ?? 0) - (b ?? 0)));
        expect(versions.at(-1)).toBe(Math.max(...delivered));
      }),
    );
  });
});

describe('createWatchState, across uids', () => {
  test('a new uid starts over, with a lower version', () => {
    const json = object('2', { uid: 'b' });
    expect(stateWith(object('900')).event(put(json))).toEqual([upsert(json)]);
  });

  test('the deletion of a predecessor does not affect its successor of the same name', () => {
    const state = stateWith(object('9'));
    state.event(put(object('10', { uid: 'b' })));
    expect(state.event(remove(object('11')))).toEqual([]);
  });

  test('an object without uid is never dropped, and its deletion counts', () => {
    const json = object('9', { uid: '' });
    const state = stateWith(json);
    expect(state.event(put(json))).toEqual([upsert(json)]);
    expect(state.event(remove(json))).toEqual([{ type: 'remove', id: ID }]);
  });
});

describe('a list in createWatchState', () => {
  test('is complete: other Sessions are gone', () => {
    const state = stateWith(object('9'), object('10', { uid: 'b', name: 'other' }));
    expect(state.list(listOf(object('11')))).toEqual([snapshot(object('11'))]);
    expect(state.list(listOf())).toEqual([snapshot()]);
  });

  test('lets a Session that it no longer contains start over, with any version', () => {
    const state = stateWith(object('9'));
    state.list(listOf());
    expect(state.event(put(object('5')))).toEqual([upsert(object('5'))]);
  });

  test('from a server that lags behind restores no old state', () => {
    const state = stateWith(object('9'));
    state.event(put(object('12')));
    expect(state.list(listOf(object('11')))).toEqual([snapshot(object('12'))]);
    expect(state.event(put(object('12')))).toEqual([]);
  });

  test('reuses the known object when its version is the known one', () => {
    const state = createWatchState('tilt-default');
    const [first] = state.list(listOf(object('9')));
    const [second] = state.list(listOf(object('9')));
    if (first?.type !== 'snapshot' || second?.type !== 'snapshot') throw new Error('expected snapshots');
    expect(second.sessions[0]).toBe(first.sessions[0]);
  });

  test('with an invalid item keeps the last good state of that item, and reports it', () => {
    const other = object('10', { uid: 'b', name: 'other' });
    const state = stateWith(object('9'), other);
    expect(state.list(listOf(broken('12'), other))).toEqual([
      staleSnapshot([NOT_DECODED], object('9'), other),
    ]);
  });

  test('with an invalid item that has never been valid contains only the valid ones, and reports it', () => {
    const other = object('10', { uid: 'b', name: 'other' });
    expect(createWatchState('tilt-default').list(listOf(broken('12'), other))).toEqual([
      staleSnapshot([NOT_DECODED], other),
    ]);
  });

  test('with an item without a name reports that for the source', () => {
    expect(createWatchState('tilt-default').list(listOf('nonsense'))).toEqual([
      staleSnapshot([{ error: 'Session: expected an object, got "nonsense"' }]),
    ]);
  });
});

describe('an object that cannot be decoded in createWatchState', () => {
  test('makes only its Session stale, until the next valid one', () => {
    const state = stateWith(object('9'));
    expect(state.event(put(broken('10')))).toEqual([STALE]);
    expect(state.event(put(broken('10')))).toEqual([]);
    expect(state.event(put(object('11')))).toEqual([upsert(object('11'))]);
  });

  test('counts as seen: a late older version is dropped', () => {
    const state = stateWith(object('8'));
    state.event(put(broken('10')));
    expect(state.event(put(object('9')))).toEqual([]);
  });

  test('is deleted like any other object', () => {
    const state = stateWith(object('9'));
    state.event(put(broken('10')));
    expect(state.event(remove(broken('11')))).toEqual([{ type: 'remove', id: ID }]);
  });
});

test('createWatchState reports an unreadable line for the source', () => {
  const state = stateWith(object('9'));
  expect(state.event({ type: 'unreadable', error: 'why' })).toEqual([{ type: 'stale', error: 'why' }]);
});

test('createWatchState reports a deletion without a name for the source', () => {
  expect(stateWith(object('9')).event(remove({}))).toEqual([
    { type: 'stale', error: 'a DELETED event has no name' },
  ]);
});

test('createWatchState continues from the version of the list, then of each event, then of the bookmark', () => {
  const state = stateWith(object('9'));
  expect(state.resourceVersion).toBe('100');
  state.event(put(object('101')));
  expect(state.resourceVersion).toBe('101');
  state.event({ type: 'bookmark', resourceVersion: '150' });
  expect(state.resourceVersion).toBe('150');
  state.event({ type: 'bookmark', resourceVersion: '' });
  state.event({ type: 'error', expired: true, message: 'gone' });
  expect(state.resourceVersion).toBe('150');
});

describe('a silent watch in createWatchState', () => {
  test('is behind a list with a later version, an unknown object, or a missing object', () => {
    const state = stateWith(object('9'));
    expect(state.isBehind(listOf(object('10')))).toBe(true);
    expect(state.isBehind(listOf(object('9', { uid: 'b' })))).toBe(true);
    expect(state.isBehind(listOf(object('9'), sessionJson({ uid: '', name: 'other' })))).toBe(true);
    expect(state.isBehind(listOf())).toBe(true);
  });

  test('is not behind a list with the same or an older version, valid or not', () => {
    const state = stateWith(object('9'), sessionJson({ uid: '', name: 'other' }));
    state.event(put(broken('11')));
    const other = sessionJson({ uid: '', name: 'other' });
    expect(state.isBehind(listOf(broken('11'), other))).toBe(false);
    expect(state.isBehind(listOf(object('10'), other))).toBe(false);
  });

  test('is not behind a list with the same version that is not a number', () => {
    expect(stateWith(object('abc')).isBehind(listOf(object('abc')))).toBe(false);
    expect(stateWith(object('abc')).isBehind(listOf(object('abd')))).toBe(true);
  });

  test('is cleared of stale objects only by a list in which everything is valid', () => {
    const state = stateWith(object('9'));
    expect(state.clearsStale(listOf(object('9')))).toBe(false);
    state.event({ type: 'unreadable', error: 'why' });
    expect(state.clearsStale(listOf(broken('10')))).toBe(false);
    expect(state.clearsStale(listOf(object('9')))).toBe(true);
    state.list(listOf(object('9')));
    expect(state.clearsStale(listOf(object('9')))).toBe(false);
  });
});

describe('two objects of one name in createWatchState', () => {
  const inNamespace = (namespace: string, resourceVersion: string, uid: string) => {
    const json = object(resourceVersion, { uid });
    return { ...json, metadata: { ...json.metadata, namespace } };
  };
  const idsOf = (changes: readonly Change[]) =>
    changes.flatMap((change) => {
      if (change.type === 'snapshot') return change.sessions.map(({ id }) => id);
      return change.type === 'upsert'
        ? [change.session.id]
        : change.type === 'remove'
          ? [`-${change.id}`]
          : [];
    });
  const CONFLICT = (text: string) => ({ id: ID, error: expect.stringContaining(text) });

  test('in two namespaces are two Sessions, in a list and in a watch', () => {
    const state = createWatchState('k8s');
    const [a, b] = [inNamespace('team-a', '9', 'a'), inNamespace('team-b', '8', 'b')];
    expect(idsOf(state.list(listOf(a, b)))).toEqual(['k8s/team-a/Tiltfile', 'k8s/team-b/Tiltfile']);
    expect(idsOf(state.event(put(inNamespace('team-b', '10', 'b'), 'k8s')))).toEqual(['k8s/team-b/Tiltfile']);
    expect(idsOf(state.event(put(inNamespace('team-a', '11', 'a'), 'k8s')))).toEqual(['k8s/team-a/Tiltfile']);
    expect(idsOf(state.event(remove(inNamespace('team-a', '12', 'a'), 'k8s')))).toEqual([
      '-k8s/team-a/Tiltfile',
    ]);
    expect(state.isBehind(listOf(inNamespace('team-b', '10', 'b')))).toBe(false);
    expect(state.isBehind(listOf(inNamespace('team-a', '10', 'b')))).toBe(true);
  });

  test('in one list are rejected by name: the last good state stays, STALE, in either order', () => {
    const items = [object('10'), object('11', { uid: 'b' })];
    for (const order of [items, items.toReversed()]) {
      const state = stateWith(object('9'));
      const conflict = CONFLICT(`${ID}: 2 objects have this name`);
      expect(state.list(listOf(...order))).toEqual([staleSnapshot([conflict], object('9'))]);
      expect(state.clearsStale(listOf(...order))).toBe(false);
      expect(state.list(listOf(object('12')))).toEqual([snapshot(object('12'))]);
    }
  });

  test('in the first list are rejected as well', () => {
    const state = createWatchState('tilt-default');
    const changes = state.list(listOf(object('1'), object('1', { uid: 'b' })));
    expect(changes).toEqual([staleSnapshot([CONFLICT('2 objects have this name')])]);
  });

  test('are reported in one line, also if the name has line breaks', () => {
    const state = createWatchState('tilt-default');
    const two = ['a', 'b'].map((uid) => {
      const json = object('1', { uid });
      return { ...json, metadata: { ...json.metadata, name: 'two\nlines' } };
    });
    expect(JSON.stringify(state.list(listOf(...two)))).toContain(
      'tilt-default/two lines: 2 objects have this name',
    );
  });

  test('that alternate in a watch are rejected until one is deleted', () => {
    const state = stateWith(object('9'));
    const b = (version: string) => object(version, { uid: 'b' });
    // As after a restart of Tilt.
    expect(state.event(put(b('1')))).toEqual([upsert(b('1'))]);
    for (const json of [object('10'), b('2'), object('11')]) {
      expect(state.event(put(json))).toEqual([
        { type: 'stale', ...CONFLICT('two objects have this name (uids b and a)') },
      ]);
    }
    state.event(remove(object('12')));
    expect(state.event(put(b('3')))).toEqual([upsert(b('3'))]);
  });
});
