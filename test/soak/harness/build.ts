import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** The project's root. */
export const root = fileURLToPath(new URL('../../..', import.meta.url));

/** Processes in plain JavaScript. Deleted at the end of its block (`await using`). */
export interface BuiltProcesses extends AsyncDisposable {
  /** The path of one of `test/soak/processes`. */
  file(name: string): string;
}

/**
 * Makes plain JavaScript of what runs in processes of its own: a loader that translates TypeScript would stay in the
 * process that is measured. They lie where Node finds the packages.
 */
export async function buildProcesses(names: readonly string[]): Promise<BuiltProcesses> {
  const cache = join(root, 'test/soak/node_modules/.cache');
  await mkdir(cache, { recursive: true });
  const folder = await mkdtemp(join(cache, 'soak-'));
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  const sources = names.map((name) => `test/soak/processes/${name}.ts`);
  await promisify(execFile)('node_modules/.bin/tsc', [...OPTIONS, '--outDir', folder, ...sources], {
    cwd: root,
  });
  return {
    file: (name) => join(folder, 'test/soak/processes', `${name}.js`),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

const OPTIONS = [
  ...['--ignoreConfig', '--noCheck', '--skipLibCheck'],
  ...['--rootDir', '.', '--module', 'nodenext', '--target', 'es2023', '--types', 'node'],
];
