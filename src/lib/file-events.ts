import { type FSWatcher, watch } from 'node:fs';
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
export const watchFileEvents: WatchFileEvents = (path, onEvent) => {
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

  function open({ path: folder, child, identity }: Folder): void {
    try {
      watcher = watch(folder, { persistent: false }, (_event, name) => {
        if (name !== child) isSettled = false;
        // When the folder is deleted or renamed, its own name is reported.
        if (name === null || name === child || name === basename(folder)) onEvent();
      });
      watcher.on('error', release);
      watchedIdentity = identity;
    } catch {
      // Watches are exhausted or not supported; polling remains.
      release();
    }
  }

  function release(): void {
    watcher?.close();
    watcher = null;
    watchedIdentity = null;
    isSettled = false;
  }
};

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
