import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createKeyOwners, type KeyOwners, toCurrentState } from '../../../src/nats/publish/publisher.js';
import { createStore, type Store } from '../../../src/store/store.js';
import { createManualClock } from '../../support/manual-clock.js';
import { session } from '../../support/sessions.js';

const KEY = 'ci.Tiltfile';
const CONFLICT =
  '2 Sessions would be published as ci.Tiltfile: a/Tiltfile, b/Tiltfile; publish each on its own, with another --instance';

describe('a key with several Sessions', () => {
  let store: Store;
  let owners: KeyOwners;
  let lines: string[];
  beforeEach(() => {
    store = createStore({ clock: createManualClock(), epoch: 'test' });
    store.open('tilt');
    lines = [];
    owners = createKeyOwners((level, message) => lines.push(`${level} ${message}`));
  });
  afterEach(() => store.dispose());

  /** Updates a Session and returns the content of the key. */
  function note(id: string) {
    const record = store.get(id);
    if (record === null) throw new Error(`expected a Session ${id}`);
    const { session: shown, connection, error } = toCurrentState(owners.update(KEY, record));
    return [shown.id, connection, error];
  }

  const begin = (...instances: readonly string[]) =>
    store.apply('tilt', { type: 'snapshot', sessions: instances.map((instance) => session(instance)) });

  it('is STALE while more than one of them runs, and the conflict is logged once', () => {
    begin('a', 'b');
    expect(note('a/Tiltfile')).toEqual(['a/Tiltfile', 'live', null]);
    expect(note('b/Tiltfile')).toEqual(['a/Tiltfile', 'stale', CONFLICT]);
    expect(note('a/Tiltfile')).toEqual(['a/Tiltfile', 'stale', CONFLICT]);
    expect(lines).toEqual([`error ${CONFLICT}`]);
  });

  it.each([
    ['first', 'a/Tiltfile', 'b/Tiltfile'],
    ['last', 'b/Tiltfile', 'a/Tiltfile'],
  ])('shows the other Session when the %s of two has ended', (_, ended, other) => {
    begin('a', 'b');
    note('a/Tiltfile');
    note('b/Tiltfile');
    store.apply('tilt', { type: 'remove', id: ended });
    expect(note(ended)).toEqual([other, 'live', null]);
    store.apply('tilt', { type: 'remove', id: other });
    expect(note(other)).toEqual([other, 'gone', 'it was removed']);
  });

  it('shows the newer Session after the end of the first', () => {
    begin('a');
    note('a/Tiltfile');
    store.apply('tilt', { type: 'remove', id: 'a/Tiltfile' });
    expect(note('a/Tiltfile')).toEqual(['a/Tiltfile', 'gone', 'it was removed']);
    begin('b');
    expect(note('b/Tiltfile')).toEqual(['b/Tiltfile', 'live', null]);
    expect(lines).toEqual([]);
  });

  it('is forgotten with the last of them', () => {
    begin('a', 'b');
    note('a/Tiltfile');
    note('b/Tiltfile');
    expect(owners.remove(KEY, 'a/Tiltfile')).toBe(false);
    expect(note('b/Tiltfile')).toEqual(['b/Tiltfile', 'live', null]);
    expect(owners.remove(KEY, 'b/Tiltfile')).toBe(true);
    expect(owners.remove(KEY, 'b/Tiltfile')).toBe(true);
    expect(note('a/Tiltfile')).toEqual(['a/Tiltfile', 'live', null]);
  });

  it('names at most five Sessions in a conflict', () => {
    const instances = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
    begin(...instances);
    const [shown] = instances.map((instance) => note(`${instance}/Tiltfile`)).slice(-1);
    expect(shown?.[2]).toMatch(/^7 Sessions .*: a\/Tiltfile, .*, e\/Tiltfile and 2 more; publish/);
  });
});
