import { type FSWatcher, watch } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';

/** File-system events of one file. */
export interface FileEvents {
  /** Follows a folder that was created or replaced since the last call. Never rejects. */
  refresh(): Promise<void>;
  /** Ends the events. Calling it twice is harmless. */
  close(): void;
}

/** Starts the events of a file; `onEvent` is called when the file may have changed. */
export type WatchFileEvents = (path: string, onEvent: () => void) => FileEvents;

/**
 * Watches the folder of a file, so that a rename over the file is seen too. While the folder does not exist, its nearest
 * existing parent is watched. Where the system has no events (network mounts, no watches left), nothing is called: the
 * caller polls as well.
 */
export const watchFileEvents: WatchFileEvents = (path, onEvent) => {
  let watcher: FSWatcher | null = null;
  /** Identity of the watched folder, to notice that another one took its place. */
  let watched: string | null = null;
  let isClosed = false;
  /** Whether the file's own folder is watched and is still the same: its events would tell. */
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
    const folder = await nearestFolder(path);
    if (isClosed || folder === null) return;
    isSettled = folder.identity === watched && folder.path === dirname(path);
    if (folder.identity === watched) return;
    release();
    open(folder);
    // A folder nearer to the file may have been created before the watch began.
    if (watched !== null) await follow();
  }

  function open({ path: folder, child, identity }: Folder): void {
    try {
      watcher = watch(folder, { persistent: false }, (_event, name) => {
        if (name !== child) isSettled = false;
        // The folder's own name is reported when the folder is deleted or renamed.
        if (name === null || name === child || name === basename(folder)) onEvent();
      });
      watcher.on('error', release);
      watched = identity;
    } catch {
      // No watches left, or none supported: polling remains.
      release();
    }
  }

  function release(): void {
    watcher?.close();
    watcher = null;
    watched = null;
    isSettled = false;
  }
};

interface Folder {
  readonly path: string;
  /** Name within the folder that leads to the file. */
  readonly child: string;
  readonly identity: string;
}

async function nearestFolder(path: string): Promise<Folder | null> {
  const folder = dirname(path);
  if (folder === path) return null;
  try {
    const { dev, ino } = await stat(folder, { bigint: true });
    return { path: folder, child: basename(path), identity: `${folder} ${dev} ${ino}` };
  } catch {
    return nearestFolder(folder);
  }
}
