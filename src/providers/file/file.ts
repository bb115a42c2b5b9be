import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
import type { Clock } from '../../lib/clock.js';
import { isMissing, isSystemError, messageOf } from '../../lib/errors.js';
import { pollFiles, signatureOf } from '../../lib/file-watcher.js';
import { ProviderError, type PushChange, type SessionProvider } from '../provider.js';
import { checkSize, FileProblem, parseSessions } from './parse.js';
import {
  diffSnapshots,
  type FileObservation,
  type FileState,
  instanceOf,
  isSessionFile,
  nextFileState,
  type PathState,
  type SourceSnapshot,
  toSnapshot,
} from './path-state.js';

/** Options of {@link createFileProvider}. */
export interface FileProviderOptions {
  /** A file, or a folder whose `*.yaml`, `*.yml` and `*.json` files are read, except hidden ones. */
  readonly path: string;
  /**
   * Name of the provider, and the instance of the Sessions of a file. In a folder, the instance is the name
   * of each file without its ending. Default: the name of the folder, or of the file without its ending.
   */
  readonly name?: string;
  readonly clock: Clock;
  /** Interval between polls, in milliseconds. Default 250: it appears instant, and a poll is one `stat`. */
  readonly pollMs?: number;
}

/**
 * Creates a provider of the Sessions in a file or folder, JSON or YAML, which follows their changes.
 *
 * It polls with `stat`, because file-system events miss a rename over the file and changes on network mounts.
 * An invalid edit keeps the last good state and reports the error. The Sessions of a deleted file are
 * removed.
 */
export function createFileProvider(options: FileProviderOptions): SessionProvider {
  const { path, clock, pollMs = 250 } = options;
  const name = options.name ?? (instanceOf(basename(resolve(path))) || 'file');
  return { name, watch: follow, check };

  async function follow(push: PushChange, signal: AbortSignal): Promise<void> {
    let state: PathState | null = null;
    let pushed: SourceSnapshot | null = null;
    await pollFiles({ paths: [path], clock, pollMs }, poll, signal);

    async function poll(): Promise<void> {
      state = await pollPath(path, name, state);
      if (signal.aborted) return;
      const snapshot = toSnapshot(state);
      diffSnapshots(pushed, snapshot).forEach(push);
      pushed = snapshot;
    }
  }

  async function check(): Promise<void> {
    const { type, problem, files } = await pollPath(path, name, null);
    if (problem !== null) throw new ProviderError('config', `${path}: ${problem}`);
    const problems = [...files.values()].map((file) => file.problem).filter((line) => line !== null);
    // In a folder, one valid file is enough to start.
    if (problems.length === 0 || problems.length < files.size) return;
    const folder = type === 'file' ? dirname(path) : path;
    throw new ProviderError('unreadable', `${folder}${sep}${problems[0]}`);
  }
}

/**
 * Polls a path and returns its new state. A file is read only when its fingerprint changed: device, inode,
 * size or times.
 *
 * @param instance instance of the Sessions, if the path is a file
 * @param before state after the previous poll; null for the first
 */
async function pollPath(path: string, instance: string, before: PathState | null): Promise<PathState> {
  const listing = await listMembers(path, instance);
  if ('members' in listing) {
    const files = await pollMembers(listing.members, before);
    return { type: listing.type, files, problem: null, pendingProblem: null };
  }
  // The files of a missing folder are kept: more likely a mount is down than all files were deleted.
  const isFileDeleted = listing.type === 'missing' && before?.type !== 'folder';
  const problem = listing.type === 'missing' ? 'no such file or folder' : listing.problem;
  return {
    type: before?.type ?? 'nothing',
    files: isFileDeleted ? await pollMembers([], before) : (before?.files ?? new Map()),
    ...confirmProblem(problem, before),
  };
}

/** A file to be polled. */
interface Member {
  readonly name: string;
  readonly path: string;
  readonly instance: string;
}

type Listing =
  | { readonly type: 'file' | 'folder'; readonly members: readonly Member[] }
  | { readonly type: 'missing' }
  | { readonly type: 'error'; readonly problem: string };

async function listMembers(path: string, instance: string): Promise<Listing> {
  try {
    const stats = await stat(path);
    if (stats.isFile()) return { type: 'file', members: [{ name: basename(path), path, instance }] };
    if (!stats.isDirectory()) return { type: 'error', problem: 'expected a file or a folder' };
    const names = (await readdir(path)).filter(isSessionFile);
    const members = names.map((name) => ({ name, path: join(path, name), instance: instanceOf(name) }));
    return { type: 'folder', members };
  } catch (error) {
    if (isMissing(error)) return { type: 'missing' };
    return { type: 'error', problem: `it cannot be read: ${describe(error)}` };
  }
}

/** A problem of the path counts at the first poll, or when two polls in a row have found it. */
function confirmProblem(
  problem: string,
  before: PathState | null,
): Pick<PathState, 'problem' | 'pendingProblem'> {
  const isConfirmed = before === null || before.pendingProblem === problem || before.problem === problem;
  return isConfirmed
    ? { problem, pendingProblem: null }
    : { problem: before.problem, pendingProblem: problem };
}

async function pollMembers(
  members: readonly Member[],
  before: PathState | null,
): Promise<Map<string, FileState>> {
  const files = new Map<string, FileState>();
  const missing = new Map(before?.files);
  for (const member of members) {
    const known = missing.get(member.name) ?? null;
    missing.delete(member.name);
    add(member.name, nextFileState(known, await observe(member, known), before === null));
  }
  for (const [name, known] of missing) add(name, nextFileState(known, { type: 'missing' }, false));
  return files;

  function add(name: string, state: FileState | null): void {
    if (state !== null) files.set(name, state);
  }
}

async function observe(member: Member, known: FileState | null): Promise<FileObservation> {
  try {
    const stats = await stat(member.path, { bigint: true });
    // Subfolders are not read.
    if (!stats.isFile()) return { type: 'missing' };
    const fingerprint = signatureOf(stats);
    if (fingerprint === known?.fingerprint) return { type: 'unchanged' };
    return await readMember(member, Number(stats.size), fingerprint, known);
  } catch (error) {
    if (isMissing(error)) return { type: 'missing' };
    const reason = describe(error);
    // The reason is no content's fingerprint, so that the next poll tries again.
    return { type: 'invalid', fingerprint: reason, problem: `${member.name}: it cannot be read: ${reason}` };
  }
}

async function readMember(
  { path, name, instance }: Member,
  size: number,
  fingerprint: string,
  known: FileState | null,
): Promise<FileObservation> {
  try {
    checkSize(size, name);
    const lastGood = new Map(
      known?.sessions?.flatMap(({ instance: of, facts }) => (facts ? [[of, facts] as const] : [])),
    );
    const parsed = parseSessions(await readFile(path), { file: name, instance, lastGood });
    return { type: 'valid', fingerprint, ...parsed };
  } catch (error) {
    if (error instanceof FileProblem) return { type: 'invalid', fingerprint, problem: error.message };
    throw error;
  }
}

/** Message of Node.js without the path, which clients need not know: `EACCES: permission denied`. */
function describe(error: unknown): string {
  const text = messageOf(error);
  return (isSystemError(error) ? text.replace(/,.*$/s, '') : text).replace(/\s+/g, ' ');
}
