import type { Clock } from '../../lib/clock.js';
import type { Log } from '../../lib/log.js';
import { type MicroTime, secondsBetween } from '../../model/micro-time.js';
import type { Session, SessionId } from '../../model/session.js';
import { createDescendants, type ProcessList } from './descendants.js';
import type { ProcessReader } from './processes.js';

/**
 * Variable in the environment of a published command: the uid of the run. Processes inherit it, so a Tilt is
 * also found when the shell that started it has ended (`tilt up &` in a Makefile).
 */
export const RUN_VARIABLE = 'TILT_GRAPHQL_PUBLISH_RUN';

/** Sessions that belong to a command: their Tilt is the command or a descendant of it. */
export interface OwnRuns {
  /** Whether a Session belongs to the command. Decided once per run; null while unknown. */
  isOwn(session: Session): boolean | null;
  /** Lists the processes now and records the descendants of the command. */
  sample(): void;
  /** Cancels the timer. */
  dispose(): void;
}

/** Dependencies of {@link createOwnRuns}. */
export interface OwnRunsOptions {
  readonly run: {
    readonly uid: string;
    /** Process id of the command; null if it could not be run. */
    readonly pid: number | null;
    /** Time at which the command was started, or shortly before. */
    readonly startTime: MicroTime;
  };
  readonly processes: ProcessReader;
  readonly clock: Clock;
  readonly log: Log;
  /** Called when it becomes known whether a Session belongs to the command. */
  onDecided(id: SessionId): void;
}

/** Interval of listing the processes, in milliseconds. Needed only for processes whose parent ends. */
const SAMPLE_MS = 5_000;

/**
 * Time by which a Tilt of the command may seem to have started before it, in seconds: times in Kubernetes may
 * be cut to whole seconds.
 */
const START_TOLERANCE_S = 1;

const NO_PROCESSES: ProcessList = new Map();

/** Creates the registry of a command's runs, and starts to list its processes. */
export function createOwnRuns({ run: command, processes, clock, log, onDecided }: OwnRunsOptions): OwnRuns {
  const { sampleMs = SAMPLE_MS } = processes;
  // A command that could not be run has no Sessions.
  const descendants = command.pid === null ? null : createDescendants(command.pid);
  /** Newest run of each Session; `isOwn` is null while the processes are listed. */
  const runs = new Map<SessionId, { readonly run: string; isOwn: boolean | null }>();
  let hasWarned = false;
  let isDisposed = false;
  let cancel = clock.after(sampleMs, sampleAgain);

  return {
    isOwn(session) {
      const { id, status } = session;
      const run = identifyRun(session);
      const known = runs.get(id);
      if (known?.run === run) return known.isOwn;
      const { pid, startTime } = status;
      // A Session that was just created has no status yet.
      if (pid === null || startTime === null) return null;
      const isEarlier = isBeforeCommand(startTime);
      if (isEarlier) logOther(id, pid, ', but before it');
      const isOwn = descendants === null || isEarlier ? false : isStartedByCommand(pid) || null;
      runs.set(id, { run, isOwn });
      if (isOwn === null) void decide(id, run, pid);
      return isOwn;
    },
    sample: () => void sample(),
    dispose() {
      isDisposed = true;
      cancel();
    },
  };

  /**
   * Whether a Tilt cannot be from the command, whatever its process id is: a Tilt in another container that
   * shares the network and the kubeconfig may have the same id as a process of the command.
   */
  function isBeforeCommand(startTime: MicroTime): boolean {
    return (secondsBetween(startTime, command.startTime) ?? 0) > START_TOLERANCE_S;
  }

  function isStartedByCommand(pid: number): boolean {
    return pid === command.pid || processes.hasVariable(pid, RUN_VARIABLE, command.uid);
  }

  async function decide(id: SessionId, run: string, pid: number): Promise<void> {
    const list = await sample();
    const known = runs.get(id);
    if (known?.run !== run || isDisposed) return;
    known.isOwn = descendants?.has(pid, list) ?? false;
    if (!known.isOwn) logOther(id, pid);
    onDecided(id);
  }

  function logOther(id: SessionId, pid: number, detail = ''): void {
    log('info', `${id} is not published: process ${pid} was not started by the command${detail}`);
  }

  async function sample(): Promise<ProcessList> {
    const list = await processes.list().catch(warnOnce);
    descendants?.record(list);
    return list;
  }

  function sampleAgain(): void {
    void sample();
    cancel = clock.after(sampleMs, sampleAgain);
  }

  function warnOnce(error: unknown): ProcessList {
    const hint = 'a Tilt is published only if it is the command itself, not if the command starts it';
    if (!hasWarned) log('warn', `the processes of this machine cannot be listed: ${hint}`, { error });
    hasWarned = true;
    return NO_PROCESSES;
  }
}

/** Returns the identity of a run: its uid, or its process if the source has no uid. */
function identifyRun({ metadata, spec, status }: Session): string {
  return metadata.uid ?? JSON.stringify([status.pid, status.startTime, spec.tiltfilePath]);
}
