import { describe, expect, it } from 'vitest';
import { readLastObject } from '../../support/recording.js';
import { isReallyPassed } from './passed.js';

describe('whether Tilt would call a Session passed', () => {
  it('is so of a `tilt ci` that went well, and not of one that did not', () => {
    expect(isReallyPassed(readLastObject('ci-ok'))).toBe(true);
    expect(isReallyPassed(readLastObject('ci-bad'))).toBe(false);
  });

  it.each([null, 7, [[]], {}, { status: null }, { status: { targets: [] } }])('is not so of %j', (value) => {
    expect(isReallyPassed(value)).toBe(false);
  });
});
