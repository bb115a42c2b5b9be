import type { Session } from '../../model/session.js';

/**
 * What is known of one file. Good news counts at once, bad news (it is broken, or missing) once two looks in a row have
 * seen the same: a file that is just being written or replaced is not called either. One that is broken in another way at
 * each of {@link MOST_LOOKS} looks is called broken, too: what is known of it is old by then.
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
  /** How many looks in a row had a suspicion, each another; absent when at most one had. */
  readonly looks?: number;
}

/** What a look at a file found. */
export type Seen =
  | { readonly type: 'same' }
  | { readonly type: 'good'; readonly stamp: string; readonly sessions: readonly Session[] }
  | { readonly type: 'bad'; readonly stamp: string; readonly problem: string }
  | { readonly type: 'missing' };

/** The stamp of a file that is not there. */
export const MISSING = 'missing';

/** How many looks a file is given to be written: 2 s, as often as they are. */
const MOST_LOOKS = 8;

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
        : { ...told(before), problem: before.suspicion };
    case 'good':
      return { stamp: seen.stamp, sessions: seen.sessions, problem: null, suspicion: null };
    case 'bad': {
      const { stamp, problem } = seen;
      const known = before ?? NEW;
      const looks = known.suspicion === null ? 1 : (known.looks ?? 1) + 1;
      const isSure = isFirst || known.stamp === stamp || looks >= MOST_LOOKS;
      if (isSure) return { ...told(known), stamp, problem };
      return { ...told(known), stamp, suspicion: problem, ...(looks > 1 && { looks }) };
    }
    case 'missing':
      return before === null || before.stamp === MISSING ? null : { ...told(before), stamp: MISSING };
  }
}

/** A file that was never looked at. */
const NEW: FileState = { stamp: '', sessions: null, problem: null, suspicion: null };

/** Without what is only suspected. */
function told({ stamp, sessions, problem }: FileState): FileState {
  return { stamp, sessions, problem, suspicion: null };
}
