import { describe, expect, it } from 'vitest';
import { createAlerts } from '../../../src/cli/watch/alerts.js';
import {
  createTargetsView,
  sessionFields,
  targetFields,
  verdictFields,
} from '../../support/target-fields.js';

const READY = targetFields('api:serve', 'READY');
const FAILED = targetFields('api:serve', 'FAILED');
const FAILED_AGAIN = targetFields('api:serve', 'FAILED', { error: 'exit status 2' });

/** Events of the alerts for each view. */
function alertsOf(...views: Parameters<ReturnType<typeof createAlerts>>[0][]): unknown[] {
  const findAlerts = createAlerts();
  return views.map((view) => findAlerts(view).map(({ env }) => env.TILT_GRAPHQL_EVENT));
}

describe('alerts of watch --exec', () => {
  it('the verdict of another run under the same id gives an alert even if it is equal', () => {
    const other = createTargetsView([READY], {
      session: sessionFields([READY], { metadata: { uid: 'another run' } }),
    });
    expect(alertsOf(createTargetsView([READY]), other, other)).toEqual([[], ['verdict'], []]);
  });

  it('the first view gives no alert, and each later failure gives one', () => {
    expect(
      alertsOf(
        createTargetsView([FAILED]),
        createTargetsView([READY]),
        createTargetsView([FAILED]),
        createTargetsView([FAILED_AGAIN]),
      ),
    ).toEqual([[], [], ['target-failed'], ['target-failed']]);
  });

  it('alerts are not repeated when the gateway restarts and the Session is missing for a while', () => {
    const away = createTargetsView([], { session: null });
    expect(
      alertsOf(createTargetsView([FAILED]), away, createTargetsView([FAILED]), createTargetsView([FAILED])),
    ).toEqual([[], [], [], []]);
  });

  it('a changed verdict gives an alert whose variables have one line each', () => {
    const findAlerts = createAlerts();
    findAlerts(createTargetsView([READY]));
    const verdict = verdictFields('FAILED', 'one\ntwo\u0000\u001b');
    const cluster = { error: 'no\u001b[31mnet\nsecond line' };
    const session = sessionFields([READY], { verdict, cluster });
    const [alert] = findAlerts(createTargetsView([READY], { session }));
    expect(alert).toEqual({
      key: 'verdict',
      env: {
        TILT_GRAPHQL_EVENT: 'verdict',
        TILT_GRAPHQL_SESSION: 'tilt-default/Tiltfile',
        TILT_GRAPHQL_VERDICT: 'FAILED',
        TILT_GRAPHQL_PREVIOUS_VERDICT: 'PENDING',
        TILT_GRAPHQL_FINAL: 'false',
        TILT_GRAPHQL_REASON: 'one two\ufffd\ufffd',
        TILT_GRAPHQL_BLOCKERS: '',
        TILT_GRAPHQL_ROOT_CAUSE: '',
        TILT_GRAPHQL_CLUSTER_ERROR: 'nonet',
      },
    });
  });

  it('the alert of a verdict names the targets that block it and the root cause of the wait', () => {
    const waiting = targetFields('e2e:update', 'WAITING', {
      blockedBy: [{ name: 'web\n:serve' }],
      rootCause: { name: 'db:\u001b[1mserve' },
    });
    const pending = {
      ...verdictFields('PENDING', 'e2e waits for db (not ready)'),
      waiting: [{ name: 'e2e:update' }],
      notReady: [{ name: 'db:\u001b[1mserve' }],
    };
    const failed = { ...verdictFields('FAILED'), failed: [{ name: 'api:serve' }], waiting: pending.waiting };
    const views = [verdictFields('PASSED'), pending, failed].map((verdict) =>
      createTargetsView([waiting], { session: sessionFields([waiting], { verdict }) }),
    );
    const findAlerts = createAlerts();
    expect(views.map((view) => findAlerts(view)[0]?.env)).toEqual([
      undefined,
      expect.objectContaining({
        TILT_GRAPHQL_BLOCKERS: 'db:serve,e2e:update',
        TILT_GRAPHQL_ROOT_CAUSE: 'db:serve',
      }),
      expect.objectContaining({
        TILT_GRAPHQL_BLOCKERS: 'api:serve,e2e:update',
        TILT_GRAPHQL_ROOT_CAUSE: 'api:serve',
      }),
    ]);
  });

  it('the alert of a failed target names the targets that wait for it', () => {
    const late = targetFields('late:update', 'WAITING', {
      blockedBy: [{ name: 'api:serve' }],
      rootCause: { name: 'api:serve' },
    });
    const findAlerts = createAlerts();
    findAlerts(createTargetsView([READY, late]));
    const [alert] = findAlerts(createTargetsView([FAILED, late]));
    expect(alert?.env).toMatchObject({
      TILT_GRAPHQL_EVENT: 'target-failed',
      TILT_GRAPHQL_BLOCKS: 'late:update',
    });
  });

  it('a long error is shortened in the middle to fit into an environment variable', () => {
    const findAlerts = createAlerts();
    findAlerts(createTargetsView([READY]));
    const error = `start ${'x'.repeat(1_000_000)} exit status 4`;
    const [alert] = findAlerts(createTargetsView([targetFields('api:serve', 'FAILED', { error })]));
    expect(alert?.env).toMatchObject({ TILT_GRAPHQL_TARGET: 'api:serve', TILT_GRAPHQL_PHASE: 'FAILED' });
    expect(alert?.env.TILT_GRAPHQL_ERROR).toHaveLength(4_000);
    expect(alert?.env.TILT_GRAPHQL_ERROR).toMatch(/^start x+…x+ exit status 4$/);
  });
});
