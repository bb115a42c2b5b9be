import type { WaitReport } from '../../src/cli/wait/wait-report.js';
import type { Run, SessionFields, TargetFields } from '../../src/client/client.js';
import { A_MINUTE_LATER, createTargetsView, sessionFields } from './target-fields.js';

/** The run of {@link waitReport}. */
export const RUN: Run = {
  session: 'tilt-default/Tiltfile',
  uid: 'a1',
  tiltfilePath: '/home/dev/shop/Tiltfile',
  exitCondition: 'CI',
  pid: 4711,
  startTime: '2026-11-22T11:00:00.000000Z',
};

/** Creates the report of a wait of three seconds. Default condition: `ready`. */
export function waitReport(
  result: WaitReport['result'],
  targets: readonly TargetFields[],
  {
    session = sessionFields(targets),
    isStale = false,
    ...more
  }: Partial<WaitReport> & { readonly session?: SessionFields | null; readonly isStale?: boolean } = {},
): WaitReport {
  const view = createTargetsView(targets, { session });
  return {
    condition: 'ready',
    result,
    reason: 'the reason',
    run: RUN,
    replacedRuns: [],
    resources: null,
    excerpts: new Map(),
    view: isStale ? { ...view, link: { ...view.link, state: 'lost' } } : view,
    tookMs: 3_000,
    now: A_MINUTE_LATER,
    ...more,
  };
}
