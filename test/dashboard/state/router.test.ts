import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PHASES } from '../../../src/dashboard/model/phases.js';
import { VERDICTS } from '../../../src/dashboard/model/shown-verdict.js';
import {
  formatRoute,
  HOME,
  isTyping,
  parseRoute,
  SPANS,
  type Span,
} from '../../../src/dashboard/state/router.js';

const spans: Span[] = ['all', '1h', '10m', '1m'];
const name = fc.option(fc.string({ minLength: 1, unit: 'grapheme' }), { nil: null });
const routes = fc.record({
  session: name,
  view: fc.constantFrom('targets' as const, 'timeline' as const),
  target: name,
  span: fc.constantFrom(...spans),
  text: fc.string({ unit: 'grapheme' }),
  phases: fc.subarray([...PHASES]),
  resource: name,
  label: name,
  verdicts: fc.subarray([...VERDICTS]),
  grouping: fc.constantFrom('resource' as const, 'label' as const, null),
});

describe('the address of a route', () => {
  it('a formatted route is parsed to the same route', () => {
    fc.assert(
      fc.property(routes, (route) => {
        expect(parseRoute(formatRoute(route))).toEqual(route);
      }),
    );
  });

  it('a route is formatted as the shortest address', () => {
    expect(formatRoute(HOME)).toBe('?');
    expect(formatRoute({ ...HOME, session: 'a/b', phases: ['FAILED', 'READY'] })).toBe(
      '?session=a%2Fb&phase=failed%2Cready',
    );
    expect(formatRoute({ ...HOME, grouping: 'label', label: 'team-*', verdicts: ['FAILED'] })).toBe(
      '?group=label&label=team-*&verdict=failed',
    );
  });

  it('invalid parts of an address are ignored', () => {
    expect(
      parseRoute(
        '?view=x&span=constructor&group=y&phase=failed,nonsense,,READY&verdict=toString&session=&other=1',
      ),
    ).toEqual({
      ...HOME,
      phases: ['FAILED', 'READY'],
    });
    expect(Object.keys(SPANS)).toEqual(spans);
  });

  it('typing replaces the history entry', () => {
    const typed = { ...HOME, text: 'ap' };
    expect(isTyping(HOME, { ...HOME, text: 'a' })).toBe(false);
    expect(isTyping({ ...HOME, text: 'a' }, typed)).toBe(true);
    expect(isTyping(typed, { ...typed, session: 'a/b' })).toBe(false);
    expect(isTyping(typed, typed)).toBe(false);
  });
});
