import type { Waited } from '../../src/cli/wait/waited.js';
import type { TargetFields } from '../../src/client/client.js';
import { A_MINUTE_LATER, sessionFields } from './target-fields.js';

/** What came of a wait of three seconds, `--for ready` if not said otherwise. */
export function waited(
  result: Waited['result'],
  targets: readonly TargetFields[],
  more: Partial<Waited> = {},
): Waited {
  return {
    condition: 'ready',
    result,
    reason: 'the reason',
    session: sessionFields(targets),
    targets,
    isStale: false,
    tookMs: 3_000,
    now: A_MINUTE_LATER,
    ...more,
  };
}
