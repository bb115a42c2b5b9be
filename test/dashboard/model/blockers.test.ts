import { describe, expect, it } from 'vitest';
import { blockersOf } from '../../../src/dashboard/model/blockers.js';
import { session, state, target } from '../../support/dashboard-data.js';

const db = target('db:update', [0, state.ended(0, 1, 'exit status 1')]);
const names = (count: number) => Array.from({ length: count }, (_, index) => ({ name: `t${index}` }));

describe('what blocks a verdict', () => {
  it('comes with its reason, what needs a person first', () => {
    const blocked = session({
      verdict: { failed: [{ name: 'db:update' }], waiting: [{ name: 'web:serve' }] },
    });
    expect(blockersOf(blocked, (name) => (name === 'db:update' ? db : undefined))).toEqual([
      {
        phase: 'FAILED',
        title: 'Failed',
        targets: [{ name: 'db:update', reason: 'exit status 1' }],
        more: 0,
      },
      { phase: 'WAITING', title: 'Waiting', targets: [{ name: 'web:serve', reason: '' }], more: 0 },
    ]);
  });

  it('is cut where it is long, and says by how much', () => {
    const [waiting] = blockersOf(session({ verdict: { waiting: names(500) } }), () => undefined);
    expect([waiting?.targets.length, waiting?.more]).toEqual([5, 495]);
  });

  it('is nothing when all is well', () => {
    expect(blockersOf(session({ verdict: { state: 'PASSED' } }), () => undefined)).toEqual([]);
  });
});
