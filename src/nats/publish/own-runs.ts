import type { Clock } from '../../lib/clock.js';
import type { Log } from '../../lib/log.js';
import type { Session, SessionId } from '../../model/session.js';
import type { CommandRun } from './command-states.js';
import { createDescendants } from './descendants.js';
import type { ProcessList, ProcessReader } from './process-list.js';

/**
 * Variable in the environment of a published command: the run's uid. Processes inherit it, so that a Tilt is found also when
 * the shell that has started it is gone (`tilt up &` in a Makefile).
 */
export const RUN_VARIABLE = 'TILT_GRAPHQL_PUBLISH_RUN';

/** Which Sessions are of a command: those whose Tilt is the command or a descendant of it. */
export interface OwnRuns {
  /** Whether a Session is of the command. Decided once for each run; null while that is not known. */
  isOwn(session: Session): boolean | null;
  /** Looks at the processes now, and remembers the descendants of the command. */
  sample(): void;
  /** Ends the timer. */
  dispose(): void;
}

/** Dependencies of {@link createOwnRuns}. */
export interface OwnRunsOptions {
  readonly run: Pick<CommandRun, 'uid' | 'pid'>;
  readonly processes: ProcessReader;
  readonly clock: Clock;
  readonly log: Log;
  /** Called when it has become known whether a Session is of the command. */
  onDecided(id: SessionId): void;
}

/** How often the processes are looked at while nothing happens, in milliseconds: only needed for those that lose their parent. */
const SAMPLE_MS = 5_000;

const NO_PROCESSES: ProcessList = new Map();

/** Creates the registry of a command's runs, and begins to look at its processes. */
export function createOwnRuns({ run: command, processes, clock, log, onDecided }: OwnRunsOptions): OwnRuns {
  // A command that could not be run has no Sessions.
  const descendants = command.pid === null ? null : createDescendants(command.pid);
  /** The newest run of each Session; `isOwn` is null while the processes are listed. */
  const runs = new Map<SessionId, { readonly run: string; isOwn: boolean | null }>();
  let hasWarned = false;
  let isDisposed = false;
  let cancel = clock.after(SAMPLE_MS, sampleAgain);

  return {
    isOwn(session) {
      const { id, status } = session;
      const run = runOf(session);
      const known = runs.get(id);
      if (known?.run === run) return known.isOwn;
      // A Session that was only just created has no status yet.
      if (status.pid === null) return null;
      const isOwn = descendants === null ? false : isStartedByCommand(status.pid) || null;
      runs.set(id, { run, isOwn });
      if (isOwn === null) void decide(id, run, status.pid);
      return isOwn;
    },
    sample: () => void sample(),
    dispose() {
      isDisposed = true;
      cancel();
    },
  };

  function isStartedByCommand(pid: number): boolean {
    return pid === command.pid || processes.hasVariable(pid, RUN_VARIABLE, command.uid);
  }

  async function decide(id: SessionId, run: string, pid: number): Promise<void> {
    const list = await sample();
    const known = runs.get(id);
    if (known?.run !== run || isDisposed) return;
    known.isOwn = descendants?.has(pid, list) ?? false;
    if (!known.isOwn) log('info', `${id} is not published: process ${pid} was not started by the command`);
    onDecided(id);
  }

  async function sample(): Promise<ProcessList> {
    const list = await processes.list().catch(warnOnce);
    descendants?.remember(list);
    return list;
  }

  function sampleAgain(): void {
    void sample();
    cancel = clock.after(SAMPLE_MS, sampleAgain);
  }

  function warnOnce(error: unknown): ProcessList {
    const hint = 'a Tilt is published only if it is the command itself, not if the command starts it';
    if (!hasWarned) log('warn', `the processes of this machine cannot be listed: ${hint}`, { error });
    hasWarned = true;
    return NO_PROCESSES;
  }
}

/** Identity of a run: its uid, or its process where the source gives no uid. */
function runOf({ metadata, spec, status }: Session): string {
  return metadata.uid ?? JSON.stringify([status.pid, status.startTime, spec.tiltfilePath]);
}
