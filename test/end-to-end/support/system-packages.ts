import { type ExecFileSyncOptions, execFileSync, spawnSync } from 'node:child_process';

/** Commands that the end-to-end tests run, each with its Debian package. */
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

/** Installs what is missing, as root with apt-get. Otherwise throws an error of one line with the command to run. */
export function installSystemPackages(): void {
  const missing = [...NEEDED].filter(([command]) => !isInstalled(command)).map(([, name]) => name);
  if (missing.length === 0) return;
  const how = `apt-get install -y --no-install-recommends ${missing.join(' ')}`;
  if (process.getuid?.() !== 0 || !isInstalled('apt-get')) {
    throw new Error(
      `The end-to-end tests need ${missing.join(' and ')}, not found on PATH. Install with: sudo ${how}`,
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
