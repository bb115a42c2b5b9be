import { describe, expect, it } from 'vitest';
import { annotations, stepSummary } from '../../../src/cli/wait/write-report.js';
import { targetFields } from '../../support/target-fields.js';
import { waitReport } from '../../support/wait-report.js';

describe('annotations for GitHub Actions', () => {
  it('annotations escape names and errors, so that commands cannot be injected', () => {
    const target = targetFields('a:b,c%\n::error::x', 'FAILED', {
      error: '100%: y, z, ##[stop-commands]x \u001b[31mred\r\n::warning::y',
    });
    expect(annotations(waitReport('failed', [target]))).toEqual([
      '::error title=a%3Ab%2Cc%25 %3A%3Aerror%3A%3Ax::100%25: y, z, # #[stop-commands]x red',
    ]);
  });

  it('there is no annotation for a reached condition, and one for a wait without a failed target', () => {
    const ready = [targetFields('api:serve', 'READY')];
    expect(annotations(waitReport('reached', ready))).toEqual([]);
    expect(annotations(waitReport('unknown', ready))).toEqual(['::error title=wait to be ready::the reason']);
  });

  it('there are at most ten annotations, because GitHub shows no more', () => {
    const many = Array.from({ length: 12 }, (_, index) => targetFields(`t${index}`, 'FAILED'));
    expect(annotations(waitReport('failed', many))).toHaveLength(10);
  });
});

describe('step summary for GitHub Actions', () => {
  it('the step summary lists failed targets first and escapes all markup', () => {
    const targets = [
      targetFields('api:serve', 'READY'),
      targetFields('web:update', 'WAITING'),
      targetFields('a|b<img src=x>', 'FAILED', { error: '`x` | y | [z](javascript:1)\nmore' }),
    ];
    expect(stepSummary(waitReport('failed', targets))).toBe(
      [
        '### Tilt: failed',
        '',
        'Waited 3s for tilt\\-default\\/Tiltfile to be ready. the reason\\; run\\: \\/home\\/dev\\/shop\\/Tiltfile\\, started 2026\\-11\\-22T11\\:00\\:00\\.000000Z\\, pid 4711',
        '',
        '| target | phase | time | |',
        '| --- | --- | --- | --- |',
        '| a\\|b\\<img src\\=x\\> | FAILED | 2.3s | \\`x\\` \\| y \\| \\[z\\]\\(javascript\\:1\\) |',
        '| web\\:update | WAITING |  | waiting\\: on\\-dep |',
        '| api\\:serve | READY | 1.5s |  |',
        '',
      ].join('\n'),
    );
  });

  it('the step summary stays below 1 MiB for many targets with long errors', () => {
    const error = '|'.repeat(100_000);
    const many = Array.from({ length: 1_000 }, (_, index) => targetFields(`t${index}`, 'FAILED', { error }));
    const summary = stepSummary(waitReport('failed', many));
    expect(summary.length).toBeLessThan(2 ** 20);
    expect(summary).toContain('\nand 800 more\n');
  });
});
