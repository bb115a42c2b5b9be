import { describe, expect, it } from 'vitest';
import { scopedStore } from '../../src/store/scoped.js';
import { createStore } from '../../src/store/store.js';
import { createManualClock } from '../support/manual-clock.js';
import { session } from '../support/sessions.js';

function setUp() {
  const store = createStore({ clock: createManualClock(), epoch: 'e' });
  for (const name of ['a', 'b']) {
    store.open(name);
    store.apply(name, { type: 'snapshot', sessions: [session(name)] });
  }
  return { store, scoped: scopedStore(store, (instance) => instance === 'a') };
}

/** A folder with the instances `front` and `secret`, as a client of the first sees it. */
function setUpFolder() {
  const clock = createManualClock();
  const store = createStore({ clock, epoch: 'e' });
  store.open('files');
  store.apply('files', { type: 'snapshot', sessions: [session('front'), session('secret')] });
  const scoped = scopedStore(store, (instance) => instance.startsWith('front'));
  const since = new Date(clock.now()).toISOString();
  return { clock, store, scoped, live: { ...LIVE, name: 'files', since, sessionCount: 1 } };
}

const LIVE = { state: 'live', error: null, unavailable: [] } as const;
const SECRET_ERROR = 'secret.yaml: line 3: expected a map';

describe('the sources of a scoped store', () => {
  it('have the names, counts and states that follow from the visible Sessions alone', async () => {
    const { clock, store, scoped, live } = setUpFolder();
    expect(scoped.sources()).toEqual([live]);
    await clock.advance(1_000);
    store.apply('files', { type: 'upsert', session: session('secret-2') });
    store.apply('files', { type: 'stale', id: 'secret/Tiltfile', error: SECRET_ERROR });
    store.apply('files', { type: 'stale', id: 'secret-3/Tiltfile', error: SECRET_ERROR });
    expect(scoped.sources()).toEqual([live]);
    await clock.advance(1_000);
    store.apply('files', { type: 'upsert', session: session('secret') });
    store.apply('files', {
      type: 'availability',
      kind: 'uiresources',
      error: `uiresources: ${SECRET_ERROR}`,
    });
    expect(scoped.sources()).toEqual([live]);
    store.apply('files', { type: 'upsert', session: session('front-2') });
    expect(scoped.sources()).toEqual([{ ...live, sessionCount: 2 }]);
  });

  it('have the error of a visible Session, whatever else cannot be decoded', async () => {
    const { clock, store, scoped, live } = setUpFolder();
    store.apply('files', { type: 'stale', id: 'secret/Tiltfile', error: SECRET_ERROR });
    await clock.advance(1_000);
    store.apply('files', {
      type: 'stale',
      id: 'front/Tiltfile',
      error: 'front.yaml: line 7: expected a map',
    });
    const since = new Date(clock.now()).toISOString();
    const error = 'front.yaml: line 7: expected a map';
    expect(scoped.sources()).toEqual([{ ...live, state: 'stale', since, error }]);
  });

  it('have the error of a source whose connection is broken, which is that of its Sessions', () => {
    const { store, scoped } = setUpFolder();
    store.apply('files', { type: 'stale', error: 'connection refused' });
    expect(scoped.sources()).toMatchObject([
      { state: 'stale', error: 'connection refused', sessionCount: 1 },
    ]);
  });

  it('have the kinds that are not available if all their Sessions are visible', () => {
    const { store, scoped } = setUpFolder();
    store.open('front-2');
    store.apply('front-2', { type: 'snapshot', sessions: [session('front-2')] });
    const error = 'uiresources: 403 Forbidden';
    for (const name of ['files', 'front-2']) {
      store.apply(name, { type: 'availability', kind: 'uiresources', error });
    }
    expect(scoped.sources().map(({ name, unavailable }) => [name, unavailable])).toEqual([
      ['files', []],
      ['front-2', [error]],
    ]);
  });

  it('are those of visible Sessions, and those without Sessions that are named like a visible instance', () => {
    const { store, scoped } = setUpFolder();
    for (const name of ['front-tilt', 'front-folder', 'other']) store.open(name);
    store.apply('front-folder', { type: 'snapshot', sessions: [session('secret-2')] });
    store.apply('front-tilt', { type: 'stale', error: SECRET_ERROR });
    store.apply('other', { type: 'stale', error: SECRET_ERROR });
    expect(scoped.sources().map(({ name, state, error }) => [name, state, error])).toEqual([
      ['files', 'live', null],
      ['front-tilt', 'stale', 'the error may concern other instances, which this token cannot read'],
    ]);
    store.apply('files', { type: 'remove', id: 'front/Tiltfile' });
    expect(scoped.sources().map(({ name }) => name)).toEqual(['front-tilt']);
  });

  it('are the same list while nothing changes', () => {
    const { store, scoped } = setUpFolder();
    expect(scoped.sources()).toBe(scoped.sources());
    store.apply('files', { type: 'upsert', session: session('front', { x: 'ready' }) });
    expect(scoped.sources()).toMatchObject([{ name: 'files', sessionCount: 1 }]);
  });
});

describe('a scoped store', () => {
  it('contains no Sessions or sources of other instances', () => {
    const { store, scoped } = setUp();
    expect(scoped.ids()).toEqual(['a/Tiltfile']);
    expect(scoped.get('a/Tiltfile')).toBe(store.get('a/Tiltfile'));
    expect(scoped.get('b/Tiltfile')).toBeNull();
    expect(scoped.sources().map(({ name }) => name)).toEqual(['a']);
  });

  it('returns the same list of ids until it changes', () => {
    const { store, scoped } = setUp();
    expect(scoped.ids()).toBe(scoped.ids());
    store.apply('a', { type: 'upsert', session: session('a', {}, { name: 'other' }) });
    expect(scoped.ids()).toEqual(['a/Tiltfile', 'a/other']);
  });

  it('delivers no revisions of other instances, neither new nor missed ones', () => {
    const { store, scoped } = setUp();
    const since = scoped.cursor();
    const received: string[] = [];
    scoped.subscribe(({ id }) => received.push(id));
    scoped.subscribe(({ id }) => received.push(id), 'b/Tiltfile');
    store.apply('b', { type: 'upsert', session: session('b', { x: 'ready' }) });
    store.apply('a', { type: 'upsert', session: session('a', { x: 'ready' }) });
    store.apply('b', { type: 'remove', id: 'b/Tiltfile' });
    store.forget('b');
    expect(received).toEqual(['a/Tiltfile']);
    expect(scoped.since(since)?.map(({ id }) => id)).toEqual(['a/Tiltfile']);
    expect(scoped.since('unknown')).toBeNull();
  });

  it('has the revision and cursor of the whole store', () => {
    const { store, scoped } = setUp();
    expect([scoped.revision, scoped.cursor(), scoped.ready]).toEqual([
      store.revision,
      store.cursor(),
      store.ready,
    ]);
  });
});
