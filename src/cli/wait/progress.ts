import {
  blockersOf,
  type Condition,
  describeRun,
  type Run,
  type TargetsView,
  type WaitProgress,
} from '../../client/client.js';
import type { Clock } from '../../lib/clock.js';
import { elapsed } from '../elapsed.js';
import { lineText, withoutLogCommands } from '../safe-text.js';
import { toWidth } from '../text-width.js';
import { inWords } from './wait-report.js';

/** Tells how far a wait is, in lines. */
export interface ProgressReporter {
  show(view: TargetsView, progress: WaitProgress): void;
  /** Ends the timer. */
  end(): void;
}

/** What {@link createProgressReporter} works with. */
export interface ProgressOptions {
  readonly session: string | undefined;
  readonly condition: Condition;
  /** Whether each change is told, rather than each change of what blocks. */
  readonly isVerbose: boolean;
  /** How many columns a line may have. */
  readonly columns: number;
  readonly clock: Clock;
  readonly write: (text: string) => void;
}

/** CI systems end a job that prints nothing for ten minutes, or less. */
const REPEAT_MS = 60_000;

/**
 * Writes a line at the start, at each change of what blocks, and once a minute. What a target waits for changes all the time
 * (twice with each local build), so that makes a line only when it is asked for.
 */
export function createProgressReporter(options: ProgressOptions): ProgressReporter {
  const { session, condition, isVerbose, clock } = options;
  const startedAt = clock.monotonic();
  const awaited = `${lineText(session ?? 'the Session')} ${inWords(condition)}`;
  let toldRun: string | null = null;
  let toldKey = '';
  let newest = 'no gateway has answered yet';
  let cancel = () => {};
  write(`waiting for ${awaited}`);

  return {
    show(view, progress) {
      tellRun(progress);
      newest = progressText(view, progress, condition);
      const key = isVerbose ? newest : blockingKey(view, progress, condition);
      if (key === toldKey) return;
      toldKey = key;
      repeat();
    },
    end: () => cancel(),
  };

  function tellRun({ run, replacedRuns }: WaitProgress): void {
    const text = run === null ? null : runLine(run, replacedRuns.length);
    if (text !== null && text !== toldRun) write(text);
    toldRun = text;
  }

  function repeat(): void {
    write(`waiting for ${awaited}: ${newest}`);
  }

  function write(text: string): void {
    cancel();
    cancel = clock.after(REPEAT_MS, repeat);
    const line = withoutLogCommands(`${elapsed(clock.monotonic() - startedAt)} ${text}`);
    options.write(`${toWidth(line, options.columns).trimEnd()}\n`);
  }
}

function runLine(run: Run, restarts: number): string {
  const what = restarts === 0 ? 'run' : 'Tilt was restarted; now the run';
  return `${what}: ${lineText(describeRun(run))}`;
}

/** What blocks, as a key that other changes leave as it is. */
function blockingKey(view: TargetsView, progress: WaitProgress, condition: Condition): string {
  if (!isCurrent(view) || typeof condition === 'object') return progressText(view, progress, condition);
  return blockersOf(view)
    .map(({ target }) => `${target.phase} ${target.id}`)
    .join('\n');
}

/** Whether the targets say how things are now. */
function isCurrent({ link, session }: TargetsView): boolean {
  return link.state === 'live' && session?.connection.state === 'LIVE';
}

/** How far a wait is: the trouble with a link, or else the verdict and what blocks. */
function progressText(view: TargetsView, { run, reason }: WaitProgress, condition: Condition): string {
  const { session, link } = view;
  if (link.state !== 'live') {
    const what = link.state === 'lost' ? 'the link to the gateway is lost' : 'connecting';
    return link.error === null ? what : `${what}: ${lineText(link.error)}`;
  }
  if (session === null || run === null || !isCurrent(view)) {
    const state = session === null ? '' : `${session.connection.state}: `;
    return `${state}${lineText(reason)}`;
  }
  if (typeof condition === 'object') return lineText(reason);
  const { verdict, counts } = session;
  const good = `${verdict.state}, ${counts.ready + counts.succeeded} of ${counts.total} targets are good`;
  const blockers = blockersOf(view);
  if (blockers.length === 0) return verdict.reason === null ? good : `${good}; ${lineText(verdict.reason)}`;
  const names = blockers.slice(0, MAX_NAMED).map(({ target }) => `${lineText(target.name)} ${target.phase}`);
  const more = blockers.length - names.length;
  return `${good}; ${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** So that a line keeps to about 150 characters, whatever the number of targets. */
const MAX_NAMED = 5;
