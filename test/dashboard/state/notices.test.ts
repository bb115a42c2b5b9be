import { describe, expect, it } from 'vitest';
import type { VerdictState } from '../../../src/dashboard/model/types.js';
import { newFailures, verdictsOf } from '../../../src/dashboard/state/notices.js';
import { session } from '../../support/dashboard-data.js';

const of = (id: string, state: VerdictState) => session({ id, verdict: { state } });
const told = (before: VerdictState | null, after: VerdictState) =>
  newFailures(verdictsOf(before === null ? [] : [of('a', before)]), [of('a', after)]).length;

describe('a failure is new', () => {
  it('when the Session was seen not to have failed', () => {
    for (const before of ['PENDING', 'PASSED', 'UNKNOWN'] as const) expect(told(before, 'FAILED')).toBe(1);
  });

  it('not when it was known, when it is seen for the first time, or when there is none', () => {
    expect([told('FAILED', 'FAILED'), told(null, 'FAILED'), told('PENDING', 'PASSED')]).toEqual([0, 0, 0]);
  });
});
