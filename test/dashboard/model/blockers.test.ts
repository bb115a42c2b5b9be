import { describe, expect, it } from 'vitest';
import { blockersOf } from '../../../src/dashboard/model/blockers.js';
import { state, target } from '../../support/dashboard-data.js';

const db = target('db:update', [0, state.ended(0, 1, 'exit status 1')]);
const web = target('web:serve', [0, state.waiting('unknown')]);
const ready = target('api:serve', [0, state.ready(0, 1)]);

describe('what blocks a verdict', () => {
  it('comes with its reason, what needs a person first', () => {
    expect(blockersOf([ready, web, db])).toEqual([
      {
        phase: 'FAILED',
        title: 'Failed',
        targets: [{ key: 'db:update', reason: 'exit status 1' }],
        more: 0,
      },
      { phase: 'WAITING', title: 'Waiting', targets: [{ key: 'web:serve', reason: '' }], more: 0 },
    ]);
  });

  it('lists both of two targets of one name', () => {
    const [blockers] = blockersOf([web, { ...web, id: `${web.id}#2` }]);
    expect(blockers?.targets.map(({ key }) => key)).toEqual(['web:serve', 'web:serve#2']);
  });

  it('is cut where it is long, and says by how much', () => {
    const many = Array.from({ length: 500 }, (_, index) => target(`t${index}`, [0, state.waiting()]));
    const [waiting] = blockersOf(many);
    expect([waiting?.targets.length, waiting?.more]).toEqual([5, 495]);
  });

  it('is nothing when all is well', () => {
    expect(blockersOf([ready])).toEqual([]);
  });
});
