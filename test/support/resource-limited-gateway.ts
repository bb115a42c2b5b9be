import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { BIN } from './cli.js';

/**
 * `tilt-graphql serve` in a process with a low file descriptor limit. Killed at the end of its block
 * (`await using`).
 */
export interface ResourceLimitedGateway extends AsyncDisposable {
  /** HTTP endpoint. */
  readonly url: string;
  readonly webSocketUrl: string;
  /** Standard error so far. */
  readonly stderr: string;
  readonly isAlive: boolean;
  /** Counts the open file descriptors. */
  openFiles(): number;
  /** Measures the CPU load over the next `ms` milliseconds; 1 is one full core. */
  load(ms: number): Promise<number>;
}

/** Starts a gateway that may have `limit` open file descriptors. */
export async function startResourceLimitedGateway(
  limit: number,
  args: readonly string[],
): Promise<ResourceLimitedGateway> {
  const script = `ulimit -n ${limit}; exec "$0" "$@"`;
  const child = spawn('sh', ['-c', script, process.execPath, BIN, '--port', '0', ...args], {
    env: { PATH: process.env.PATH, HOME: '/nonexistent' },
  });
  const ended = once(child, 'close');
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const url = await new Promise<string>((resolve, reject) => {
    let stdout = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
      const [, found] = stdout.match(/listens on (http:\S+) /) ?? [];
      if (found !== undefined) resolve(found);
    });
    child.once('close', () => reject(new Error(`The gateway did not start: ${stdout}${stderr}`)));
  });
  return {
    url,
    webSocketUrl: url.replace('http', 'ws'),
    get stderr() {
      return stderr;
    },
    get isAlive() {
      return child.exitCode === null && child.signalCode === null;
    },
    openFiles: () => readdirSync(`/proc/${child.pid}/fd`).length,
    async load(ms) {
      const before = readCpuMs(child.pid);
      await new Promise((resolve) => setTimeout(resolve, ms));
      return (readCpuMs(child.pid) - before) / ms;
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** Reads the CPU time of all threads of a process. Linux reports it in hundredths of a second. */
function readCpuMs(pid: number | undefined): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}
