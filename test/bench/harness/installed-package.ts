import { execFile } from 'node:child_process';
import { lstat, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

/** The packed package, installed as users install it. Deleted at the end of its block. */
export interface InstalledPackage extends AsyncDisposable {
  /** Path of the program. */
  readonly bin: string;
  /** Number of installed packages, including this one. */
  readonly packages: number;
  /** Size of all of them on disk, in bytes. */
  readonly bytes: number;
}

/** Packs the built package and installs it in an empty folder. */
export async function installPacked(signal: AbortSignal): Promise<InstalledPackage> {
  const folder = await mkdtemp(join(tmpdir(), 'tilt-graphql-bench-'));
  const pack = ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder];
  const { stdout } = await run('npm', pack, { cwd: ROOT, signal });
  await writeFile(join(folder, 'package.json'), '{}');
  await run('npm', ['install', '--prefer-offline', '--no-audit', join(folder, stdout.trim())], {
    cwd: folder,
    signal,
  });
  const modules = join(folder, 'node_modules');
  const { packages }: { readonly packages: object } = JSON.parse(
    await readFile(join(modules, '.package-lock.json'), 'utf8'),
  );
  return {
    bin: join(modules, 'tilt-graphql/dist/bin/tilt-graphql.js'),
    packages: Object.keys(packages).length,
    bytes: await sizeOfFiles(modules),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

async function sizeOfFiles(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const sizes = await Promise.all(
    files.map(async (file) => (await lstat(join(file.parentPath, file.name))).size),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
