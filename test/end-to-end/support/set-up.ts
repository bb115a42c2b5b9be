import { type ExecFileSyncOptions, execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Packages with tests of this tier, or with software that these tests use. */
const PACKAGES = ['end-to-end', 'fuzz', 'peers', 'soak'];

/** Required commands, each with its Debian package. */
const COMMANDS = new Map([
  ['chromium', 'chromium'],
  ['nats-server', 'nats-server'],
  ['tmux', 'tmux'],
  ['nginx', 'nginx'],
  ['curl', 'curl'],
  ['script', 'bsdutils'],
  ['zsh', 'zsh'],
  ['fish', 'fish'],
]);

/** Installs the dependencies of the end-to-end tests beyond `npm ci`. Does nothing if they are installed. */
export default function setUp(): void {
  installSystemPackages();
  for (const name of PACKAGES) installPackage(name);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) setUp();

/** Installs missing packages with apt-get. Without root permissions, throws an error with the command. */
function installSystemPackages(): void {
  const missing = [...COMMANDS].filter(([command]) => !isInstalled(command)).map(([, name]) => name);
  if (missing.length === 0) return;
  const install = `apt-get install -y --no-install-recommends ${missing.join(' ')}`;
  if (process.getuid?.() !== 0 || !isInstalled('apt-get')) {
    throw new Error(
      `The end-to-end tests need ${missing.join(' and ')}, not found on PATH. Install with: sudo ${install}`,
    );
  }
  console.log(`Installing ${missing.join(' and ')} …`);
  const options: ExecFileSyncOptions = {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  };
  execFileSync('apt-get', ['update', '-q'], options);
  execFileSync('apt-get', ['install', '-y', '-q', '--no-install-recommends', ...missing], options);
}

function isInstalled(command: string): boolean {
  return spawnSync('which', [command], { stdio: 'ignore' }).status === 0;
}

/** Installs the dependencies of a package in `test/`, unless the versions in its lock file are installed. */
function installPackage(name: string): void {
  const folder = fileURLToPath(new URL(`../../${name}`, import.meta.url));
  const lock = readFileSync(`${folder}/package-lock.json`, 'utf8');
  // Stored outside of npm's own record in node_modules, which differs from the lock file.
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
