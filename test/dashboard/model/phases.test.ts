import { describe, expect, it } from 'vitest';
import {
  computeProgress,
  describeReason,
  groupBlockers,
  isPhase,
  PHASE_LOOKS,
  PHASES,
} from '../../../src/dashboard/model/phases.js';
import { session, state, target } from '../../support/dashboard-data.js';

describe('PHASE_LOOKS', () => {
  it('each phase has a word of its own, so that color is never the only difference', () => {
    expect(new Set(PHASES.map((phase) => PHASE_LOOKS[phase].word)).size).toBe(9);
    expect([isPhase('FAILED'), isPhase('failed'), isPhase('toString')]).toEqual([true, false, false]);
  });
});

describe('describeReason', () => {
  it.each([
    [state.waiting('waiting-for-dep'), 'waiting for its dependencies'],
    [state.waiting('unknown'), ''],
    [state.waiting('of a newer Tilt'), 'of a newer Tilt'],
    [state.ended(0, 1, 'exit status 1'), 'exit status 1'],
    [state.ended(0, 1), ''],
    [state.running(0), ''],
    [state.inactive(), ''],
  ])('the state %j has the reason "%s"', (of, reason) => {
    expect(describeReason({ state: of })).toBe(reason);
  });
});

describe('computeProgress', () => {
  const progress = (counts: object) => computeProgress(session({ counts }).counts);

  it('progress leaves out inactive and disabled targets and lists the others by phase', () => {
    const { done, total, parts, label } = progress({
      total: 10,
      inactive: 1,
      disabled: 1,
      succeeded: 3,
      ready: 1,
      running: 1,
      waiting: 2,
      failed: 1,
    });
    expect([done, total]).toEqual([4, 8]);
    expect(label).toBe('4 of 8 done, 1 running, 1 failed, 2 waiting');
    expect(parts.map(({ word, share }) => [word, share])).toEqual([
      ['Succeeded', 0.375],
      ['Ready', 0.125],
      ['Running', 0.125],
      ['Failed', 0.125],
      ['Waiting', 0.25],
    ]);
  });

  it('progress of a Session without active targets is empty', () => {
    expect(progress({ total: 2, inactive: 2 })).toEqual({
      done: 0,
      total: 0,
      parts: [],
      label: '0 of 0 done',
    });
  });
});

const db = target('db:update', [0, state.ended(0, 1, 'exit status 1')]);
const web = target('web:serve', [0, state.waiting('unknown')]);
const ready = target('api:serve', [0, state.ready(0, 1)]);

describe('groupBlockers', () => {
  it('blockers are grouped by phase with their reasons, failed ones first', () => {
    expect(groupBlockers([ready, web, db])).toEqual([
      {
        phase: 'FAILED',
        title: 'Failed',
        targets: [{ key: 'db:update', reason: 'exit status 1' }],
        more: 0,
      },
      { phase: 'WAITING', title: 'Waiting', targets: [{ key: 'web:serve', reason: '' }], more: 0 },
    ]);
  });

  it('two blockers with the same name are both listed', () => {
    const [blockers] = groupBlockers([web, { ...web, id: `${web.id}#2` }]);
    expect(blockers?.targets.map(({ key }) => key)).toEqual(['web:serve', 'web:serve#2']);
  });

  it('at most five blockers of a phase are listed, with the number of the others', () => {
    const many = Array.from({ length: 500 }, (_, index) => target(`t${index}`, [0, state.waiting()]));
    const [waiting] = groupBlockers(many);
    expect([waiting?.targets.length, waiting?.more]).toEqual([5, 495]);
  });

  it('a Session without blockers has no groups', () => {
    expect(groupBlockers([ready])).toEqual([]);
  });
});
