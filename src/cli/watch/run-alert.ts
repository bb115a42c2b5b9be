import type { Client } from '../../client/client.js';
import { readExcerpts } from '../../client/excerpts.js';
import type { Clock } from '../../lib/clock.js';
import { findLastLine } from '../last-line.js';
import { terminalText } from '../text.js';
import type { Alert } from './alerts.js';
import type { Execution } from './exec.js';

/** Dependencies of {@link createAlertCommand}. */
export interface AlertCommandOptions {
  readonly client: Pick<Client, 'watchTargets'>;
  readonly clock: Clock;
  /** Runs the command with these variables. */
  readonly run: (env: Alert['env']) => Execution;
}

/**
 * Creates a function that runs the command of an alert. For a failed target it first reads the last line of
 * its log, for at most a second after the first answer, into `TILT_GRAPHQL_LAST_LINE`. Without logs it does
 * not wait, and the variable is empty.
 */
export function createAlertCommand({ client, clock, run }: AlertCommandOptions): (alert: Alert) => Execution {
  return ({ env, failure }) => {
    if (failure === undefined) return run(env);
    const stopping = new AbortController();
    let execution: Execution | null = null;
    const { session, target } = failure;
    const start = async () => {
      const excerpts = await readExcerpts(client, {
        session,
        targets: [target],
        clock,
        signal: stopping.signal,
      });
      if (stopping.signal.aborted) return null;
      const [excerpt] = excerpts.values();
      execution = run({ ...env, TILT_GRAPHQL_LAST_LINE: terminalText(findLastLine(excerpt) ?? '') });
      return execution.ended;
    };
    return {
      ended: start(),
      kill() {
        stopping.abort();
        execution?.kill();
      },
    };
  };
}
