import { describe, expect, it } from 'vitest';
import { iconOf, tabOf } from '../../../src/dashboard/model/tab.js';
import type { VerdictState } from '../../../src/dashboard/model/types.js';
import { session } from '../../support/dashboard-data.js';

const of = (id: string, state: VerdictState) =>
  session({ id, instance: id, verdict: { state, final: true } });

describe('the tab', () => {
  it('says how the Session is that is shown', () => {
    const sessions = [of('a', 'FAILED'), of('b', 'PASSED')];
    expect(tabOf(sessions, 'b', true)).toEqual({ tone: 'ok', title: '✓ Passed · b · tilt-graphql' });
  });

  it.each<[VerdictState[], string]>([
    [[], 'tilt-graphql'],
    [['PASSED'], '✓ Passed · tilt-graphql'],
    [['PASSED', 'PASSED'], '✓ 2 passed · tilt-graphql'],
    [['PASSED', 'UNKNOWN'], '? Unknown · tilt-graphql'],
    [['PENDING', 'UNKNOWN', 'PENDING'], '… 2 in progress · tilt-graphql'],
    [['PENDING', 'FAILED', 'FAILED', 'PASSED'], '✗ 2 failed · tilt-graphql'],
  ])('of %j is as the worst: %s', (states, title) => {
    const sessions = states.map((state, index) => of(String(index), state));
    expect(tabOf(sessions, null, true).title).toBe(title);
  });

  it('never says that all is well without a link', () => {
    expect(tabOf([of('a', 'PASSED')], null, false)).toEqual({
      tone: 'idle',
      title: '? Last known: passed · tilt-graphql',
    });
  });

  it('has an icon for each tone, told apart by more than the colour', () => {
    const shapes = (['ok', 'bad', 'busy', 'warn', 'idle', 'off'] as const).map((tone) =>
      iconOf(tone).replace(/fill%3D%22%23\w+/, ''),
    );
    expect(new Set(shapes).size).toBe(6);
  });
});
