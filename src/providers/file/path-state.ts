import type { Change, StaleState } from '../../model/change.js';
import { type Session, type SessionId, sessionIdOf } from '../../model/session.js';
import { diffUnavailable, type Unavailable } from '../fact-table.js';
import type { ParsedFile } from './parse.js';

/**
 * State of one file. Valid content counts at once. A problem (invalid or missing) counts when two polls in a
 * row have found the same, so that a file which is being written or replaced is not reported. A file with a
 * different problem at each of {@link MAX_POLLS} polls is reported as well: its last good state is old by
 * then.
 */
export interface FileState {
  /** Identifies the content that the last poll found; {@link MISSING} for a missing file. */
  readonly fingerprint: string;
  /** Its last good Sessions; null when there have been none. */
  readonly sessions: readonly Session[] | null;
  /** Other kinds that its last good content did not provide completely. */
  readonly unavailable: Unavailable;
  /** Its confirmed problem, on one line, or null. */
  readonly problem: string | null;
  /** A problem that was found once. */
  readonly pendingProblem: string | null;
  /** Number of polls in a row that found different problems; absent when at most one did. */
  readonly failedPolls?: number;
}

/** Result of polling a file. */
export type FileObservation =
  | { readonly type: 'unchanged' }
  | ({ readonly type: 'valid'; readonly fingerprint: string } & ParsedFile)
  | { readonly type: 'invalid'; readonly fingerprint: string; readonly problem: string }
  | { readonly type: 'missing' };

/** Fingerprint of a missing file. */
export const MISSING = 'missing';

/** Polls for which a file may be incomplete: 2 s at the default interval. */
const MAX_POLLS = 8;

/**
 * State of a file after a poll; null when it is gone. Pure.
 *
 * @param isFirst whether this is the very first poll: problems count at once, because nothing is known to be
 *   in progress
 */
export function nextFileState(
  before: FileState | null,
  observation: FileObservation,
  isFirst: boolean,
): FileState | null {
  switch (observation.type) {
    case 'unchanged':
      return before === null || before.pendingProblem === null
        ? before
        : { ...confirmedState(before), problem: before.pendingProblem };
    case 'valid': {
      const { fingerprint, sessions, unavailable } = observation;
      return { fingerprint, sessions, unavailable, problem: null, pendingProblem: null };
    }
    case 'invalid': {
      const { fingerprint, problem } = observation;
      const known = before ?? NEW;
      const failedPolls = known.pendingProblem === null ? 1 : (known.failedPolls ?? 1) + 1;
      const isConfirmed = isFirst || known.fingerprint === fingerprint || failedPolls >= MAX_POLLS;
      if (isConfirmed) return { ...confirmedState(known), fingerprint, problem };
      return {
        ...confirmedState(known),
        fingerprint,
        pendingProblem: problem,
        ...(failedPolls > 1 && { failedPolls }),
      };
    }
    case 'missing':
      return before === null || before.fingerprint === MISSING
        ? null
        : { ...confirmedState(before), fingerprint: MISSING };
  }
}

/** State of a file before its first poll. */
const NEW: FileState = {
  fingerprint: '',
  sessions: null,
  unavailable: new Map(),
  problem: null,
  pendingProblem: null,
};

/** A state without its pending problem. */
function confirmedState({ fingerprint, sessions, unavailable, problem }: FileState): FileState {
  return { fingerprint, sessions, unavailable, problem, pendingProblem: null };
}

/** State of a path, which is a file or a folder of files. */
export interface PathState {
  readonly type: 'file' | 'folder' | 'nothing';
  /** By name; one entry for a file. */
  readonly files: ReadonlyMap<string, FileState>;
  /** Confirmed problem of the path itself, on one line, or null. */
  readonly problem: string | null;
  /** A problem that was found once; see {@link FileState}. */
  readonly pendingProblem: string | null;
}

/** Everything that a source reports at one moment. */
export interface SourceSnapshot {
  readonly sessions: ReadonlyMap<SessionId, Session>;
  /** Problems of single Sessions, including those that could never be read. */
  readonly stale: ReadonlyMap<SessionId, string>;
  /** Problems of the other kinds: that of the first file for each kind. */
  readonly unavailable: Unavailable;
  /** Problem of the source as a whole, or null. */
  readonly problem: string | null;
}

/**
 * Collects the Sessions and problems of a path. Pure. Of two Sessions with one id the first counts, by file
 * name.
 *
 * An invalid file makes its last good Sessions stale. If it has none, the problem is reported for the whole
 * source; in a folder, for the Session that the file most likely holds, so that the other files stay live.
 */
export function toSnapshot({ type, files, problem: pathProblem }: PathState): SourceSnapshot {
  const sessions = new Map<SessionId, Session>();
  const stale = new Map<SessionId, string>();
  const unavailable = new Map<string, string>();
  const owners = new Map<SessionId, string>();
  let problem = pathProblem;

  for (const name of [...files.keys()].sort()) {
    const file = files.get(name);
    if (file) addFile(name, file);
  }
  return { sessions, stale, unavailable, problem };

  function addFile(name: string, file: FileState): void {
    for (const [kind, error] of file.unavailable) {
      if (!unavailable.has(kind)) unavailable.set(kind, error);
    }
    const own = (file.sessions ?? []).filter((session) => addSession(name, session));
    if (file.problem === null) return;
    for (const { id } of own) stale.set(id, file.problem);
    if (own.length > 0) return;
    if (type === 'folder') stale.set(sessionIdOf(instanceOf(name), 'Tiltfile'), file.problem);
    else problem ??= file.problem;
  }

  /** Returns false when another Session has the id. */
  function addSession(name: string, session: Session): boolean {
    const owner = owners.get(session.id);
    if (owner === undefined) {
      owners.set(session.id, name);
      sessions.set(session.id, session);
      return true;
    }
    const both = owner === name ? `${name} holds it twice` : `${owner} and ${name} both hold it`;
    stale.set(session.id, `${session.id}: ${both}; the first counts: rename or remove the other`);
    return false;
  }
}

/** Returns the changes from one snapshot, or from nothing, to the next. Compares by identity. Pure. */
export function diffSnapshots(before: SourceSnapshot | null, after: SourceSnapshot): Change[] {
  return [
    ...(before === null || needsSnapshot(before, after) ? [toChange(after)] : diffSessions(before, after)),
    ...diffUnavailable(before?.unavailable ?? new Map(), after.unavailable),
  ];
}

/**
 * Whether only a snapshot leads from one to the next: it clears a problem of the source as a whole, and a
 * Session that is new in it can be stale, without being live for a moment.
 */
function needsSnapshot(before: SourceSnapshot, after: SourceSnapshot): boolean {
  if (before.problem !== null && before.problem !== after.problem) return true;
  return changedSessions(before, after).some(({ id }) => after.problem !== null || after.stale.has(id));
}

function toChange({ sessions, stale, problem }: SourceSnapshot): Change {
  const errors = toErrors(problem, stale);
  return { type: 'snapshot', sessions: [...sessions.values()], ...(errors.length > 0 && { stale: errors }) };
}

function diffSessions(before: SourceSnapshot, after: SourceSnapshot): Change[] {
  const upserts = changedSessions(before, after).map((session): Change => ({ type: 'upsert', session }));
  const changes = [...removals(before, after), ...upserts];
  return [...changes, ...staleChanges(before, after, changes.length > 0)];
}

function toErrors(problem: string | null, stale: Iterable<readonly [SessionId, string]>): StaleState[] {
  const single = Array.from(stale, ([id, error]) => ({ id, error }));
  return problem === null ? single : [{ error: problem }, ...single];
}

function removals(before: SourceSnapshot, after: SourceSnapshot): Change[] {
  const removed = [...before.sessions.keys()].filter((id) => !after.sessions.has(id));
  const resolved = [...before.stale.keys()].filter((id) => !after.sessions.has(id) && !after.stale.has(id));
  return [...new Set([...removed, ...resolved])].map((id) => ({ type: 'remove', id }));
}

function changedSessions(before: SourceSnapshot, after: SourceSnapshot): Session[] {
  const isNew = (session: Session) => before.sessions.get(session.id) !== session;
  const isResolved = ({ id }: Session) => before.stale.has(id) && !after.stale.has(id);
  return [...after.sessions.values()].filter((session) => isNew(session) || isResolved(session));
}

/**
 * The problems that have to be pushed. Other changes clear the problems of what they touch, and a problem of
 * the source applies to every Session. So after either, all problems of single Sessions are pushed again.
 */
function staleChanges(
  before: SourceSnapshot,
  { stale, problem }: SourceSnapshot,
  hasChanges: boolean,
): Change[] {
  const isProblemPushed = problem === null || (!hasChanges && before.problem === problem);
  const pushAll = hasChanges || !isProblemPushed;
  const news = [...stale].filter(([id, error]) => pushAll || before.stale.get(id) !== error);
  return toErrors(isProblemPushed ? null : problem, news).map((error) => ({ type: 'stale', ...error }));
}

/** Instance of the Sessions of a file in a folder: the file's name without its ending. */
export function instanceOf(file: string): string {
  return file.replace(ENDING, '');
}

/** Whether a file of a folder is read: it has a known ending and is not hidden. */
export function isSessionFile(file: string): boolean {
  return !file.startsWith('.') && ENDING.test(file);
}

const ENDING = /\.(ya?ml|json)$/i;
