import { describe, expect, it } from 'vitest';
import { stepSummary } from '../../../src/cli/wait/step-summary.js';
import { excerptFields } from '../../support/excerpts.js';
import { targetFields } from '../../support/target-fields.js';
import { waitReport } from '../../support/wait-report.js';

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
        "log of a\\|b\\<img src\\=x\\>\\: tilt logs \\'a\\|b\\<img src\\=x\\>\\'",
        '',
        '```mermaid',
        'gantt',
        '  dateFormat x',
        '  axisFormat %H:%M:%S',
        '  todayMarker off',
        '  section api',
        '  ✓ api serve :done, 1795345200000, 1795345201500',
        '  section a_b_img src=x_',
        '  ✗ a_b_img src=x_ :crit, 1795345200000, 1795345202250',
        '  section web',
        '  … web update :1795345205000, 1795345265000',
        '```',
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

  it('the step summary has the folded log of each root cause, in which no markup is interpreted', () => {
    const name = 'a`<b>:update';
    const lines = ['```', '</details><img src=x>', '  ````', '@someone [z](javascript:1)', '\u001b[31mred'];
    const excerpts = new Map([[name, excerptFields(lines, { omitted: 1 })]]);
    const summary = stepSummary(waitReport('failed', [targetFields(name, 'FAILED')], { excerpts }));
    expect(summary).toContain(
      [
        '',
        '<details><summary>last lines of a&#96;&#60;b&#62;&#58;update</summary>',
        '',
        '`````text',
        '… 1 earlier line',
        '```',
        '</details><img src=x>',
        '  ````',
        '@someone [z](javascript:1)',
        'red',
        '`````',
        '',
        '</details>',
        '',
        'log of',
      ].join('\n'),
    );
  });
});
