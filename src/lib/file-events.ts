import { type FSWatcher, realpathSync, watch } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';

/** File-system events of one file. */
export interface FileEvents {
  /** Follows a folder that was created or replaced since the last call. Never rejects. */
  refresh(): Promise<void>;
  /** Stops the events. May be called repeatedly. */
  close(): void;
}

/** Watches a file; `onEvent` is called when it may have changed. */
export type WatchFileEvents = (path: string, onEvent: () => void) => FileEvents;

/**
 * Watches the folder of a file, so that a rename over the file is noticed too. While the folder does not
 * exist, its nearest existing parent is watched. Some systems send no events (network mounts, exhausted
 * inotify watches), so callers must poll as well.
 */
export const watchFileEvents: WatchFileEvents = createFileEvents();

/** Parts of `node:fs` that watch a folder. Tests pass a replacement. */
export interface FileEventsParts {
  readonly watch: typeof watch;
  /** Resolves symbolic links and, on Windows, short names such as `RUNNER~1`. */
  readonly realpath: (path: string) => string;
}

/** Creates {@link watchFileEvents} from the parts that it uses. */
export function createFileEvents(
  { watch: watchFolder, realpath }: FileEventsParts = { watch, realpath: realpathSync.native },
): WatchFileEvents {
  return (path, onEvent) => watchFile(path, onEvent, { watch: watchFolder, realpath });
}

function watchFile(path: string, onEvent: () => void, parts: FileEventsParts): FileEvents {
  let watcher: FSWatcher | null = null;
  /** Identity of the watched folder, which reveals that another folder took its place. */
  let watchedIdentity: string | null = null;
  let isClosed = false;
  /** Whether the file's own folder is watched and not replaced; an event would have reported that. */
  let isSettled = false;

  return {
    async refresh() {
      if (!isSettled) await follow();
    },
    close() {
      isClosed = true;
      release();
    },
  };

  async function follow(): Promise<void> {
    const folder = await findNearestFolder(path);
    if (isClosed || folder === null) return;
    isSettled = folder.identity === watchedIdentity && folder.path === dirname(path);
    if (folder.identity === watchedIdentity) return;
    release();
    open(folder);
    // A folder nearer to the file may have been created before the watch started.
    if (watchedIdentity !== null) await follow();
  }

  function open({ path: given, child, identity }: Folder): void {
    try {
      // On Windows, Node.js aborts at the first event of a folder whose path contains a short name or a
      // junction, because libuv expects the reported long path to start with it (libuv/libuv#5010).
      const folder = parts.realpath(given);
      watcher = parts.watch(folder, { persistent: false }, (_event, name) => {
        if (name !== child) isSettled = false;
        // When the folder is deleted or renamed, its own name is reported.
        if (name === null || name === child || name === basename(folder)) onEvent();
      });
      watcher.on('error', release);
      watchedIdentity = identity;
    } catch {
      // Watches are exhausted or not supported, or the folder is gone; polling remains.
      release();
    }
  }

  function release(): void {
    watcher?.close();
    watcher = null;
    watchedIdentity = null;
    isSettled = false;
  }
}

interface Folder {
  readonly path: string;
  /** Name within the folder that leads to the file. */
  readonly child: string;
  readonly identity: string;
}

async function findNearestFolder(path: string): Promise<Folder | null> {
  const folder = dirname(path);
  if (folder === path) return null;
  try {
    const { dev, ino } = await stat(folder, { bigint: true });
    return { path: folder, child: basename(path), identity: `${folder} ${dev} ${ino}` };
  } catch {
    return findNearestFolder(folder);
  }
}
