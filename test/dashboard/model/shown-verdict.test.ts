import { describe, expect, it } from 'vitest';
import { describeVerdict, shortenVerdictReason } from '../../../src/dashboard/model/shown-verdict.js';
import { type SessionFieldOverrides, session } from '../../support/dashboard-data.js';

const up: SessionFieldOverrides = {
  spec: { tiltfilePath: 'Tiltfile', exitCondition: 'MANUAL', exitConditionText: 'manual' },
};
const passed: SessionFieldOverrides = { verdict: { state: 'PASSED', final: true }, status: { done: true } };
const passing: SessionFieldOverrides = { ...up, verdict: { state: 'PASSED' } };
const gone = { connection: { state: 'GONE' as const } };
const stale = { connection: { state: 'STALE' as const } };

describe('describeVerdict', () => {
  it.each<[string, SessionFieldOverrides, string, string]>([
    ['passed', passed, 'ok', 'Passed'],
    ['passing, while it can still change', passing, 'ok', 'Passing'],
    ['failed', { verdict: { state: 'FAILED', final: true } }, 'bad', 'Failed'],
    ['failing, while it can still change', { ...up, verdict: { state: 'FAILED' } }, 'bad', 'Failing'],
    ['in progress, of tilt ci', {}, 'busy', 'In progress'],
    ['starting, of tilt up', up, 'busy', 'Starting'],
    ['unknown', { verdict: { state: 'UNKNOWN' } }, 'idle', 'Unknown'],
    ['passed, of a GONE run that was done', { ...passed, ...gone }, 'ok', 'Passed'],
    ['last known, of a STALE Session', { ...passed, ...stale }, 'idle', 'Last known: passed'],
    ['last known, of a GONE run that was not done', { ...passing, ...gone }, 'idle', 'Last known: passing'],
  ])('the verdict is shown as %s', (_, changes, tone, word) => {
    expect(describeVerdict(session(changes), true)).toEqual({ tone, word });
  });

  it('a verdict is never green while the gateway is disconnected', () => {
    for (const changes of [passed, passing, { ...passed, ...gone }]) {
      expect(describeVerdict(session(changes), false).tone).toBe('idle');
    }
  });
});

describe('shortenVerdictReason', () => {
  const reasonOf = (reason: string | null, ...failed: string[]) =>
    shortenVerdictReason(session({ verdict: { reason, failed: failed.map((name) => ({ name })) } }));
  const error = 'Command "make test" failed: exit status 1';

  it('the error of a `tilt ci` is shown with the name of its failed target instead of the command', () => {
    expect(reasonOf(error, 'unit:update')).toBe('unit:update: exit status 1');
    expect(reasonOf(`unit:update: ${error}`, 'unit:update')).toBe('unit:update: exit status 1');
  });

  it('the error of one of several failed targets keeps its command', () => {
    expect(reasonOf(error, 'unit:update', 'lint:update')).toBe(error);
    expect([reasonOf(error), reasonOf(null)]).toEqual([error, null]);
  });
});
