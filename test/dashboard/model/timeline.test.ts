import { describe, expect, it } from 'vitest';
import { endOf } from '../../../src/dashboard/model/end.js';
import { timelineOf } from '../../../src/dashboard/model/timeline.js';
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
