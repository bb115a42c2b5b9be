import { describe, expect, it } from 'vitest';
import type { Alert } from '../../../src/cli/watch/alerts.js';
import { createAlertCommand } from '../../../src/cli/watch/run-alert.js';
import { openDisposableClient } from '../../support/disposable-client.js';
import { withExcerpt } from '../../support/excerpts.js';
import { startMemoryGateway } from '../../support/gateway.js';
import { createManualClock } from '../../support/manual-clock.js';
import { acknowledge, startScriptedGateway } from '../../support/scripted-gateway.js';
import { session } from '../../support/sessions.js';
import { targetFields } from '../../support/target-fields.js';

const SHOP = session('shop', { 'api:update': 'failed' });
const STATE = {
  __typename: 'TargetStateTerminated' as const,
  startTime: '2026-11-22T11:00:00.000001Z',
  finishTime: '2026-11-22T11:00:02.250002Z',
  error: 'exit status 1',
  graceStatus: 'NOT_APPLICABLE' as const,
  graceStatusText: '',
  summary: 'failed',
};
const TARGET = targetFields('api:update', 'FAILED', { state: STATE });
const FAILURE: Alert = {
  key: 'target api:update',
  env: { TILT_GRAPHQL_TARGET: 'api:update' },
  failure: { session: 'shop/Tiltfile', target: TARGET },
};

/** Creates the command of alerts at a gateway, and the variables and kills of its runs. */
function setUp(url: string) {
  const client = openDisposableClient({ url });
  const runs: Alert['env'][] = [];
  let kills = 0;
  const command = createAlertCommand({
    client,
    clock: createManualClock(),
    run(env) {
      runs.push(env);
      return {
        ended: Promise.resolve('it failed'),
        kill() {
          kills += 1;
        },
      };
    },
  });
  return {
    command,
    runs,
    kills: () => kills,
    [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
  };
}

describe('the command of an alert in watch --exec', () => {
  it('has the last line of the log of a failed target, without commands of CI services', async () => {
    const lines = ['FAIL adds numbers', '\u001b[31mexpected 4,\u001b[0m got ##[5]', '---'];
    await using gateway = await startMemoryGateway([withExcerpt(SHOP, 'api:update', lines)]);
    await using test = setUp(gateway.url);
    expect(await test.command(FAILURE).ended).toBe('it failed');
    expect(test.runs).toEqual([{ ...FAILURE.env, TILT_GRAPHQL_LAST_LINE: 'expected 4, got # #[5]' }]);
  });

  it('has an empty last line without logs', async () => {
    await using gateway = await startMemoryGateway([SHOP]);
    await using test = setUp(gateway.url);
    await test.command(FAILURE).ended;
    expect(test.runs).toEqual([{ ...FAILURE.env, TILT_GRAPHQL_LAST_LINE: '' }]);
  });

  it('runs at once for a verdict', async () => {
    await using gateway = await startScriptedGateway();
    await using test = setUp(gateway.url);
    const { ended, kill } = test.command({ key: 'verdict', env: { TILT_GRAPHQL_VERDICT: 'PASSED' } });
    expect(test.runs).toEqual([{ TILT_GRAPHQL_VERDICT: 'PASSED' }]);
    kill();
    expect([await ended, test.kills(), gateway.received]).toEqual(['it failed', 1, []]);
  });

  it('does not run if it is killed while the log is read', async () => {
    await using gateway = await startScriptedGateway({ onMessage: acknowledge });
    await using test = setUp(gateway.url);
    const { ended, kill } = test.command(FAILURE);
    await expect.poll(() => gateway.received.length).toBe(2);
    kill();
    expect([await ended, test.runs]).toEqual([null, []]);
  });
});
