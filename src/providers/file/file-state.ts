import type { Session } from '../../model/session.js';

/**
 * What is known of one file. Good news counts at once, bad news (it is broken, or missing) once two looks in a row have
 * seen the same: a file that is just being written or replaced is not called either.
 */
export interface FileState {
  /** What the last look saw: tells one content of the file from another; {@link MISSING} for none. */
  readonly stamp: string;
  /** Its last good Sessions; null when there never were any. */
  readonly sessions: readonly Session[] | null;
  /** What is wrong with it now, in one line; null when nothing is. */
  readonly problem: string | null;
  /** A problem seen once. */
  readonly suspicion: string | null;
}

/** What a look at a file found. */
export type Seen =
  | { readonly type: 'same' }
  | { readonly type: 'good'; readonly stamp: string; readonly sessions: readonly Session[] }
  | { readonly type: 'bad'; readonly stamp: string; readonly problem: string }
  | { readonly type: 'missing' };

/** The stamp of a file that is not there. */
export const MISSING = 'missing';

/**
 * A file's state after a look; null when it is gone. Pure.
 *
 * @param isFirst whether this is the first look of all: nothing was being written before it, so bad news counts at once
 */
export function nextFileState(before: FileState | null, seen: Seen, isFirst: boolean): FileState | null {
  switch (seen.type) {
    case 'same':
      return before === null || before.suspicion === null
        ? before
        : { ...before, problem: before.suspicion, suspicion: null };
    case 'good':
      return { stamp: seen.stamp, sessions: seen.sessions, problem: null, suspicion: null };
    case 'bad': {
      const { stamp, problem } = seen;
      const isSure = isFirst || before?.stamp === stamp;
      const known = before ?? { sessions: null, problem: null };
      return {
        ...known,
        stamp,
        problem: isSure ? problem : known.problem,
        suspicion: isSure ? null : problem,
      };
    }
    case 'missing':
      return before === null || before.stamp === MISSING
        ? null
        : { ...before, stamp: MISSING, suspicion: null };
  }
}
