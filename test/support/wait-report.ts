import type { WaitReport } from '../../src/cli/wait/wait-report.js';
import type { Run, TargetFields } from '../../src/client/client.js';
import { A_MINUTE_LATER, sessionFields } from './target-fields.js';

/** The run of {@link waitReport}. */
export const RUN: Run = {
  session: 'tilt-default/Tiltfile',
  uid: 'a1',
  tiltfilePath: '/home/dev/shop/Tiltfile',
  exitCondition: 'CI',
  pid: 4711,
  startTime: '2026-11-22T11:00:00.000000Z',
};

/** The report of a wait of three seconds, `--for ready` if not said otherwise. */
export function waitReport(
  result: WaitReport['result'],
  targets: readonly TargetFields[],
  more: Partial<WaitReport> = {},
): WaitReport {
  return {
    condition: 'ready',
    result,
    reason: 'the reason',
    run: RUN,
    replacedRuns: [],
    session: sessionFields(targets),
    targets,
    isStale: false,
    tookMs: 3_000,
    now: A_MINUTE_LATER,
    ...more,
  };
}
