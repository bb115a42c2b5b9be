import { describe, expect, it } from 'vitest';
import { queryResources } from '../../../src/cli/wait/run-wait.js';
import { openDisposableClient } from '../../support/disposable-client.js';
import { createManualClock } from '../../support/manual-clock.js';
import { startScriptedGateway } from '../../support/scripted-gateway.js';
import { targetFields } from '../../support/target-fields.js';
import { waitReport } from '../../support/wait-report.js';

const TARGETS = [targetFields('api:serve', 'RUNNING')];

describe('resources for the report of a wait', () => {
  it('a gateway that does not answer delays a report by at most five seconds', async () => {
    const clock = createManualClock();
    await using gateway = await startScriptedGateway({ onQuery: () => null });
    await using client = openDisposableClient({ url: gateway.url });
    const answer = queryResources(client, waitReport('timeout', TARGETS), {}, clock);
    await clock.advance(5_000);
    expect(await answer).toBeNull();
    expect(clock.pending).toBe(0);
  });

  it('a gateway that rejects the query does not fail the report', async () => {
    await using gateway = await startScriptedGateway();
    await using client = openDisposableClient({ url: gateway.url });
    const report = waitReport('failed', TARGETS);
    expect(await queryResources(client, report, {}, createManualClock())).toBeNull();
  });

  it('nothing is queried for a lost connection, and for a success without anything to add', async () => {
    let queries = 0;
    const client = {
      async resources() {
        queries += 1;
        return [];
      },
    };
    const clock = createManualClock();
    await queryResources(client, waitReport('timeout', TARGETS, { isStale: true }), {}, clock);
    await queryResources(client, waitReport('reached', TARGETS), {}, clock);
    expect(queries).toBe(0);
    await queryResources(client, waitReport('reached', TARGETS), { GITHUB_STEP_SUMMARY: 'file' }, clock);
    expect(queries).toBe(1);
  });
});
