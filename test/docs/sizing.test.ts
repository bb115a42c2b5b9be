import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const page = readFileSync(new URL('../../docs/sizing.md', import.meta.url), 'utf8').replaceAll(/\s+/g, ' ');

const UNITS: Readonly<Record<string, number>> = {
  ...{ µs: 1e-6, ms: 1e-3, cores: 1 },
  ...{ kB: 1e3, MB: 1e6, GB: 1e9 },
};

/** Measured figures by their names in the table, in seconds or bytes. */
const measured = new Map(
  [...page.matchAll(/\| (M\d+) \| [^|]+ \| ([\d.]+) (\S+)/g)].map(([, name = '', value, unit = '']) => [
    name,
    Number(value) * (UNITS[unit] ?? Number.NaN),
  ]),
);

/** `500 × 4 × M9 = 0.03 cores`, `5,000 × M7 / 1,000 = 0.8 GB` */
const SUM = /((?:[\d,]+ × )+)(M\d+)(?: \/ ([\d,]+))? = ([\d.]+) (cores|GB)/g;

describe('docs/sizing.md', () => {
  const sums = [...page.matchAll(SUM)].map((match) => [...match]);

  it.each(sums)(
    'computes correctly: %s',
    (_, factors = '', name = '', divisor = '1', result = '', unit = '') => {
      const times = factors.split(' × ').filter((factor) => factor !== '');
      const value = times.reduce(
        (product, factor) => product * numberOf(factor),
        measured.get(name) ?? Number.NaN,
      );
      const digits = result.split('.')[1]?.length ?? 0;
      expect((value / numberOf(divisor) / (UNITS[unit] ?? Number.NaN)).toFixed(digits)).toBe(result);
    },
  );

  it('derives its plan from the measured figures', () => {
    expect(sums.length).toBeGreaterThanOrEqual(9);
  });
});

function numberOf(text: string): number {
  return Number(text.replaceAll(',', ''));
}
