import { describe, expect, it } from 'vitest';
import { isPhase, PHASE_LOOKS, PHASES, reasonOf } from '../../../src/dashboard/model/phases.js';
import { state } from '../../support/dashboard-data.js';

describe('a phase', () => {
  it('has a word of its own, so that its colour is never all that tells it', () => {
    expect(new Set(PHASES.map((phase) => PHASE_LOOKS[phase].word)).size).toBe(8);
    expect([isPhase('FAILED'), isPhase('failed'), isPhase('toString')]).toEqual([true, false, false]);
  });

  it.each([
    [state.waiting('waiting-for-dep'), 'waits for what it depends on'],
    [state.waiting('unknown'), ''],
    [state.waiting('of a newer Tilt'), 'of a newer Tilt'],
    [state.ended(0, 1, 'exit status 1'), 'exit status 1'],
    [state.ended(0, 1), ''],
    [state.running(0), ''],
    [state.inactive(), ''],
  ])('of %j has the reason "%s"', (of, reason) => {
    expect(reasonOf({ state: of })).toBe(reason);
  });
});
