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

/** The events of the alerts of each view. */
function alertsOf(...views: Parameters<ReturnType<typeof createAlerts>>[0][]): unknown[] {
  const alertsIn = createAlerts();
  return views.map((view) => alertsIn(view).map(({ env }) => env.TILT_GRAPHQL_EVENT));
}

describe('alerts', () => {
  it('tell of the verdict of another run under the same id, also when it is the same word', () => {
    const other = createTargetsView([READY], {
      session: sessionFields([READY], { metadata: { uid: 'another run' } }),
    });
    expect(alertsOf(createTargetsView([READY]), other, other)).toEqual([[], ['verdict'], []]);
  });

  it('are none for how things are at first, one for each failure after it', () => {
    expect(
      alertsOf(
        createTargetsView([FAILED]),
        createTargetsView([READY]),
        createTargetsView([FAILED]),
        createTargetsView([FAILED_AGAIN]),
      ),
    ).toEqual([[], [], ['target-failed'], ['target-failed']]);
  });

  it('are not repeated when a gateway starts anew, and the Session is away for a while', () => {
    const away = createTargetsView([], { session: null });
    expect(
      alertsOf(createTargetsView([FAILED]), away, createTargetsView([FAILED]), createTargetsView([FAILED])),
    ).toEqual([[], [], [], []]);
  });

  it('tell of a verdict that changes, with the facts on one line each', () => {
    const alertsIn = createAlerts();
    alertsIn(createTargetsView([READY]));
    const verdict = verdictFields('FAILED', 'one\ntwo\u0000\u001b');
    const [alert] = alertsIn(createTargetsView([READY], { session: sessionFields([READY], { verdict }) }));
    expect(alert).toEqual({
      key: 'verdict',
      env: {
        TILT_GRAPHQL_EVENT: 'verdict',
        TILT_GRAPHQL_SESSION: 'tilt-default/Tiltfile',
        TILT_GRAPHQL_VERDICT: 'FAILED',
        TILT_GRAPHQL_PREVIOUS_VERDICT: 'PENDING',
        TILT_GRAPHQL_FINAL: 'false',
        TILT_GRAPHQL_REASON: 'one two\ufffd\ufffd',
      },
    });
  });

  it('fit into the environment of a process however long an error is', () => {
    const alertsIn = createAlerts();
    alertsIn(createTargetsView([READY]));
    const [alert] = alertsIn(
      createTargetsView([targetFields('api:serve', 'FAILED', { error: 'x'.repeat(1_000_000) })]),
    );
    expect(alert?.env).toMatchObject({ TILT_GRAPHQL_TARGET: 'api:serve', TILT_GRAPHQL_PHASE: 'FAILED' });
    expect(alert?.env.TILT_GRAPHQL_ERROR).toHaveLength(4_000);
  });
});
