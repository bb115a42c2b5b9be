import { describe, expect, it } from 'vitest';
import { decodeSession } from '../../src/model/decode.js';
import { createStore } from '../../src/store/store.js';
import { createManualClock } from '../support/manual-clock.js';
import { query } from '../support/queries.js';
import { sessionJson } from '../support/session-json.js';

/** A store, and the result of its Session as clients see it. */
function setUp() {
  const store = createStore({ clock: createManualClock(), epoch: 'e' });
  store.open('test');
  const session = (uid: string, status: object, metadata: object = {}) => {
    const json = sessionJson({ uid, status: { ...status } });
    return decodeSession({ ...json, metadata: { ...json.metadata, ...metadata } }, 'a');
  };
  return {
    store,
    session,
    put: (uid: string, status: object, metadata?: object) =>
      store.apply('test', { type: 'upsert', session: session(uid, status, metadata) }),
    async result() {
      const { data } = await query(store, '{ session { status { done error } verdict { state final } } }');
      const { session: shown }: { session: { status: object; verdict: object } } = JSON.parse(
        JSON.stringify(data),
      );
      return { ...shown.status, ...shown.verdict };
    },
  };
}

const PASSED = { done: true, error: null, state: 'PASSED', final: true };
const FAILED = { done: true, error: 'boom', state: 'FAILED', final: true };

describe('the result of a run that was done', () => {
  it('stays when a later object of the same uid is not done, has no error, or another one', async () => {
    const { put, result } = setUp();
    put('a', { done: true, error: 'boom' });
    for (const status of [
      { done: false },
      { done: true },
      { done: true, error: 'another' },
      { done: false, error: 'x' },
    ]) {
      put('a', status);
      expect(await result()).toEqual(FAILED);
    }
  });

  it('stays passed when a later object of the same uid reports an error', async () => {
    const { put, result } = setUp();
    put('a', { done: true });
    put('a', { done: false, error: 'boom' });
    expect(await result()).toEqual(PASSED);
  });

  it('stays through a lost connection, the list after it, and the end of its Tilt', async () => {
    const { store, put, session, result } = setUp();
    put('a', { done: true, error: 'boom' });
    store.apply('test', { type: 'stale', error: 'link lost' });
    expect(await result()).toEqual(FAILED);
    store.apply('test', { type: 'snapshot', sessions: [session('a', { done: false })] });
    expect(await result()).toEqual(FAILED);
    store.apply('test', { type: 'remove', id: 'a/Tiltfile' });
    expect(await result()).toEqual(FAILED);
    put('a', { done: false });
    expect(await result()).toEqual(FAILED);
  });

  it('is replaced by that of the next run when the uid changes', async () => {
    const { put, result } = setUp();
    put('a', { done: true, error: 'boom' });
    put('b', { done: false });
    expect(await result()).toMatchObject({ done: false, error: null, final: false });
    put('b', { done: true });
    expect(await result()).toEqual(PASSED);
  });

  it('belongs to a process when the source provides no uid', async () => {
    const { put, result } = setUp();
    const noUid = { uid: null };
    put('', { done: true, error: 'boom', pid: 1 }, noUid);
    put('', { done: false, pid: 1 }, noUid);
    expect(await result()).toEqual(FAILED);
    put('', { done: false, pid: 2 }, noUid);
    expect(await result()).toMatchObject({ done: false, error: null });
  });

  it('ends when a source without uids starts a run without process id and start time', async () => {
    const { put, result } = setUp();
    const noUid = { uid: null };
    put('', { done: true, pid: 1 }, noUid);
    expect(await result()).toEqual(PASSED);
    put('', { done: false, pid: null, startTime: null, targets: null }, noUid);
    expect(await result()).toMatchObject({ done: false, state: 'PENDING', final: false });
  });

  it('is not kept for an object that does not identify its run', async () => {
    const { put, result } = setUp();
    const unknown = { pid: null, startTime: null };
    put('', { ...unknown, done: true, error: 'boom' }, { uid: null });
    put('', { ...unknown, done: false }, { uid: null });
    expect(await result()).toMatchObject({ done: false, error: null });
  });
});
