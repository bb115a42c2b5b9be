import { describe, expect, it } from 'vitest';
import type { VerdictState } from '../../../src/dashboard/model/types.js';
import { collectVerdicts, findNewFailures } from '../../../src/dashboard/state/notifications.js';
import { session } from '../../support/dashboard-data.js';

const of = (id: string, state: VerdictState) => session({ id, verdict: { state } });
const countFailures = (before: VerdictState | null, after: VerdictState) =>
  findNewFailures(collectVerdicts(before === null ? [] : [of('a', before)]), [of('a', after)]).length;

describe('findNewFailures', () => {
  it('a Session that fails after another verdict is a new failure', () => {
    for (const before of ['PENDING', 'PASSED', 'UNKNOWN'] as const)
      expect(countFailures(before, 'FAILED')).toBe(1);
  });

  it('a known failure, a Session seen for the first time, and another verdict are no new failures', () => {
    expect([
      countFailures('FAILED', 'FAILED'),
      countFailures(null, 'FAILED'),
      countFailures('PENDING', 'PASSED'),
    ]).toEqual([0, 0, 0]);
  });
});
