import { describe, expect, it } from 'vitest';
import { formatGantt } from '../../../src/cli/wait/gantt.js';
import type { ResourceFields, TargetFields } from '../../../src/client/client.js';
import { resourceFields } from '../../support/resource-fields.js';
import { sessionFields, targetFields } from '../../support/target-fields.js';
import { waitReport } from '../../support/wait-report.js';

const START = Date.parse('2026-11-22T11:00:00Z');
const NOW = Date.parse('2026-11-22T11:01:05Z');

/** Lines of a chart, without its header. */
function chartOf(targets: readonly TargetFields[], resources: readonly ResourceFields[] | null = null) {
  return formatGantt(waitReport('failed', targets, { resources }))?.lines.slice(4);
}

describe('Gantt chart of a run', () => {
  it('the chart has a bar for each target, by the times of Tilt, in a section for each resource', () => {
    const targets = [
      targetFields('api:serve', 'READY'),
      targetFields('api:update', 'SUCCEEDED'),
      targetFields('e2e:update', 'WAITING'),
      targetFields('unit:update', 'FAILED'),
      targetFields('web:serve', 'RUNNING'),
    ];
    expect(chartOf(targets)).toEqual([
      '  section api',
      `  ✓ api serve :done, ${START}, ${START + 1_500}`,
      `  ✓ api update :done, ${START}, ${START + 2_250}`,
      '  section unit',
      `  ✗ unit update :crit, ${START}, ${START + 2_250}`,
      '  section web',
      `  ▶ web serve :active, ${START}, ${NOW}`,
      '  section e2e',
      `  … e2e update :${START + 5_000}, ${NOW}`,
    ]);
  });

  it('the chart has a section for each label if a resource has one', () => {
    const targets = [targetFields('api:serve', 'READY'), targetFields('web:serve', 'READY')];
    expect(chartOf(targets, [resourceFields('api', { labels: ['backend'] }), resourceFields('web')])).toEqual(
      [
        '  section backend',
        expect.stringContaining('api serve'),
        '  section no label',
        expect.stringContaining('web serve'),
      ],
    );
  });

  it('the chart shows a target without times by the time at which its phase was seen', () => {
    const state = {
      __typename: 'TargetStateTerminated',
      startTime: null,
      finishTime: null,
      error: 'exit status 1',
      graceStatus: 'NOT_APPLICABLE',
      graceStatusText: '',
      summary: 'failed',
    } as const;
    const target = targetFields('db:runtime', 'FAILED', { state, durationSeconds: null });
    expect(chartOf([target])?.[1]).toBe(
      `  ✗ db runtime :milestone, crit, ${START + 5_000}, ${START + 5_000}`,
    );
  });

  it('there is no chart without a target that has run or waits to run', () => {
    const targets = [
      targetFields('a:update', 'INACTIVE'),
      targetFields('b:update', 'DISABLED'),
      targetFields('c:update', 'UNTRIGGERED'),
      targetFields('d:update', 'WAITING', { since: 'unknown' }),
    ];
    expect(formatGantt(waitReport('timeout', targets))).toBeNull();
  });

  it('an open bar ends when Tilt exited, and never before it starts', () => {
    const since = '2026-11-22T11:00:03Z';
    const targets = [targetFields('a:serve', 'RUNNING'), targetFields('b:update', 'WAITING')];
    const session = sessionFields(targets, { connection: { state: 'GONE', since, error: null } });
    expect(formatGantt(waitReport('failed', targets, { session }))?.lines).toEqual(
      expect.arrayContaining([
        `  ▶ a serve :active, ${START}, ${START + 3_000}`,
        `  … b update :milestone, ${START + 5_000}, ${START + 5_000}`,
      ]),
    );
  });

  it.each([
    ['click', '✓ click'],
    ['section x', '✓ section x'],
    ['a:b;c#d%%e', '✓ a b_c_d__e'],
    ['x\n```\n<img src=x onerror=1>', '✓ x ___ _img src=x onerror=1_'],
    ['{init}"\'`\\', '✓ _init_____'],
    ['資源 é', '✓ 資源 é'],
    ['\u001b[31m', '✓ _'],
    ['n'.repeat(100), `✓ ${'n'.repeat(60)}`],
  ])('the name %j of a target is only text in the chart', (name, text) => {
    const [, bar] = chartOf([targetFields(name, 'SUCCEEDED', { resources: [] })]) ?? [];
    expect(bar).toBe(`  ${text} :done, ${START}, ${START + 2_250}`);
  });

  it('the chart has at most 60 bars: those that need attention, then the longest', () => {
    const long = targetFields('long:update', 'SUCCEEDED', { durationSeconds: 60 });
    const bad = targetFields('bad:update', 'FAILED', { durationSeconds: 0.1 });
    const many = Array.from({ length: 100 }, (_, index) => targetFields(`t${index}:update`, 'SUCCEEDED'));
    const chart = formatGantt(waitReport('failed', [...many, long, bad]));
    expect([chart?.shown, chart?.total]).toEqual([60, 102]);
    const text = chart?.lines.join('\n');
    expect(text).toContain('✓ long update');
    expect(text).toContain('✗ bad update');
  });
});
