import { describe, expect, it } from 'vitest';
import { endOf } from '../../../src/dashboard/model/shown-verdict.js';
import { criticalPath, type Run, runsOf, timelineOf } from '../../../src/dashboard/model/timeline.js';
import { ms, session, state, target, time } from '../../support/dashboard-data.js';

const load = target('tiltfile:update', [1.1, state.ended(1, 2)]);
const unit = target('unit:update', [2.1, state.waiting()], [6.1, state.ended(3, 6, 'exit status 1')]);
const db = target('db:serve', [2.1, state.waiting()], [4.1, state.ready(2.5, 4)]);
const later = target('web:serve', [2.1, state.waiting()]);
const done = session({
  status: { done: true },
  verdict: { state: 'FAILED', failed: [{ name: 'unit:update' }] },
});

describe('the timeline', () => {
  it('has a line a target, in the order in which they began to run', () => {
    const { lines, origin } = timelineOf(done, [later, unit, db, load]);
    expect(lines.map(({ name }) => name)).toEqual([
      'tiltfile:update',
      'db:serve',
      'unit:update',
      'web:serve',
    ]);
    expect(origin).toBe(ms(0));
  });

  it('has the critical path of a run that is done', () => {
    expect(timelineOf(done, [db, load, unit]).path.map((step) => step.target)).toEqual([
      'tiltfile:update',
      'unit:update',
    ]);
    expect(timelineOf(session(), [db, load, unit]).path).toEqual([]);
  });

  it('has the same line for a target that did not change', () => {
    const before = timelineOf(done, [load, db]);
    const after = timelineOf(done, [load, { ...db }]);
    expect(after.lines.map((line, index) => line === before.lines[index])).toEqual([true, false]);
  });

  it('has no beginning while nothing is known', () => {
    expect(timelineOf(session({ status: { startTime: null } }), []).origin).toBeNull();
  });
});

describe('what is shown of a Session that does not go on is as of', () => {
  const link = { state: 'live', since: ms(0) };

  it('its last end, once it is done', () => {
    expect(endOf(done, [load, unit, db], link)).toBe(ms(6));
  });

  it('when the link to it was lost, whichever was first', () => {
    const stale = session({ connection: { state: 'STALE', since: time(50) } });
    expect(endOf(stale, [load], link)).toBe(ms(50));
    expect(endOf(stale, [load], { state: 'lost', since: ms(40) })).toBe(ms(40));
    expect(endOf(session(), [load], { state: 'lost', since: ms(40) })).toBe(ms(40));
  });
});

const run = (target: string, start: number, end: number): Run => ({ target, start, end });
const names = (runs: readonly Run[], last?: readonly string[]) =>
  criticalPath(runs, last).map(({ target }) => target);

describe('the critical path', () => {
  it('goes back from what ended last to what ended right before each began', () => {
    const runs = [
      run('load', 0, 10),
      run('lint', 11, 40),
      run('db', 41, 60),
      run('unit', 11, 55),
      run('e2e', 61, 100),
    ];
    expect(criticalPath(runs)).toEqual([
      { target: 'load', start: 0, end: 10, gap: 0 },
      { target: 'lint', start: 11, end: 40, gap: 1 },
      { target: 'db', start: 41, end: 60, gap: 1 },
      { target: 'e2e', start: 61, end: 100, gap: 1 },
    ]);
  });

  it('does not care in which order the runs come', () => {
    const runs = [run('c', 21, 30), run('a', 0, 10), run('b', 11, 20)];
    expect(names(runs)).toEqual(['a', 'b', 'c']);
    expect(names(runs.toReversed())).toEqual(['a', 'b', 'c']);
  });

  it('says for how long nothing of it ran', () => {
    expect(criticalPath([run('a', 0, 10), run('b', 500, 600)]).map(({ gap }) => gap)).toEqual([0, 490]);
  });

  it('takes clocks that are read at slightly different moments', () => {
    expect(names([run('a', 0, 12), run('b', 10, 20)])).toEqual(['a', 'b']);
    expect(names([run('a', 0, 16), run('b', 10, 20)])).toEqual(['b']);
  });

  it('ends with what failed, if anything did', () => {
    const runs = [run('a', 0, 10), run('fails', 11, 20), run('b', 11, 21)];
    expect(names(runs, ['fails'])).toEqual(['a', 'fails']);
    expect(names(runs, ['was never run'])).toEqual(['a', 'b']);
  });

  it('comes to an end with runs that take no time, and is empty without any', () => {
    expect(names([run('a', 5, 5), run('b', 5, 5), run('c', 5, 9)])).toEqual(['c']);
    expect(names([])).toEqual([]);
  });
});

describe('the runs of a target', () => {
  it('are those that came to their end', () => {
    const stretches = [
      { kind: 'waiting', start: 0, end: 1, outcome: null },
      { kind: 'running', start: 1, end: 2, outcome: 'failed' },
      { kind: 'running', start: 3, end: 4, outcome: 'off' },
      { kind: 'running', start: 5, end: 6, outcome: 'ready' },
      { kind: 'ready', start: 6, end: 7, outcome: null },
      { kind: 'running', start: 8, end: null, outcome: null },
    ] as const;
    expect(runsOf('a', stretches)).toEqual([run('a', 1, 2), run('a', 5, 6)]);
  });
});
