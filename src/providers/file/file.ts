import { basename, dirname, resolve, sep } from 'node:path';
import type { Clock } from '../../lib/clock.js';
import { pollFiles } from '../../lib/file-watcher.js';
import { ProviderError, type PushChange, type SessionProvider } from '../provider.js';
import { changesBetween, type Known } from './known.js';
import { look } from './look.js';
import { instanceOf, knownOf, type PathState } from './path-state.js';

/** See {@link createFileProvider}. */
export interface FileProviderOptions {
  /** A file, or a folder, of which the files `*.yaml`, `*.yml` and `*.json` are read (not hidden ones, nor in folders within). */
  readonly path: string;
  /**
   * The provider's name, and the instance of the Sessions of a file; in a folder, each file's Sessions have its name
   * without the ending as their instance. Default: the name of the file, without the ending, or folder.
   */
  readonly name?: string;
  readonly clock: Clock;
  /** How often to look, in milliseconds. Default 250: a change shows at once to a person, and a look costs a `stat`. */
  readonly pollMs?: number;
}

/**
 * The Sessions in a file or folder, JSON or YAML, followed as they change.
 *
 * It looks by `stat`, not by file events: those miss a rename over the file, and changes on network mounts. A broken
 * edit keeps the last good state and tells what is wrong with it. A deleted file's Sessions are removed.
 */
export function createFileProvider(options: FileProviderOptions): SessionProvider {
  const { path, clock, pollMs = 250 } = options;
  const name = options.name ?? (instanceOf(basename(resolve(path))) || 'file');
  return { name, watch: follow, check };

  async function follow(push: PushChange, signal: AbortSignal): Promise<void> {
    let state: PathState | null = null;
    let told: Known | null = null;
    await pollFiles({ paths: [path], clock, pollMs }, lookAgain, signal);

    async function lookAgain(): Promise<void> {
      state = await look(path, name, state);
      if (signal.aborted) return;
      const known = knownOf(state);
      changesBetween(told, known).forEach(push);
      told = known;
    }
  }

  async function check(): Promise<void> {
    const { type, problem, files } = await look(path, name, null);
    if (problem !== null) throw new ProviderError('config', `${path}: ${problem}`);
    const problems = [...files.values()].map((file) => file.problem).filter((line) => line !== null);
    // In a folder, one good file is enough to begin with.
    if (problems.length === 0 || problems.length < files.size) return;
    const folder = type === 'file' ? dirname(path) : path;
    throw new ProviderError('unreadable', `${folder}${sep}${problems[0]}`);
  }
}
