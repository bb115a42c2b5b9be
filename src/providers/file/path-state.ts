import { type Session, type SessionId, sessionIdOf } from '../../model/session.js';
import type { FileState } from './file-state.js';
import type { Known } from './known.js';

/** What is known of a path that is a file, or a folder of files. */
export interface PathState {
  readonly type: 'file' | 'folder' | 'nothing';
  /** By their names; one, for a file. */
  readonly files: ReadonlyMap<string, FileState>;
  /** What is wrong with the path itself, in one line; null when nothing is. */
  readonly problem: string | null;
  /** A problem seen once; see {@link FileState}. */
  readonly suspicion: string | null;
}

/**
 * The Sessions of a path, and what is wrong with them. Pure. Of two with one id the first counts, by the files' names.
 *
 * A file that is broken makes its last good Sessions stale. If there never were any, that is said of the source when it is
 * all of it, and in a folder of the Session that it would most likely be, so that its neighbours stay live.
 */
export function knownOf({ type, files, problem }: PathState): Known {
  const sessions = new Map<SessionId, Session>();
  const stale = new Map<SessionId, string>();
  const holders = new Map<SessionId, string>();
  let trouble = problem;

  for (const name of [...files.keys()].sort()) {
    const file = files.get(name);
    if (file) addFile(name, file);
  }
  return { sessions, stale, trouble };

  function addFile(name: string, file: FileState): void {
    const own = (file.sessions ?? []).filter((session) => add(name, session));
    if (file.problem === null) return;
    for (const { id } of own) stale.set(id, file.problem);
    if (own.length > 0) return;
    if (type === 'folder') stale.set(sessionIdOf(instanceOf(name), 'Tiltfile'), file.problem);
    else trouble ??= file.problem;
  }

  /** False when another holds its id already. */
  function add(name: string, session: Session): boolean {
    const holder = holders.get(session.id);
    if (holder === undefined) {
      holders.set(session.id, name);
      sessions.set(session.id, session);
      return true;
    }
    const both = holder === name ? `${name} holds it twice` : `${holder} and ${name} both hold it`;
    stale.set(session.id, `${session.id}: ${both}; the first counts: rename or remove the other`);
    return false;
  }
}

/** The instance of the Sessions in a file of a folder: the file's name without its ending. */
export function instanceOf(file: string): string {
  return file.replace(ENDING, '');
}

/** Whether a file of a folder is read: by its ending, and not when it is hidden. */
export function isSessionFile(file: string): boolean {
  return !file.startsWith('.') && ENDING.test(file);
}

const ENDING = /\.(ya?ml|json)$/i;
