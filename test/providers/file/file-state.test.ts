import { describe, expect, it } from 'vitest';
import { type FileState, MISSING, nextFileState, type Seen } from '../../../src/providers/file/file-state.js';
import { session } from '../../support/sessions.js';

const sessions = [session('a')];
const well: FileState = { stamp: '1', sessions, problem: null, suspicion: null };
const bad = (stamp: string): Seen => ({ type: 'bad', stamp, problem: 'broken' });

describe('the state of a file', () => {
  it('takes good news at once', () => {
    const seen: Seen = { type: 'good', stamp: '2', sessions: [] };
    const next = { stamp: '2', sessions: [], problem: null, suspicion: null };
    for (const before of [null, well, { ...well, problem: 'broken' }, { ...well, suspicion: 'broken' }]) {
      expect(nextFileState(before, seen, false)).toEqual(next);
    }
  });

  it('stays as it is while the file does', () => {
    expect(nextFileState(well, { type: 'same' }, false)).toBe(well);
    expect(nextFileState(null, { type: 'same' }, false)).toBe(null);
  });

  it('calls a file broken when it stays so for two looks, and keeps its last good Sessions', () => {
    const suspected = nextFileState(well, bad('2'), false);
    expect(suspected).toEqual({ stamp: '2', sessions, problem: null, suspicion: 'broken' });
    const sure = { stamp: '2', sessions, problem: 'broken', suspicion: null };
    expect(nextFileState(suspected, { type: 'same' }, false)).toEqual(sure);
    expect(nextFileState(suspected, bad('2'), false)).toEqual(sure);
  });

  it('does not call a file broken that is still being written', () => {
    const suspected = nextFileState(well, bad('2'), false);
    expect(nextFileState(suspected, bad('3'), false)).toMatchObject({ problem: null, suspicion: 'broken' });
  });

  it('calls a file broken at once at the first look of all', () => {
    expect(nextFileState(null, bad('1'), true)).toEqual({
      stamp: '1',
      sessions: null,
      problem: 'broken',
      suspicion: null,
    });
  });

  it('is gone when the file is missing for two looks', () => {
    const missed = nextFileState(well, { type: 'missing' }, false);
    expect(missed).toEqual({ ...well, stamp: MISSING });
    expect(nextFileState(missed, { type: 'missing' }, false)).toBe(null);
    expect(nextFileState(null, { type: 'missing' }, false)).toBe(null);
  });
});
