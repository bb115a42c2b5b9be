import { type ExecFileSyncOptions, execFileSync, spawnSync } from 'node:child_process';

/** What the tests need from the system, by command, with the Debian package that brings it. */
const NEEDED = new Map([
  ['chromium', 'chromium'],
  ['nats-server', 'nats-server'],
  ['tmux', 'tmux'],
  ['nginx', 'nginx'],
  ['curl', 'curl'],
  ['script', 'bsdutils'],
  ['zsh', 'zsh'],
  ['fish', 'fish'],
]);

/** Before any test: installs what is missing where it may (root, with apt-get), and otherwise fails in one line. */
export default function installSystemPackages(): void {
  const missing = [...NEEDED].filter(([command]) => !isInstalled(command)).map(([, name]) => name);
  if (missing.length === 0) return;
  const how = `apt-get install -y --no-install-recommends ${missing.join(' ')}`;
  if (process.getuid?.() !== 0 || !isInstalled('apt-get')) {
    throw new Error(
      `The tests need ${missing.join(' and ')}, not found on PATH. Install it with: sudo ${how}`,
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
