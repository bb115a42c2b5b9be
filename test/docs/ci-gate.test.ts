import { describe, expect, it } from 'vitest';
import { formatGantt } from '../../src/cli/wait/gantt.js';
import { resultLines } from '../../src/cli/wait/result-lines.js';
import { resourceFields } from '../support/resource-fields.js';
import { blockedBy, targetFields } from '../support/target-fields.js';
import { RUN, waitReport } from '../support/wait-report.js';
import { blockOf } from './pages.js';

const START = Date.parse('2026-11-22T11:00:00Z');

describe('docs/ci-gate.md', () => {
  it('shows the result that wait prints at a timeout', () => {
    const since = '2026-11-22T11:00:02.642Z';
    const targets = [
      targetFields('api:serve', 'RUNNING', { since }),
      targetFields('e2e:update', 'WAITING', { since, ...blockedBy('api:serve') }),
      targetFields('lint:update', 'UNTRIGGERED'),
    ];
    const report = waitReport('timeout', targets, {
      run: { ...RUN, startTime: null },
      tookMs: 300_000,
      now: Date.parse(since) + 298_000,
      resources: [resourceFields('api'), resourceFields('lint')],
    });
    expect(blockOf('docs/ci-gate.md', 'text')).toBe(`${resultLines(report).join('\n')}\n`);
  });

  it('shows the chart that wait draws', () => {
    const startTime = new Date(START + 3_500).toISOString();
    const api = targetFields('api:update', 'FAILED', { durationSeconds: 7.7 });
    const targets = [
      { ...api, ...(api.state && { state: { ...api.state, startTime } }) },
      targetFields('db:serve', 'READY', { secondsToReady: 3.5 }),
      targetFields('web:update', 'WAITING', { since: new Date(START).toISOString() }),
    ];
    const labels = (...names: string[]) => ({ labels: names });
    const report = waitReport('failed', targets, {
      now: START + 11_200,
      resources: [
        resourceFields('api', labels('backend')),
        resourceFields('db', labels('backend')),
        resourceFields('web', labels('frontend')),
      ],
    });
    const chart = formatGantt(report)?.lines.join('\n');
    expect(blockOf('docs/ci-gate.md', 'mermaid')).toBe(`${chart}\n`);
  });
});
