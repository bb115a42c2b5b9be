import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Installs the dependencies of a package below `test/`, unless they are installed as its lock file has them. */
export function installPackage(name: string): void {
  const folder = fileURLToPath(new URL(`../../${name}`, import.meta.url));
  const lock = readFileSync(`${folder}/package-lock.json`, 'utf8');
  // Not in node_modules itself: npm's own record there differs from the lock file.
  const installed = `${folder}/node_modules/.cache/package-lock.json`;
  if (existsSync(installed) && readFileSync(installed, 'utf8') === lock) return;
  console.log(`Installing the dependencies of test/${name} …`);
  execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  mkdirSync(`${folder}/node_modules/.cache`, { recursive: true });
  writeFileSync(installed, lock);
}
