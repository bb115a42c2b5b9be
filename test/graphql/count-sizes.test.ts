import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countItems, itemsOf } from '../../src/graphql/count-sizes.js';
import { decodeSession } from '../../src/model/decode.js';
import { createStore } from '../../src/store/store.js';
import { createManualClock } from '../support/manual-clock.js';
import { sessionJson } from '../support/session-json.js';

const states = fc.record({
  uid: fc.constantFrom('first run', 'second run'),
  targets: fc.uniqueArray(
    fc.record({
      name: fc.constantFrom('a', 'b', 'c', 'd'),
      resources: fc.subarray(['api', 'web', 'db']),
      state: fc.constantFrom({ waiting: { waitReason: 'x' } }, { disabled: {} }),
    }),
    { selector: ({ name }) => name },
  ),
});

describe('itemsOf', () => {
  it('counts by the changes of each revision what counting all targets gives', () => {
    fc.assert(
      fc.property(fc.array(states), (sequence) => {
        const store = createStore({ clock: createManualClock(), epoch: 'e' });
        const counted: [number, number][] = [];
        store.subscribe((revision) => {
          const { after } = revision;
          if (after) counted.push([itemsOf(after, revision), countItems(after.status.targets)]);
        });
        store.open('tilt');
        store.apply('tilt', { type: 'snapshot', sessions: [] });
        for (const { uid, targets } of sequence) {
          const session = decodeSession(sessionJson({ uid, targets }), 'tilt');
          store.apply('tilt', { type: 'upsert', session });
        }
        for (const [byChanges, byTargets] of counted) expect(byChanges).toBe(byTargets);
        expect(counted.length > 0).toBe(sequence.length > 0);
        store.dispose();
      }),
    );
  });
});
