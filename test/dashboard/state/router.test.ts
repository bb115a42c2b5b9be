import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PHASES } from '../../../src/dashboard/model/phases.js';
import {
  HOME,
  isTyping,
  parseRoute,
  printRoute,
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
});

describe('the address', () => {
  it('holds a route: what is written is read as the same', () => {
    fc.assert(
      fc.property(routes, (route) => {
        expect(parseRoute(printRoute(route))).toEqual(route);
      }),
    );
  });

  it('is the shortest there is', () => {
    expect(printRoute(HOME)).toBe('?');
    expect(printRoute({ ...HOME, session: 'a/b', phases: ['FAILED', 'READY'] })).toBe(
      '?session=a%2Fb&phase=failed%2Cready',
    );
  });

  it('that makes no sense is read as far as it does', () => {
    expect(parseRoute('?view=x&span=constructor&phase=failed,nonsense,,READY&session=&other=1')).toEqual({
      ...HOME,
      phases: ['FAILED', 'READY'],
    });
    expect(Object.keys(SPANS)).toEqual(spans);
  });

  it('is replaced, rather than added to the history, while a word is typed', () => {
    const typed = { ...HOME, text: 'ap' };
    expect(isTyping(HOME, { ...HOME, text: 'a' })).toBe(false);
    expect(isTyping({ ...HOME, text: 'a' }, typed)).toBe(true);
    expect(isTyping(typed, { ...typed, session: 'a/b' })).toBe(false);
    expect(isTyping(typed, typed)).toBe(false);
  });
});
