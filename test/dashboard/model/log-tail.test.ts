import { describe, expect, it } from 'vitest';
import { applyPayload, EMPTY_TAIL, type LogTail, MAX_LINES } from '../../../src/dashboard/model/log-tail.js';
import { logLines, logPayload } from '../../support/log-payloads.js';

const NOW = Date.parse('2026-11-22T12:00:00Z');

/** Applies the payloads, each so many milliseconds after the start. */
function fold(
  ...payloads: readonly (readonly [ms: number, payload: ReturnType<typeof logPayload>])[]
): LogTail {
  return payloads.reduce((tail, [ms, payload]) => applyPayload(tail, payload, NOW + ms), EMPTY_TAIL);
}

const texts = ({ items }: LogTail) =>
  items.map((item) => (item.type === 'line' ? item.text : `(${item.count})`));

describe('the tail of a log', () => {
  it('payloads append lines, and a reset replaces them', () => {
    const tail = fold([0, logPayload(['a', 'b'], { reset: true })], [100, logPayload(['c'])]);
    expect(texts(tail)).toEqual(['a', 'b', 'c']);
    const after = applyPayload(tail, logPayload(['x'], { reset: true }), NOW + 200);
    expect(texts(after)).toEqual(['x']);
    expect(after.earlier).toBe(0);
  });

  it('no two lines have the same id, also after a reset', () => {
    const first = fold([0, logPayload(['a', 'b'], { reset: true })], [1, logPayload(['c'], { dropped: 2 })]);
    const second = applyPayload(first, logPayload(['a', 'b'], { reset: true }), NOW + 2);
    const ids = [...first.items, ...second.items].map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('lines that were not sent are a gap, and neighboring gaps are one', () => {
    const tail = fold(
      [0, logPayload(['a'], { reset: true })],
      [1, logPayload([], { dropped: 3 })],
      [2, logPayload(['b'], { dropped: 4 })],
    );
    expect(texts(tail)).toEqual(['a', '(7)', 'b']);
    expect(tail.received).toBe(9);
  });

  it('the oldest lines above the limit are dropped and counted, with the gaps before them', () => {
    const tail = fold(
      [0, logPayload(['a'], { reset: true })],
      [1, logPayload(logLines(MAX_LINES - 1), { dropped: 5 })],
    );
    expect(tail.items).toHaveLength(MAX_LINES + 1);
    const next = applyPayload(tail, logPayload(['z']), NOW + 2);
    expect(next.items).toHaveLength(MAX_LINES);
    expect(texts(next)[0]).toBe('line 0');
    expect(texts(next).at(-1)).toBe('z');
    expect(next.earlier).toBe(6);
  });

  it('only the newest lines of a payload above the limit are shown', () => {
    const tail = fold([0, logPayload(logLines(MAX_LINES + 20), { reset: true })]);
    expect(texts(tail)[0]).toBe('line 20');
    expect(tail.earlier).toBe(20);
    expect(tail.received).toBe(MAX_LINES + 20);
    expect(applyPayload(tail, logPayload(['a'], { reset: true }), NOW).earlier).toBe(0);
  });

  it('the last lines stay when the log is no longer available', () => {
    const tail = fold(
      [0, logPayload(['a'], { reset: true })],
      [1, logPayload([], { reset: true, isAvailable: false })],
    );
    expect(tail.isAvailable).toBe(false);
    expect(texts(tail)).toEqual(['a']);
  });
});

describe('the rate of a log', () => {
  it('lines that were there before are not announced, and single new lines are', () => {
    const tail = fold([0, logPayload(['a'], { reset: true })], [6_000, logPayload(['b'])]);
    expect(fold([0, logPayload(['a'], { reset: true })]).rate.isFast).toBe(true);
    expect(tail.rate.isFast).toBe(false);
  });

  it('more than 8 lines in 5 seconds are fast, until an interval has fewer', () => {
    const tail = fold([0, logPayload(['a'], { reset: true })], [6_000, logPayload(logLines(8))]);
    expect(tail.rate.isFast).toBe(false);
    const fast = applyPayload(tail, logPayload(['b']), NOW + 6_100);
    expect(fast.rate.isFast).toBe(true);
    const still = applyPayload(fast, logPayload(['c']), NOW + 11_500);
    expect(still.rate.isFast).toBe(true);
    expect(applyPayload(still, logPayload(['d']), NOW + 17_000).rate.isFast).toBe(false);
  });
});
