import {
  blockersOf,
  type Condition,
  describeRun,
  type Run,
  type TargetFields,
  type TargetsView,
  type WaitProgress,
} from '../../client/client.js';
import { describeCause } from '../../client/waits.js';
import type { Clock } from '../../lib/clock.js';
import { elapsed, lineText, toWidth, withoutLogCommands } from '../text.js';
import { describeAwaited } from './wait-report.js';

/** Reports the progress of a wait in lines. */
export interface ProgressReporter {
  show(view: TargetsView, progress: WaitProgress): void;
  /** Stops the timer. */
  end(): void;
}

/** Dependencies of {@link createProgressReporter}. */
export interface ProgressOptions {
  readonly session: string | undefined;
  readonly condition: Condition;
  /** Whether every change is reported, rather than changes of the blocking targets only. */
  readonly isVerbose: boolean;
  /** Maximum width of a line in columns. */
  readonly columns: number;
  readonly clock: Clock;
  readonly write: (text: string) => void;
}

/** Interval of repeated lines. CI systems end a job without output after ten minutes or less. */
const REPEAT_MS = 60_000;

/**
 * Writes a line at the start, when the blocking targets change, and once a minute. Wait reasons change
 * often, twice per local build, so they are reported only with `isVerbose`.
 */
export function createProgressReporter(options: ProgressOptions): ProgressReporter {
  const { session, condition, isVerbose, clock } = options;
  const startedAt = clock.monotonic();
  const subject = describeAwaited(session, condition);
  let reportedRun: string | null = null;
  let reportedKey = '';
  let newest = 'no gateway has answered yet';
  let cancel = () => {};
  write(`waiting for ${subject}`);

  return {
    show(view, progress) {
      reportRun(progress);
      newest = describeProgress(view, progress, condition);
      const key = isVerbose ? newest : blockingKey(view, progress, condition);
      if (key === reportedKey) return;
      reportedKey = key;
      writeProgress();
    },
    end: () => cancel(),
  };

  function reportRun({ run, replacedRuns }: WaitProgress): void {
    const text = run === null ? null : runLine(run, replacedRuns.length);
    if (text !== null && text !== reportedRun) write(text);
    reportedRun = text;
  }

  function writeProgress(): void {
    write(`waiting for ${subject}: ${newest}`);
  }

  /** Writes a line and restarts the interval. */
  function write(text: string): void {
    cancel();
    cancel = clock.after(REPEAT_MS, writeProgress);
    const line = withoutLogCommands(`${elapsed(clock.monotonic() - startedAt)} ${text}`);
    options.write(`${toWidth(line, options.columns).trimEnd()}\n`);
  }
}

function runLine(run: Run, restarts: number): string {
  const what = restarts === 0 ? 'run' : 'Tilt was restarted; now the run';
  return `${what}: ${lineText(describeRun(run))}`;
}

/** Key of the blocking targets. Other changes do not affect it. */
function blockingKey(view: TargetsView, progress: WaitProgress, condition: Condition): string {
  if (!isCurrent(view) || typeof condition === 'object') return describeProgress(view, progress, condition);
  return blockersOf(view)
    .map(({ target }) => `${target.phase} ${target.id}`)
    .join('\n');
}

/** Whether the states of the targets are current. */
function isCurrent({ link, session }: TargetsView): boolean {
  return link.state === 'live' && session?.connection.state === 'LIVE';
}

/** Describes the progress: the error of a connection, or else the verdict and the blocking targets. */
function describeProgress(view: TargetsView, { run, reason }: WaitProgress, condition: Condition): string {
  const { session, link } = view;
  if (link.state !== 'live') {
    const what = link.state === 'lost' ? 'connection to the gateway lost' : 'connecting';
    return link.error === null ? what : `${what}: ${lineText(link.error)}`;
  }
  if (session === null || run === null || !isCurrent(view)) {
    const state = session === null ? '' : `${session.connection.state}: `;
    return `${state}${lineText(reason)}`;
  }
  if (typeof condition === 'object') return lineText(reason);
  const { verdict, counts } = session;
  const summary = `${verdict.state}, ${counts.ready + counts.succeeded} of ${counts.total} targets ready or succeeded`;
  const blockers = blockersOf(view);
  if (blockers.length === 0)
    return verdict.reason === null ? summary : `${summary}; ${lineText(verdict.reason)}`;
  const names = blockers.slice(0, MAX_NAMED).map(({ target }) => describeBlocker(target, view));
  const more = blockers.length - names.length;
  return `${summary}; ${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** Name, phase and root cause of a blocker: `late:update WAITING for broken (failed: exit status 4)`. */
function describeBlocker({ name, phase, rootCause }: TargetFields, { targets }: TargetsView): string {
  const cause = rootCause === null ? '' : ` for ${describeCause(rootCause.name, targets)}`;
  return lineText(`${name} ${phase}${cause}`);
}

/** Keeps a line within about 150 characters for any number of targets. */
const MAX_NAMED = 5;
