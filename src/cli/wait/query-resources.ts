import type { Client, ResourceFields, WaitOutcome } from '../../client/client.js';
import type { Clock } from '../../lib/clock.js';
import type { CliProcess } from '../cli-process.js';
import type { WaitReport } from './wait-report.js';

/** Time limit of the query, in milliseconds. It delays the report; the result is already known. */
const TIMEOUT_MS = 5_000;

/**
 * Queries the resources for the report of a wait. Null if the report does not need them, or if the gateway is
 * unreachable or does not answer within five seconds. Never rejects.
 */
export async function queryResources(
  client: Pick<Client, 'resources'>,
  outcome: Pick<WaitOutcome, 'view'> & Pick<WaitReport, 'result'>,
  env: CliProcess['env'],
  clock: Clock,
): Promise<readonly ResourceFields[] | null> {
  const { view, result } = outcome;
  if (view?.session == null || view.link.state !== 'live') return null;
  const showsResources = result !== 'reached' || view.session.verdict.untriggered.length > 0;
  if (!showsResources && !env.GITHUB_STEP_SUMMARY) return null;
  const controller = new AbortController();
  const cancel = clock.after(TIMEOUT_MS, () => controller.abort());
  try {
    return await client.resources({ session: view.session.id, signal: controller.signal });
  } catch {
    return null;
  } finally {
    cancel();
  }
}
