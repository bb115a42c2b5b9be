import { describe, expect, it } from 'vitest';
import { createSessionOrder } from '../../../src/dashboard/model/session-order.js';
import type { Session } from '../../../src/dashboard/model/types.js';
import { session } from '../../support/dashboard-data.js';

const sessions = (...ids: string[]) => new Map(ids.map((id) => [id, session({ id })]));
const isFailing = ({ id }: Session) => id.startsWith('team-10') || id.startsWith('b');

describe('the order of the list of Sessions', () => {
  it('failing Sessions come first; names are in natural order', () => {
    const order = createSessionOrder();
    const ids = (of: ReadonlyMap<string, Session>) => order(of, isFailing).map(({ id }) => id);
    expect(ids(sessions('team-1', 'team-10', 'team-2', 'b', 'a'))).toEqual([
      'b',
      'team-10',
      'a',
      'team-1',
      'team-2',
    ]);
    expect(ids(sessions('team-1', 'team-10'))).toEqual(['team-10', 'team-1']);
  });

  it('an order that is known shows the newest state of each Session', () => {
    const order = createSessionOrder();
    order(sessions('a'), isFailing);
    const newest = session({ id: 'a', instance: 'renamed' });
    expect(order(new Map([['a', newest]]), isFailing)).toEqual([newest]);
  });
});
