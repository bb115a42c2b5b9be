import { describe, expect, it } from 'vitest';
import { targetKey } from '../../../src/client/changes.js';
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
    expect(describeReason(target('api:update', [0, of]))).toBe(reason);
  });

  it('the reason of a long error is its informative end, without the command', () => {
    const error = `Command "make ${'x'.repeat(300)}" failed: exit status 4`;
    expect(describeReason(target('api:update', [0, state.ended(0, 1, error)]))).toBe('exit status 4');
    const reason = describeReason(target('api:update', [0, state.ended(0, 1, `${'x'.repeat(300)} refused`)]));
    expect(reason).toMatch(/^…x+ refused$/);
  });

  it('an untriggered target has a reason, though Tilt gives none', () => {
    const waits = { ...target('lint:update', [0, state.waiting()]), phase: 'UNTRIGGERED' as const };
    expect(describeReason(waits)).toBe('files changed; waits for a trigger');
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

  it('an untriggered target does not count as missing, but is mentioned', () => {
    const { done, total, label } = progress({ total: 3, ready: 2, untriggered: 1 });
    expect([done, total, label]).toEqual([2, 2, '2 of 2 done, 1 to trigger']);
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
  it('blockers are grouped by phase, failed ones first', () => {
    expect(groupBlockers([ready, web, db])).toEqual([
      { phase: 'FAILED', title: 'Failed', targets: [db], more: 0 },
      { phase: 'WAITING', title: 'Waiting', targets: [web], more: 0 },
    ]);
  });

  it('targets that wait for a person are listed after the blockers', () => {
    const lint = { ...web, phase: 'UNTRIGGERED' as const };
    expect(groupBlockers([lint, db]).map(({ title }) => title)).toEqual(['Failed', 'Needs trigger']);
  });

  it('two blockers with the same name are both listed', () => {
    const [blockers] = groupBlockers([web, { ...web, id: `${web.id}#2` }]);
    expect(blockers?.targets.map(targetKey)).toEqual(['web:serve', 'web:serve#2']);
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
