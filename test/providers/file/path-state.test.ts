import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SessionId } from '../../../src/model/session.js';
import {
  diffSnapshots,
  type FileObservation,
  type FileState,
  instanceOf,
  isSessionFile,
  MISSING,
  nextFileState,
  type PathState,
  type SourceSnapshot,
  toSnapshot,
} from '../../../src/providers/file/path-state.js';
import { createStore } from '../../../src/store/store.js';
import { createManualClock } from '../../support/manual-clock.js';
import { createRecordingSink } from '../../support/recording-sink.js';
import { session } from '../../support/sessions.js';

const sessions = [session('a')];
const unavailable = new Map([['clusters', 'broken']]);
const well: FileState = { fingerprint: '1', sessions, unavailable, problem: null, pendingProblem: null };
const bad = (fingerprint: string): FileObservation => ({ type: 'invalid', fingerprint, problem: 'broken' });

describe('nextFileState', () => {
  it('accepts valid content at once', () => {
    const observation: FileObservation = {
      type: 'valid',
      fingerprint: '2',
      sessions: [],
      unavailable: new Map(),
    };
    const next = {
      fingerprint: '2',
      sessions: [],
      unavailable: new Map(),
      problem: null,
      pendingProblem: null,
    };
    for (const before of [
      null,
      well,
      { ...well, problem: 'broken' },
      { ...well, pendingProblem: 'broken' },
    ]) {
      expect(nextFileState(before, observation, false)).toEqual(next);
    }
  });

  it('stays the same while the file is unchanged', () => {
    expect(nextFileState(well, { type: 'unchanged' }, false)).toBe(well);
    expect(nextFileState(null, { type: 'unchanged' }, false)).toBe(null);
  });

  it('reports an invalid file after two polls, and keeps its last good Sessions', () => {
    const pending = nextFileState(well, bad('2'), false);
    expect(pending).toEqual({ ...well, fingerprint: '2', pendingProblem: 'broken' });
    const sure = { ...well, fingerprint: '2', problem: 'broken' };
    expect(nextFileState(pending, { type: 'unchanged' }, false)).toEqual(sure);
    expect(nextFileState(pending, bad('2'), false)).toEqual(sure);
  });

  it('does not report an invalid file that is still being written', () => {
    const pending = nextFileState(well, bad('2'), false);
    expect(nextFileState(pending, bad('3'), false)).toMatchObject({
      problem: null,
      pendingProblem: 'broken',
    });
  });

  it('reports an invalid file at once at the first poll', () => {
    expect(nextFileState(null, bad('1'), true)).toEqual({
      fingerprint: '1',
      sessions: null,
      unavailable: new Map(),
      problem: 'broken',
      pendingProblem: null,
    });
  });

  it('removes a file that is missing for two polls', () => {
    const missed = nextFileState(well, { type: 'missing' }, false);
    expect(missed).toEqual({ ...well, fingerprint: MISSING });
    expect(nextFileState(missed, { type: 'missing' }, false)).toBe(null);
    expect(nextFileState(null, { type: 'missing' }, false)).toBe(null);
  });
});

const a = session('a');
const b = session('b');
const file = (given: Partial<FileState>): FileState => ({
  fingerprint: '1',
  sessions: null,
  unavailable: new Map(),
  problem: null,
  pendingProblem: null,
  ...given,
});
const folder = (files: Record<string, FileState>): PathState => ({
  type: 'folder',
  files: new Map(Object.entries(files)),
  problem: null,
  pendingProblem: null,
});

describe('toSnapshot', () => {
  it('contains the Sessions of all files', () => {
    const snapshot = toSnapshot(
      folder({ 'b.yaml': file({ sessions: [b] }), 'a.yaml': file({ sessions: [a] }) }),
    );
    expect([...snapshot.sessions.values()]).toEqual([a, b]);
    expect(snapshot).toMatchObject({ stale: new Map(), problem: null });
  });

  it('keeps the last good Sessions of an invalid file as stale', () => {
    const snapshot = toSnapshot(
      folder({
        'a.yaml': file({ sessions: [a], problem: 'a.yaml: torn' }),
        'b.yaml': file({ sessions: [b] }),
      }),
    );
    expect([...snapshot.sessions.keys()]).toEqual([a.id, b.id]);
    expect(snapshot.stale).toEqual(new Map([[a.id, 'a.yaml: torn']]));
  });

  it('reports the problem of the only file for the source when that file has never been valid', () => {
    const files = new Map([['a.yaml', file({ problem: 'a.yaml: torn' })]]);
    expect(toSnapshot({ ...folder({}), type: 'file', files })).toEqual({
      sessions: new Map(),
      stale: new Map(),
      unavailable: new Map(),
      problem: 'a.yaml: torn',
    });
  });

  it('keeps the other files live when one file of a folder has never been valid', () => {
    const snapshot = toSnapshot(
      folder({ 'a.yaml': file({ sessions: [a] }), 'b.yaml': file({ problem: 'b.yaml: torn' }) }),
    );
    expect(snapshot.stale).toEqual(new Map([['b/Tiltfile', 'b.yaml: torn']]));
    expect(snapshot.problem).toBe(null);
  });

  it('uses the first of two Sessions with one id, by file name, and reports both files', () => {
    const other = session('a', { 'api:serve': 'ready' });
    const snapshot = toSnapshot(
      folder({ 'a.yaml': file({ sessions: [other] }), 'a.json': file({ sessions: [a] }) }),
    );
    expect(snapshot.sessions.get(a.id)).toBe(a);
    expect(snapshot.stale.get(a.id)).toBe(
      'a/Tiltfile: a.json and a.yaml both hold it; the first counts: rename or remove the other',
    );
  });

  it('reports a file that contains an id twice', () => {
    const snapshot = toSnapshot(folder({ 'a.yaml': file({ sessions: [a, session('a')] }) }));
    expect(snapshot.sessions.get(a.id)).toBe(a);
    expect(snapshot.stale.get(a.id)).toMatch(/^a\/Tiltfile: a\.yaml holds it twice; /);
  });

  it('does not report an invalid file for the Session of another file', () => {
    const snapshot = toSnapshot(
      folder({
        'a.json': file({ sessions: [a] }),
        'b.yaml': file({ sessions: [b], problem: 'b.yaml: torn' }),
      }),
    );
    expect(snapshot.stale).toEqual(new Map([[b.id, 'b.yaml: torn']]));
  });

  it('reports one problem of each kind in addition to the Sessions: that of the first file', () => {
    const files = {
      'b.yaml': file({ sessions: [b], unavailable: new Map([['uiresources', 'b.yaml: torn']]) }),
      'a.yaml': file({ sessions: [a], unavailable: new Map([['uiresources', 'a.yaml: torn']]) }),
      'c.yaml': file({ unavailable: new Map([['clusters', 'c.yaml: torn']]) }),
    };
    expect(toSnapshot(folder(files))).toMatchObject({
      stale: new Map(),
      unavailable: new Map([
        ['uiresources', 'a.yaml: torn'],
        ['clusters', 'c.yaml: torn'],
      ]),
    });
  });

  it('reports the problem of the path', () => {
    expect(toSnapshot({ ...folder({}), problem: 'no such file or folder' }).problem).toBe(
      'no such file or folder',
    );
  });
});

describe('the files of a folder', () => {
  it('are YAML and JSON files that are not hidden', () => {
    const names = ['a.yaml', 'a.yml', 'a.json', 'A.JSON', '.a.yaml', '.yaml', 'a.yaml~', 'a.txt', 'yaml'];
    expect(names.filter(isSessionFile)).toEqual(['a.yaml', 'a.yml', 'a.json', 'A.JSON']);
  });

  it('have their name without the ending as the instance of their Sessions', () => {
    expect(['shop.yaml', 'shop.ci.json', 'shop'].map(instanceOf)).toEqual(['shop', 'shop.ci', 'shop']);
  });
});

const NOTHING: SourceSnapshot = {
  sessions: new Map(),
  stale: new Map(),
  unavailable: new Map(),
  problem: null,
};
const snapshot = (given: Partial<SourceSnapshot>): SourceSnapshot => ({ ...NOTHING, ...given });
const holding = (...sessions: (typeof a)[]) => new Map(sessions.map((each) => [each.id, each]));

describe('diffSnapshots', () => {
  it('starts with a snapshot that contains the problems, so that no Session is live for a moment', () => {
    const first = snapshot({ sessions: holding(a, b), stale: new Map([[a.id, 'broken']]) });
    expect(diffSnapshots(null, first)).toEqual([
      { type: 'snapshot', sessions: [a, b], stale: [{ id: a.id, error: 'broken' }] },
    ]);
    expect(diffSnapshots(null, snapshot({ problem: 'no such file' }))).toEqual([
      { type: 'snapshot', sessions: [], stale: [{ error: 'no such file' }] },
    ]);
  });

  it('returns nothing when nothing has changed', () => {
    const state = snapshot({
      sessions: holding(a),
      stale: new Map([[b.id, 'broken']]),
      problem: 'no such file',
    });
    expect(diffSnapshots(state, { ...state })).toEqual([]);
  });

  it('returns removed, changed and new Sessions', () => {
    const newer = session('a', { 'api:serve': 'ready' });
    expect(
      diffSnapshots(snapshot({ sessions: holding(a, b) }), snapshot({ sessions: holding(newer) })),
    ).toEqual([
      { type: 'remove', id: b.id },
      { type: 'upsert', session: newer },
    ]);
  });

  it('returns an upsert for a Session whose problem is resolved', () => {
    const sick = snapshot({ sessions: holding(a), stale: new Map([[a.id, 'broken']]) });
    expect(diffSnapshots(sick, snapshot({ sessions: holding(a) }))).toEqual([{ type: 'upsert', session: a }]);
  });

  it('returns a removal when the problem of a Session that was never read is resolved', () => {
    expect(diffSnapshots(snapshot({ stale: new Map([[a.id, 'broken']]) }), NOTHING)).toEqual([
      { type: 'remove', id: a.id },
    ]);
  });

  it('returns a snapshot when the problem of the source is resolved', () => {
    const sick = snapshot({ sessions: holding(a), problem: 'no such folder' });
    expect(diffSnapshots(sick, snapshot({ sessions: holding(a) }))).toEqual([
      { type: 'snapshot', sessions: [a] },
    ]);
  });

  it('leads from any snapshot to any other', () => {
    fc.assert(
      fc.property(fc.array(anySnapshot, { minLength: 1, maxLength: 6 }), (states) => {
        const sink = createRecordingSink();
        sink.open('x');
        const store = createStore({ clock: createManualClock(), epoch: 'e' });
        store.open('x');
        const live = new Set<SessionId>();
        store.subscribe(({ id, after }) => {
          if (after?.connection.state === 'live') live.add(id);
        });
        let before: SourceSnapshot | null = null;
        for (const after of states) {
          live.clear();
          for (const change of diffSnapshots(before, after)) {
            sink.apply('x', change);
            store.apply('x', change);
          }
          // No Session that is STALE now was LIVE for a moment.
          expect([...live].filter((id) => isStaleIn(after, id))).toEqual([]);
          before = after;
          const { sessions, stale, unavailable, error } = sink.source('x');
          expect(unavailable).toEqual(after.unavailable);
          expect([...sessions].toSorted()).toEqual([...after.sessions].toSorted());
          expect(error).toBe(after.problem);
          for (const id of ids) {
            const wanted =
              after.stale.get(id) ?? (after.sessions.has(id) ? (after.problem ?? undefined) : undefined);
            expect(stale.get(id)).toBe(wanted);
          }
        }
      }),
    );
  });
});

function isStaleIn({ stale, problem }: SourceSnapshot, id: SessionId): boolean {
  return stale.has(id) || problem !== null;
}

const ids: readonly SessionId[] = ['a/Tiltfile', 'b/Tiltfile', 'c/Tiltfile'];
const versions = ids.flatMap((id) => [1, 2].map(() => session(id.replace('/Tiltfile', ''))));

const anySnapshot: fc.Arbitrary<SourceSnapshot> = fc.record({
  sessions: fc.subarray(versions).map((chosen) => new Map(chosen.map((each) => [each.id, each]))),
  stale: fc
    .uniqueArray(fc.tuple(fc.constantFrom(...ids), fc.constantFrom('broken', 'torn')), {
      selector: ([id]) => id,
    })
    .map((entries) => new Map(entries)),
  unavailable: fc
    .dictionary(fc.constantFrom('uiresources', 'clusters'), fc.constantFrom('broken', 'torn'))
    .map((errors) => new Map(Object.entries(errors))),
  problem: fc.constantFrom(null, null, 'no such folder', 'no permission'),
});
