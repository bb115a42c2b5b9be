import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isMicroTime, parseMicros, secondsBetween } from '../../src/model/micro-time.js';
import { microTimes } from '../support/arbitraries.js';

describe('isMicroTime', () => {
  it.each([
    ['microseconds, as Tilt writes them', '2026-11-22T11:41:48.970952Z'],
    ['no fraction, as metav1.Time', '2026-11-22T11:41:48Z'],
    ['nanoseconds', '2026-11-22T11:41:48.970952123Z'],
    ['an offset', '2026-11-22T11:41:48.970952+05:30'],
    ['the offset for "unknown"', '2026-11-22T11:41:48-00:00'],
    ['lowercase letters', '2026-11-22t11:41:48z'],
    ['the last day of a leap year', '2024-02-29T00:00:00Z'],
    ['the last of a month', '2026-12-31T23:59:59Z'],
    ['the first moment of all', '0000-01-01T00:00:00Z'],
    ['a leap second', '2016-12-31T23:59:60Z'],
    ['a leap second in another zone', '2016-12-31T15:59:60.5-08:00'],
  ])('accepts %s: %j', (_, text) => {
    expect(isMicroTime(text)).toBe(true);
  });

  it.each([
    ['nothing', ''],
    ['a day alone', '2026-11-22'],
    ['no zone', '2026-11-22T11:41:48'],
    ['no seconds', '2026-11-22T11:41Z'],
    ['a space for the T', '2026-11-22 11:41:48Z'],
    ['a comma for the point', '2026-11-22T11:41:48,5Z'],
    ['a point without digits', '2026-11-22T11:41:48.Z'],
    ['more digits than nanoseconds', '2026-11-22T11:41:48.0123456789Z'],
    ['the 29th of February in a common year', '2026-02-29T00:00:00Z'],
    ['the 29th of February 2100', '2100-02-29T00:00:00Z'],
    ['the 30th of February', '2024-02-30T00:00:00Z'],
    ['the 31st of April', '2026-04-31T00:00:00Z'],
    ['the 32nd', '2026-01-32T00:00:00Z'],
    ['day 0', '2026-01-00T00:00:00Z'],
    ['month 0', '2026-00-01T00:00:00Z'],
    ['month 13', '2026-13-01T00:00:00Z'],
    ['hour 24', '2026-01-01T24:00:00Z'],
    ['minute 60', '2026-01-01T00:60:00Z'],
    ['second 61', '2026-12-31T23:59:61Z'],
    ['a leap second in the middle of a day', '2026-12-31T23:58:60Z'],
    ['a leap second that ends the day only locally', '2016-12-31T23:59:60-08:00'],
    ['an offset of 24 hours', '2026-01-01T00:00:00+24:00'],
    ['an offset without a colon', '2026-01-01T00:00:00+0530'],
    ['a year of five digits', '12026-01-01T00:00:00Z'],
    ['a line break at the end', '2026-11-22T11:41:48Z\n'],
    ['a Go time printed with String()', '2026-11-22 11:41:48.970952 +0000 UTC'],
  ])('rejects %s: %j', (_, text) => {
    expect(isMicroTime(text)).toBe(false);
    expect(parseMicros(text)).toBeNull();
  });

  it('agrees with parseMicros on every text', () => {
    fc.assert(
      fc.property(fc.oneof(microTimes, almostTimes), (text) => {
        expect(isMicroTime(text)).toBe(parseMicros(text) !== null);
      }),
    );
  });
});

describe('parseMicros', () => {
  it.each([
    ['1970-01-01T00:00:00Z', 0],
    ['1970-01-01T00:00:00.000001Z', 1],
    ['1970-01-01T00:00:00.5Z', 500_000],
    ['1970-01-01T00:00:00.0000019Z', 1],
    ['1969-12-31T23:59:59.999999Z', -1],
    ['1970-01-01T01:00:00+01:00', 0],
    ['1969-12-31T15:59:59.999999-08:00', -1],
    ['2026-11-22T11:41:48.970952Z', 1_795_347_708_970_952],
    ['2254-12-31T23:59:59.999999Z', 8_993_721_599_999_999],
    ['1685-01-01T00:00:00.000001Z', -8_993_635_199_999_999],
  ])('%s is %d', (text, micros) => {
    expect(parseMicros(text)).toBe(micros);
  });

  it('counts a leap second as the second after it', () => {
    expect(parseMicros('2016-12-31T23:59:60Z')).toBe(parseMicros('2017-01-01T00:00:00Z'));
  });

  it('distinguishes the first century from the twentieth', () => {
    expect(parseMicros('0099-01-01T00:00:00Z')).toBe(Date.parse('0099-01-01T00:00:00Z') * 1000);
  });

  it('equals Date, plus the microseconds that Date drops', () => {
    fc.assert(
      fc.property(microTimes, (text) => {
        const [, digits = ''] = /\.(\d+)/.exec(text) ?? [];
        const micros = Number(digits.slice(0, 6).padEnd(6, '0'));
        expect(parseMicros(text)).toBe(Date.parse(text.replace(/\.\d+/, '')) * 1000 + micros);
      }),
    );
  });
});

describe('secondsBetween', () => {
  it('counts to the microsecond, across zones', () => {
    expect(secondsBetween('2026-11-22T11:41:48.970952Z', '2026-11-22T12:41:50.970953+01:00')).toBe(2.000001);
  });

  it('is negative if the second time is earlier', () => {
    expect(secondsBetween('2026-11-22T11:41:49Z', '2026-11-22T11:41:48.75Z')).toBe(-0.25);
  });

  it.each([
    [null, null],
    ['2026-11-22T11:41:49Z', null],
    [null, '2026-11-22T11:41:49Z'],
    ['soon', '2026-11-22T11:41:49Z'],
  ])('is null if a time is missing: from %s to %s', (from, to) => {
    expect(secondsBetween(from, to)).toBeNull();
  });
});

const twoDigits = (max: number) => fc.nat(max).map((part) => String(part).padStart(2, '0'));

/** Times whose parts are often slightly out of range. */
const almostTimes = fc
  .tuple(
    fc.constantFrom('2024', '2026', '2100', '0000', '9999'),
    twoDigits(13),
    twoDigits(32),
    twoDigits(25),
    fc.constantFrom('00', '59', '60'),
    fc.constantFrom('00', '59', '60', '61'),
    fc.constantFrom('Z', '+00:00', '-23:59', '+24:00', ''),
  )
  .map(
    ([year, month, day, hour, minute, second, zone]) =>
      `${year}-${month}-${day}T${hour}:${minute}:${second}${zone}`,
  );
