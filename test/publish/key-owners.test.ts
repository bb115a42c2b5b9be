import { expect, it } from 'vitest';
import { createKeyOwners } from '../../src/publish/key-owners.js';
import { createStore } from '../../src/store/store.js';
import { createManualClock } from '../support/manual-clock.js';
import { session } from '../support/sessions.js';

it('a key belongs to one Session until that has ended; another is refused, which is logged once', () => {
  const store = createStore({ clock: createManualClock(), epoch: 'test' });
  const lines: string[] = [];
  const owners = createKeyOwners((level, message) => lines.push(`${level} ${message}`));
  const claim = (id: string) => {
    const record = store.get(id);
    return record !== null && owners.claim('ci.Tiltfile', record);
  };
  store.open('tilt');
  store.apply('tilt', { type: 'snapshot', sessions: [session('a'), session('b')] });
  const both = () => [claim('a/Tiltfile'), claim('b/Tiltfile')];
  expect([both(), both()]).toEqual([
    [true, false],
    [true, false],
  ]);
  store.apply('tilt', { type: 'remove', id: 'a/Tiltfile' });
  expect(both()).toEqual([true, true]);
  // The Session that has ended says no more.
  expect(both()).toEqual([false, true]);
  expect(lines).toEqual([
    'error b/Tiltfile would be published as ci.Tiltfile, as a/Tiltfile is already; publish it on its own, with another --instance',
  ]);
  store.dispose();
});
