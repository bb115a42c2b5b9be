import type { Log } from '../../lib/log.js';

/** Logs why something cannot be written: once for each change of the reason, and once when it is written again. */
export interface ProblemLog {
  failed(reason: string): void;
  solved(): void;
}

/** Creates the log. @param what is to be written, such as `ci.Tiltfile: its newest state` */
export function createProblemLog(what: string, log: Log): ProblemLog {
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
