import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder of its own for a test: `await using folder = await createTemporaryFolder()`. */
export interface TemporaryFolder extends AsyncDisposable {
  readonly path: string;
  /** The path of a file in it. */
  file(name: string): string;
  /** Writes a file in place, as some editors do. */
  write(name: string, content: string | Uint8Array): Promise<void>;
  /** Writes a file beside it and renames that over it, as other editors do: the old content or the new, nothing between. */
  replace(name: string, content: string | Uint8Array): Promise<void>;
  /** Deletes a file, if it is there. */
  remove(name: string): Promise<void>;
}

/** Deletes a folder. A process that has just been killed may still write into it: then the deletion is tried again. */
export const REMOVAL = { recursive: true, force: true, maxRetries: 20, retryDelay: 50 } as const;

/** Makes an empty folder, which is deleted with all that is in it when it is disposed of. `parent`: the system's own for such. */
export async function createTemporaryFolder(parent = tmpdir()): Promise<TemporaryFolder> {
  const path = await mkdtemp(join(parent, 'tilt-graphql-'));
  const file = (name: string) => join(path, name);
  const write = (name: string, content: string | Uint8Array) => writeFile(file(name), content);
  return {
    path,
    file,
    write,
    async replace(name, content) {
      await write(`.${name}.new`, content);
      await rename(file(`.${name}.new`), file(name));
    },
    remove: (name) => rm(file(name), { force: true }),
    [Symbol.asyncDispose]: () => rm(path, REMOVAL),
  };
}
