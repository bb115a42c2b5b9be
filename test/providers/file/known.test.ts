import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SessionId } from '../../../src/model/session.js';
import { changesBetween, type Known } from '../../../src/providers/file/known.js';
import { createRecordingSink } from '../../support/recording-sink.js';
import { session } from '../../support/sessions.js';

const NOTHING: Known = { sessions: new Map(), stale: new Map(), trouble: null };
const a = session('a');
const b = session('b');
const known = (given: Partial<Known>): Known => ({ ...NOTHING, ...given });
const holding = (...sessions: (typeof a)[]) => new Map(sessions.map((each) => [each.id, each]));

describe('changesBetween', () => {
  it('begins with a snapshot, and what is wrong after it', () => {
    const first = known({ sessions: holding(a, b), stale: new Map([[a.id, 'broken']]) });
    expect(changesBetween(null, first)).toEqual([
      { type: 'snapshot', sessions: [a, b] },
      { type: 'stale', id: a.id, error: 'broken' },
    ]);
    expect(changesBetween(null, known({ trouble: 'no such file' }))).toEqual([
      { type: 'snapshot', sessions: [] },
      { type: 'stale', error: 'no such file' },
    ]);
  });

  it('says nothing when nothing has changed', () => {
    const state = known({
      sessions: holding(a),
      stale: new Map([[b.id, 'broken']]),
      trouble: 'no such file',
    });
    expect(changesBetween(state, { ...state })).toEqual([]);
  });

  it('tells what came, what is new and what has gone', () => {
    const newer = session('a', { 'api:serve': 'ready' });
    expect(changesBetween(known({ sessions: holding(a, b) }), known({ sessions: holding(newer) }))).toEqual([
      { type: 'remove', id: b.id },
      { type: 'upsert', session: newer },
    ]);
  });

  it('brings back what is well again', () => {
    const sick = known({ sessions: holding(a), stale: new Map([[a.id, 'broken']]) });
    expect(changesBetween(sick, known({ sessions: holding(a) }))).toEqual([{ type: 'upsert', session: a }]);
  });

  it('takes back what was said of a Session that never could be read', () => {
    expect(changesBetween(known({ stale: new Map([[a.id, 'broken']]) }), NOTHING)).toEqual([
      { type: 'remove', id: a.id },
    ]);
  });

  it('says with a snapshot that the source as a whole is well again', () => {
    const sick = known({ sessions: holding(a), trouble: 'no such folder' });
    expect(changesBetween(sick, known({ sessions: holding(a) }))).toEqual([
      { type: 'snapshot', sessions: [a] },
    ]);
  });

  it('leads from any state to any other', () => {
    fc.assert(
      fc.property(fc.array(anyKnown, { minLength: 1, maxLength: 6 }), (states) => {
        const sink = createRecordingSink();
        sink.open('x');
        let before: Known | null = null;
        for (const after of states) {
          for (const change of changesBetween(before, after)) sink.apply('x', change);
          before = after;
          const { sessions, stale, error } = sink.source('x');
          expect([...sessions].toSorted()).toEqual([...after.sessions].toSorted());
          expect(error).toBe(after.trouble);
          for (const id of ids) {
            const wanted =
              after.stale.get(id) ?? (after.sessions.has(id) ? (after.trouble ?? undefined) : undefined);
            expect(stale.get(id)).toBe(wanted);
          }
        }
      }),
    );
  });
});

const ids: readonly SessionId[] = ['a/Tiltfile', 'b/Tiltfile', 'c/Tiltfile'];
const versions = ids.flatMap((id) => [1, 2].map(() => session(id.replace('/Tiltfile', ''))));

const anyKnown: fc.Arbitrary<Known> = fc.record({
  sessions: fc.subarray(versions).map((chosen) => new Map(chosen.map((each) => [each.id, each]))),
  stale: fc
    .uniqueArray(fc.tuple(fc.constantFrom(...ids), fc.constantFrom('broken', 'torn')), {
      selector: ([id]) => id,
    })
    .map((entries) => new Map(entries)),
  trouble: fc.constantFrom(null, null, 'no such folder', 'no permission'),
});
