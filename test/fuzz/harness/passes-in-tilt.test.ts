import { describe, expect, it } from 'vitest';
import { readLastObject } from '../../support/recording.js';
import { passesInTilt } from './passes-in-tilt.js';

describe('the expected verdict of the fuzzer', () => {
  it('is passed for a successful recording of `tilt ci` and not for a failed one', () => {
    expect(passesInTilt(readLastObject('ci-ok'))).toBe(true);
    expect(passesInTilt(readLastObject('ci-bad'))).toBe(false);
  });

  it.each([null, 7, [[]], {}, { status: null }, { status: { targets: [] } }])(
    'is not passed for %j',
    (value) => {
      expect(passesInTilt(value)).toBe(false);
    },
  );
});
