import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { isMissing, isSystemError, messageOf } from '../../lib/errors.js';
import { signatureOf } from '../../lib/file-watcher.js';
import { type FileState, nextFileState, type Seen } from './file-state.js';
import { checkSize, FileProblem, parseSessions } from './parse.js';
import { instanceOf, isSessionFile, type PathState } from './path-state.js';

/**
 * Looks at a path and returns what is known of it now. A file is read only when it is another than at the look before:
 * by device, inode, size and times, which show a save in place, a rename over the file and a change on a network
 * mount alike.
 *
 * @param instance of the Sessions, if the path is a file
 * @param before what the look before returned; null for the first
 */
export async function look(path: string, instance: string, before: PathState | null): Promise<PathState> {
  const found = await list(path, instance);
  if ('members' in found) {
    const files = await lookAtAll(found.members, before);
    return { type: found.type, files, problem: null, suspicion: null };
  }
  // A folder that is not there any more keeps what it held: rather a mount is off than all its files are gone.
  const isFileGone = found.type === 'missing' && before?.type !== 'folder';
  return {
    type: before?.type ?? 'nothing',
    files: isFileGone ? await lookAtAll([], before) : (before?.files ?? new Map()),
    ...troubled(found.type === 'missing' ? 'there is no such file or folder' : found.problem, before),
  };
}

/** A file that is to be looked at. */
interface Member {
  readonly name: string;
  readonly path: string;
  readonly instance: string;
}

type Listing =
  | { readonly type: 'file' | 'folder'; readonly members: readonly Member[] }
  | { readonly type: 'missing' }
  | { readonly type: 'trouble'; readonly problem: string };

async function list(path: string, instance: string): Promise<Listing> {
  try {
    const stats = await stat(path);
    if (stats.isFile()) return { type: 'file', members: [{ name: basename(path), path, instance }] };
    if (!stats.isDirectory()) return { type: 'trouble', problem: 'expected a file or a folder' };
    const names = (await readdir(path)).filter(isSessionFile);
    const members = names.map((name) => ({ name, path: join(path, name), instance: instanceOf(name) }));
    return { type: 'folder', members };
  } catch (error) {
    if (isMissing(error)) return { type: 'missing' };
    return { type: 'trouble', problem: `it cannot be read: ${reasonOf(error)}` };
  }
}

/** Like a file's, a path's problem counts once two looks in a row, or the first of all, have seen it. */
function troubled(problem: string, before: PathState | null): Pick<PathState, 'problem' | 'suspicion'> {
  const isSure = before === null || before.suspicion === problem || before.problem === problem;
  return isSure ? { problem, suspicion: null } : { problem: before.problem, suspicion: problem };
}

async function lookAtAll(
  members: readonly Member[],
  before: PathState | null,
): Promise<Map<string, FileState>> {
  const files = new Map<string, FileState>();
  const missing = new Map(before?.files);
  for (const member of members) {
    const known = missing.get(member.name) ?? null;
    missing.delete(member.name);
    note(member.name, nextFileState(known, await lookAt(member, known), before === null));
  }
  for (const [name, known] of missing) note(name, nextFileState(known, { type: 'missing' }, false));
  return files;

  function note(name: string, state: FileState | null): void {
    if (state !== null) files.set(name, state);
  }
}

async function lookAt(member: Member, known: FileState | null): Promise<Seen> {
  try {
    const stats = await stat(member.path, { bigint: true });
    // A folder within the folder is not read.
    if (!stats.isFile()) return { type: 'missing' };
    const stamp = signatureOf(stats);
    return stamp === known?.stamp ? { type: 'same' } : await read(member, Number(stats.size), stamp);
  } catch (error) {
    if (isMissing(error)) return { type: 'missing' };
    const reason = reasonOf(error);
    // No stamp of a content: the next look tries again.
    return { type: 'bad', stamp: reason, problem: `${member.name}: it cannot be read: ${reason}` };
  }
}

async function read({ path, name, instance }: Member, size: number, stamp: string): Promise<Seen> {
  try {
    checkSize(size, name);
    return { type: 'good', stamp, sessions: parseSessions(await readFile(path), { file: name, instance }) };
  } catch (error) {
    if (error instanceof FileProblem) return { type: 'bad', stamp, problem: error.message };
    throw error;
  }
}

/** Node's words without the path, which clients need not know: `EACCES: permission denied`. */
function reasonOf(error: unknown): string {
  const text = messageOf(error);
  return (isSystemError(error) ? text.replace(/,.*$/s, '') : text).replace(/\s+/g, ' ');
}
