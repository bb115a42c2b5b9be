import { watch } from 'node:fs';
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFileEvents, watchFileEvents } from '../../src/lib/file-events.js';

let folder: string;
beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'tilt-graphql-events-')));
});
afterEach(() => rm(folder, { recursive: true }));

describe('file events', () => {
  it('the folder of a file is watched by its real path, since Node.js on Windows aborts on a short name', async () => {
    const short = join(folder, 'LONGNA~1');
    const long = join(folder, 'long name');
    await mkdir(long);
    await symlink(long, short, 'junction');
    const watched: string[] = [];
    const watchFile = createFileEvents({
      watch: Object.assign((...args: Parameters<typeof watch>) => {
        watched.push(String(args[0]));
        return watch(...args);
      }, watch),
      realpath: (path) => join(folder, basename(path).replace('LONGNA~1', 'long name')),
    });
    let events = 0;
    const watcher = watchFile(join(short, 'config'), () => {
      events += 1;
    });
    await watcher.refresh();
    await writeFile(join(short, 'config'), 'x');
    await expect.poll(() => events).toBeGreaterThan(0);
    watcher.close();
    expect(watched).toEqual([long]);
  });

  it('a folder whose real path cannot be found is not watched, and the caller polls', async () => {
    const watchFile = createFileEvents({
      watch: Object.assign(() => expect.fail('unexpected watch'), watch),
      realpath() {
        throw new Error('ENOENT');
      },
    });
    const watcher = watchFile(join(folder, 'config'), () => {});
    await watcher.refresh();
    watcher.close();
  });

  it('a rename over the file is an event', async () => {
    let events = 0;
    const watcher = watchFileEvents(join(folder, 'config'), () => {
      events += 1;
    });
    await watcher.refresh();
    await writeFile(join(folder, 'config'), 'x');
    await expect.poll(() => events).toBeGreaterThan(0);
    watcher.close();
  });
});
