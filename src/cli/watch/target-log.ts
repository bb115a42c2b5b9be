import { targetKey } from '../../client/changes.js';
import { type Client, ClientError, type LogLine, type TargetFields } from '../../client/client.js';
import { toExcerpt } from '../../client/excerpts.js';
import { logText, withoutLogCommands } from '../text.js';

/** Line of a log for the terminal. */
export interface ShownLine {
  readonly text: string;
  /** `ERROR`, `WARN` and so on. */
  readonly level: string;
}

/** Known part of the log of a target. */
export interface TargetLog {
  /**
   * `loading`: no answer yet. `live`: the last lines, and new ones as they arrive. `excerpt`: only the last
   * lines before the target failed. `unavailable`: neither is known.
   */
  readonly state: 'loading' | 'live' | 'excerpt' | 'unavailable';
  /** The newest lines, oldest first. */
  readonly lines: readonly ShownLine[];
  /** Number of lines so far. It also counts lines that are no longer kept. */
  readonly end: number;
}

/** A log before the first answer. */
export const LOADING: TargetLog = { state: 'loading', lines: [], end: 0 };

/** Maximum number of lines. The oldest are dropped. */
const MAX_LINES = 1_000;

/** Target whose log is followed. */
export interface LogSubject {
  readonly session: string;
  readonly target: TargetFields;
}

/** Follows a log until the signal aborts, and calls back with each change. */
export type FollowLog = (
  subject: LogSubject,
  show: (log: TargetLog) => void,
  signal: AbortSignal,
) => Promise<void>;

/** Follows the log of one target at a time. */
export interface FollowedLog {
  /** Follows the log of a target instead of the previous one. Null: of none. */
  follow(subject: LogSubject | null): void;
}

/** Creates a {@link FollowedLog}. `show` is called with {@link LOADING} at each change of the target. */
export function createFollowedLog(followLog: FollowLog, show: (log: TargetLog) => void): FollowedLog {
  let followed: string | null = null;
  let stop = new AbortController();
  return {
    follow(subject) {
      const id = subject && `${subject.session}#${targetKey(subject.target)}`;
      if (id === followed) return;
      followed = id;
      stop.abort();
      if (subject === null) return;
      stop = new AbortController();
      const { signal } = stop;
      show(LOADING);
      void followLog(subject, (log) => !signal.aborted && show(log), signal);
    },
  };
}

/**
 * Follows the log of a target, and the excerpt that remains when there is no log, until the signal aborts.
 * Calls back with each change. Lines of its resource that Tilt assigns to no target are included. A gateway
 * that is too old has no logs.
 */
export async function followTargetLog(
  client: Pick<Client, 'log' | 'watchTargets'>,
  { session, target }: LogSubject,
  show: (log: TargetLog) => void,
  signal: AbortSignal,
): Promise<void> {
  const key = targetKey(target);
  let isAvailable: boolean | null = null;
  let live: Omit<TargetLog, 'state'> = LOADING;
  /** Undefined before the first answer. */
  let excerpt: Omit<TargetLog, 'state'> | null | undefined;
  await Promise.all([
    untilRejected(followLines, () => {
      isAvailable = false;
    }),
    untilRejected(followExcerpt, () => {
      excerpt = null;
    }),
  ]);

  async function followLines(): Promise<void> {
    const [resource] = target.resources;
    for await (const view of client.log({ session, resource, last: MAX_LINES, signal })) {
      const added = view.lines
        .filter((line) => line.target === key || (line.target === null && resource !== undefined))
        .map(toShownLine);
      const lines = [...(view.reset ? [] : live.lines), ...added].slice(-MAX_LINES);
      live = { lines, end: live.end + added.length };
      isAvailable = view.isAvailable;
      update();
    }
  }

  async function followExcerpt(): Promise<void> {
    // The name is a glob here, which may select other targets too.
    const where = { name: target.name };
    for await (const { cursor, targets } of client.watchTargets({ session, where, excerpts: true, signal })) {
      if (cursor === null) continue;
      const known = toExcerpt(targets.get(key)?.state ?? null);
      excerpt = known ? { lines: known.lines.map(toShownLine), end: known.lines.length } : null;
      update();
    }
  }

  /** Follows until the end. A rejected document does not affect the table. */
  async function untilRejected(follow: () => Promise<void>, onRejected: () => void): Promise<void> {
    try {
      await follow();
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
      onRejected();
      update();
    }
  }

  function update(): void {
    if (isAvailable) show({ ...live, state: 'live' });
    else if (excerpt) show({ ...excerpt, state: 'excerpt' });
    else if (isAvailable === false && excerpt === null) show({ ...LOADING, state: 'unavailable' });
  }
}

function toShownLine({ text, level }: Pick<LogLine, 'text' | 'level'>): ShownLine {
  return { text: withoutLogCommands(logText(text)), level };
}
