import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A temporary folder for one test: `await using folder = await createTemporaryFolder()`. */
export interface TemporaryFolder extends AsyncDisposable {
  readonly path: string;
  /** Returns the path of a file in the folder. */
  file(name: string): string;
  /** Writes a file in place, as some editors do. */
  write(name: string, content: string | Uint8Array): Promise<void>;
  /** Replaces a file atomically by writing a temporary file and renaming it, as other editors do. */
  replace(name: string, content: string | Uint8Array): Promise<void>;
  /** Deletes a file if it exists. */
  remove(name: string): Promise<void>;
}

/** Options of `rm` for a folder. Retries, because a process that was just killed may still write into it. */
export const REMOVAL = { recursive: true, force: true, maxRetries: 20, retryDelay: 50 } as const;

/** Creates an empty folder, which is deleted with its contents on disposal. Default parent: the system's. */
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
