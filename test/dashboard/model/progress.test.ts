import { describe, expect, it } from 'vitest';
import { progressOf } from '../../../src/dashboard/model/progress.js';
import { session } from '../../support/dashboard-data.js';

const progress = (counts: object) => progressOf(session({ counts }).counts);

describe('progress', () => {
  it('leaves out what is inactive or disabled, and says the rest in words', () => {
    const { done, total, segments, label } = progress({
      total: 10,
      inactive: 1,
      disabled: 1,
      succeeded: 3,
      ready: 1,
      running: 1,
      waiting: 2,
      failed: 1,
    });
    expect([done, total]).toEqual([4, 8]);
    expect(label).toBe('4 of 8 done, 1 running, 1 failed, 2 waiting');
    expect(segments.map(({ word, share }) => [word, share])).toEqual([
      ['Succeeded', 0.375],
      ['Ready', 0.125],
      ['Running', 0.125],
      ['Failed', 0.125],
      ['Waiting', 0.25],
    ]);
  });

  it('of nothing is nothing', () => {
    expect(progress({ total: 2, inactive: 2 })).toEqual({
      done: 0,
      total: 0,
      segments: [],
      label: '0 of 0 done',
    });
  });
});
