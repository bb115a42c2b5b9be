import { describe, expect, it } from 'vitest';
import { renderTabIcon, summarizeTab } from '../../../src/dashboard/model/tab.js';
import type { VerdictState } from '../../../src/dashboard/model/types.js';
import { session } from '../../support/dashboard-data.js';

const of = (id: string, state: VerdictState) =>
  session({ id, instance: id, verdict: { state, final: true } });

describe('the browser tab', () => {
  it('the tab shows the verdict of the selected Session', () => {
    const sessions = [of('a', 'FAILED'), of('b', 'PASSED')];
    expect(summarizeTab(sessions, 'b', true)).toEqual({ tone: 'ok', title: '✓ Passed · b · tilt-graphql' });
  });

  it.each<[VerdictState[], string]>([
    [[], 'tilt-graphql'],
    [['PASSED'], '✓ Passed · tilt-graphql'],
    [['PASSED', 'PASSED'], '✓ 2 passed · tilt-graphql'],
    [['PASSED', 'UNKNOWN'], '? Unknown · tilt-graphql'],
    [['PENDING', 'UNKNOWN', 'PENDING'], '… 2 in progress · tilt-graphql'],
    [['PENDING', 'FAILED', 'FAILED', 'PASSED'], '✗ 2 failed · tilt-graphql'],
  ])('the tab for %j shows the worst verdict: %s', (states, title) => {
    const sessions = states.map((state, index) => of(String(index), state));
    expect(summarizeTab(sessions, null, true).title).toBe(title);
  });

  it('the tab is never green while the gateway is disconnected', () => {
    expect(summarizeTab([of('a', 'PASSED')], null, false)).toEqual({
      tone: 'idle',
      title: '? Last known: passed · tilt-graphql',
    });
  });

  it('tab icons differ in shape, not only in color', () => {
    const shapes = (['ok', 'bad', 'busy', 'warn', 'idle', 'off'] as const).map((tone) =>
      renderTabIcon(tone).replace(/fill%3D%22%23\w+/, ''),
    );
    expect(new Set(shapes).size).toBe(6);
  });
});
