import { describe, expect, it } from 'vitest';
import { resultLines } from '../../../src/cli/wait/result-lines.js';
import { targetFields } from '../../support/target-fields.js';
import { waited } from '../../support/waited.js';

const TARGETS = [
  targetFields('api:serve', 'RUNNING'),
  targetFields('lint:update', 'SUCCEEDED'),
  targetFields('unit:update', 'FAILED', { error: 'one\ntwo' }),
  targetFields('web:update', 'WAITING'),
];

describe('what wait prints', () => {
  it('is one line when it is so', () => {
    expect(resultLines(waited('reached', TARGETS))).toEqual([
      'reached: waited 3s for tilt-default/Tiltfile to be ready: 4 targets (1 waiting, 1 running, 1 succeeded, 1 failed)',
    ]);
  });

  it('names what failed, with its error in one line', () => {
    expect(resultLines(waited('failed', TARGETS))).toEqual([
      'failed: waited 3s for tilt-default/Tiltfile to be ready',
      '  unit:update: FAILED: one two',
    ]);
  });

  it('gives the reason where no target failed', () => {
    expect(resultLines(waited('failed', []))).toEqual([
      'failed: waited 3s for tilt-default/Tiltfile to be ready',
      '  the reason',
    ]);
  });

  it('names what blocks when the time is up, and since when', () => {
    expect(resultLines(waited('timeout', TARGETS))).toEqual([
      'timeout: waited 3s for tilt-default/Tiltfile to be ready',
      '  api:serve: RUNNING for 1m00s, since 2026-11-22T11:00:05.000Z: running',
      '  web:update: WAITING for 1m00s, since 2026-11-22T11:00:05.000Z: waiting: on-dep',
    ]);
  });

  it('names one target alone where that is waited for, and its start where the gateway did not see it turn', () => {
    const condition = { target: 'api:serve', phase: 'READY' } as const;
    const targets = [targetFields('api:serve', 'RUNNING', { history: [] }), ...TARGETS.slice(1)];
    expect(resultLines(waited('timeout', targets, { condition }))).toEqual([
      'timeout: waited 3s for tilt-default/Tiltfile for api:serve to be READY',
      '  api:serve: RUNNING for 1m05s, since 2026-11-22T11:00:00.000Z: running',
    ]);
  });

  it('says nothing of targets that may have changed since', () => {
    expect(resultLines(waited('timeout', TARGETS, { isStale: true }))).toEqual([
      'timeout: waited 3s for tilt-default/Tiltfile to be ready',
      '  the reason',
    ]);
    expect(resultLines(waited('unknown', TARGETS))).toEqual(['unknown: the reason']);
  });

  it('names fifty at most', () => {
    const many = Array.from({ length: 52 }, (_, index) => targetFields(`t${index}`, 'FAILED'));
    const lines = resultLines(waited('failed', many));
    expect(lines).toHaveLength(52);
    expect(lines.at(-1)).toBe('  and 2 more');
  });
});
