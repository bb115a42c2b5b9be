import { describe, expect, it } from 'vitest';
import { shownVerdict } from '../../../src/dashboard/model/shown-verdict.js';
import { type SessionChanges, session } from '../../support/dashboard-data.js';

const up: SessionChanges = {
  spec: { tiltfilePath: 'Tiltfile', exitCondition: 'MANUAL', exitConditionText: 'manual' },
};
const passed: SessionChanges = { verdict: { state: 'PASSED', final: true }, status: { done: true } };
const passing: SessionChanges = { ...up, verdict: { state: 'PASSED' } };
const gone = { connection: { state: 'GONE' as const } };
const stale = { connection: { state: 'STALE' as const } };

describe('a verdict is shown', () => {
  it.each<[string, SessionChanges, string, string]>([
    ['passed', passed, 'ok', 'Passed'],
    ['passing, where it can still turn', passing, 'ok', 'Passing'],
    ['failed', { verdict: { state: 'FAILED', final: true } }, 'bad', 'Failed'],
    ['failing, where it can still turn', { ...up, verdict: { state: 'FAILED' } }, 'bad', 'Failing'],
    ['in progress, of tilt ci', {}, 'busy', 'In progress'],
    ['starting, of tilt up', up, 'busy', 'Starting'],
    ['unknown', { verdict: { state: 'UNKNOWN' } }, 'idle', 'Unknown'],
    ['passed, of a run that is done and has left', { ...passed, ...gone }, 'ok', 'Passed'],
    [
      'as the last that is known, where the link to Tilt is lost',
      { ...passed, ...stale },
      'idle',
      'Last known: passed',
    ],
    [
      'as the last that is known, of one that left before it was done',
      { ...passing, ...gone },
      'idle',
      'Last known: passing',
    ],
  ])('as %s', (_, changes, tone, word) => {
    expect(shownVerdict(session(changes), true)).toEqual({ tone, word });
  });

  it('never as good without a link to the gateway', () => {
    for (const changes of [passed, passing, { ...passed, ...gone }]) {
      expect(shownVerdict(session(changes), false).tone).toBe('idle');
    }
  });
});
