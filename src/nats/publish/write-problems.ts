import { messageOf } from '../../lib/errors.js';
import type { Log } from '../../lib/log.js';
import type { Omission } from './state-writer.js';

/** Problems of writing the states of a key, and its heartbeats. */
export interface WriteProblems {
  readonly state: ProblemLog;
  readonly presence: ProblemLog;
  /** Reports a state with facts that was written, with what was left out because it was too large. */
  onFacts(omission: Omission | null): void;
}

/** Logs why something cannot be written: once per reason, and once when it is written again. */
export interface ProblemLog {
  failed(reason: string): void;
  solved(): void;
}

/** Creates the problems of a key. */
export function createWriteProblems(key: string, log: Log): WriteProblems {
  const parts = {
    facts: createProblemLog(`${key}: its state with facts about its resources`, log),
    excerpts: createProblemLog(`${key}: its state with excerpts of its log`, log),
  };
  return {
    state: createProblemLog(`${key}: its newest state`, log),
    presence: createProblemLog(`${key}: its presence`, log),
    onFacts(omission) {
      const { what = null, error = null } = omission ?? {};
      if (what !== 'facts') parts.facts.solved();
      if (what === null) parts.excerpts.solved();
      else parts[what].failed(`${messageOf(error)}; it is written without them`);
    },
  };
}

/** Creates a log. @param what subject of the messages, such as `ci.Tiltfile: its newest state` */
function createProblemLog(what: string, log: Log): ProblemLog {
  let last: string | null = null;
  return {
    failed(reason) {
      if (reason === last) return;
      last = reason;
      log('warn', `${what} cannot be written: ${reason}`);
    },
    solved() {
      if (last === null) return;
      last = null;
      log('info', `${what} is written again`);
    },
  };
}
