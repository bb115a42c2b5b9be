import { describe, expect, it } from 'vitest';
import type { FileState } from '../../../src/providers/file/file-state.js';
import {
  instanceOf,
  isSessionFile,
  knownOf,
  type PathState,
} from '../../../src/providers/file/path-state.js';
import { session } from '../../support/sessions.js';

const a = session('a');
const b = session('b');
const file = (given: Partial<FileState>): FileState => ({
  stamp: '1',
  sessions: null,
  problem: null,
  suspicion: null,
  ...given,
});
const folder = (files: Record<string, FileState>): PathState => ({
  type: 'folder',
  files: new Map(Object.entries(files)),
  problem: null,
  suspicion: null,
});

describe('knownOf', () => {
  it('holds the Sessions of all files', () => {
    const known = knownOf(folder({ 'b.yaml': file({ sessions: [b] }), 'a.yaml': file({ sessions: [a] }) }));
    expect([...known.sessions.values()]).toEqual([a, b]);
    expect(known).toMatchObject({ stale: new Map(), trouble: null });
  });

  it('keeps the last good Sessions of a broken file, and calls them stale', () => {
    const known = knownOf(
      folder({
        'a.yaml': file({ sessions: [a], problem: 'a.yaml: torn' }),
        'b.yaml': file({ sessions: [b] }),
      }),
    );
    expect([...known.sessions.keys()]).toEqual([a.id, b.id]);
    expect(known.stale).toEqual(new Map([[a.id, 'a.yaml: torn']]));
  });

  it('says of the source what is wrong with its only file when that was never good', () => {
    const files = new Map([['a.yaml', file({ problem: 'a.yaml: torn' })]]);
    expect(knownOf({ ...folder({}), type: 'file', files })).toEqual({
      sessions: new Map(),
      stale: new Map(),
      trouble: 'a.yaml: torn',
    });
  });

  it('leaves its neighbours live when a file of a folder was never good', () => {
    const known = knownOf(
      folder({ 'a.yaml': file({ sessions: [a] }), 'b.yaml': file({ problem: 'b.yaml: torn' }) }),
    );
    expect(known.stale).toEqual(new Map([['b/Tiltfile', 'b.yaml: torn']]));
    expect(known.trouble).toBe(null);
  });

  it('takes the first of two with one id, by the names of the files, and names both', () => {
    const other = session('a', { 'api:serve': 'ready' });
    const known = knownOf(
      folder({ 'a.yaml': file({ sessions: [other] }), 'a.json': file({ sessions: [a] }) }),
    );
    expect(known.sessions.get(a.id)).toBe(a);
    expect(known.stale.get(a.id)).toBe(
      'a/Tiltfile: a.json and a.yaml both hold it; the first counts: rename or remove the other',
    );
  });

  it('says when one file holds an id twice', () => {
    const known = knownOf(folder({ 'a.yaml': file({ sessions: [a, session('a')] }) }));
    expect(known.sessions.get(a.id)).toBe(a);
    expect(known.stale.get(a.id)).toMatch(/^a\/Tiltfile: a\.yaml holds it twice; /);
  });

  it('does not hold a broken file against the Session of another', () => {
    const known = knownOf(
      folder({
        'a.json': file({ sessions: [a] }),
        'b.yaml': file({ sessions: [b], problem: 'b.yaml: torn' }),
      }),
    );
    expect(known.stale).toEqual(new Map([[b.id, 'b.yaml: torn']]));
  });

  it('passes on what is wrong with the path', () => {
    expect(knownOf({ ...folder({}), problem: 'there is no such file or folder' }).trouble).toBe(
      'there is no such file or folder',
    );
  });
});

describe('the files of a folder', () => {
  it('are those of YAML and JSON that are not hidden', () => {
    const names = ['a.yaml', 'a.yml', 'a.json', 'A.JSON', '.a.yaml', '.yaml', 'a.yaml~', 'a.txt', 'yaml'];
    expect(names.filter(isSessionFile)).toEqual(['a.yaml', 'a.yml', 'a.json', 'A.JSON']);
  });

  it('give their Sessions their names without the ending', () => {
    expect(['shop.yaml', 'shop.ci.json', 'shop'].map(instanceOf)).toEqual(['shop', 'shop.ci', 'shop']);
  });
});
