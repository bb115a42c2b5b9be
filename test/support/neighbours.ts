import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir, symlink } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { createTemporaryFolder, type TemporaryFolder } from './temporary-folder.js';

/** Where the packages are that the gateway is tried with, and that it does not need itself. */
const HERE = fileURLToPath(new URL('../neighbours', import.meta.url));

/** Before any test: installs them, when they are not there as the lock file has them. */
export default function installNeighbours(): void {
  const lock = readFileSync(`${HERE}/package-lock.json`, 'utf8');
  // Not in node_modules itself: npm's own record there differs from the lock file.
  const installed = `${HERE}/node_modules/.cache/package-lock.json`;
  if (existsSync(installed) && readFileSync(installed, 'utf8') === lock) return;
  console.log('Installing what the gateway is tried with, into test/neighbours …');
  execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: HERE,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  mkdirSync(`${HERE}/node_modules/.cache`, { recursive: true });
  writeFileSync(installed, lock);
}

/** The path of something in their packages. */
export function neighbour(path: string): string {
  return `${HERE}/node_modules/${path}`;
}

/** An empty folder whose programs can import them, and this project (as it was built) as `tilt-graphql`. */
export async function createNeighbourhood(): Promise<TemporaryFolder> {
  const parent = neighbour('.cache/tests');
  await mkdir(parent, { recursive: true });
  const folder = await createTemporaryFolder(parent);
  await mkdir(folder.file('node_modules'));
  await symlink(fileURLToPath(new URL('../..', import.meta.url)), folder.file('node_modules/tilt-graphql'));
  return folder;
}
