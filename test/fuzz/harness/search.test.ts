import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createGateways } from '../gateway/gateways.js';
import { defineSurface } from './surface.js';
import { Violation } from './violation.js';

const gateways = createGateways();

/** A check with two faults: one for large numbers, one for sevens. */
const faulty = defineSurface<number>({
  name: 'faulty',
  share: 1,
  arbitrary: fc.nat(1_000),
  count: () => 1,
  check(number) {
    if (number > 700) throw new Violation('too large', number);
    if (number % 10 === 7) throw new Error('a seven');
  },
});

describe('the search of the fuzzer', () => {
  it('reports each fault once, with its smallest case and the number of occurrences', async () => {
    const { findings, inputs } = await faulty.search({ seed: 1, inputs: 1_000, gateways });
    expect(findings).toHaveLength(2);
    expect(findings).toContainEqual(expect.objectContaining({ message: 'too large: 701', example: '701' }));
    expect(findings).toContainEqual(
      expect.objectContaining({
        message: expect.stringMatching(/^Error: a seven\n\s+at /),
        example: expect.stringMatching(/^\d*7$/),
      }),
    );
    expect(findings.every(({ times }) => times > 1)).toBe(true);
    expect(inputs).toBeGreaterThanOrEqual(1_000);
  });

  it('finds a finding again from its seed', async () => {
    const big = defineSurface<number>({
      ...faulty,
      check(number) {
        if (number > 995) throw new Violation('too large', number);
      },
    });
    const first = await big.search({ seed: 1, inputs: 1_000, gateways });
    expect(first.findings).toHaveLength(1);
    for (const { seed, message } of first.findings) {
      const again = await big.search({ seed, inputs: 1, gateways });
      expect(again.findings.map((finding) => finding.message)).toContain(message);
    }
  });

  it('finds nothing in a correct surface', async () => {
    const sound = defineSurface<number>({ ...faulty, check: () => {} });
    expect(await sound.search({ seed: 1, inputs: 300, gateways })).toMatchObject({
      inputs: 300,
      findings: [],
    });
  });
});
