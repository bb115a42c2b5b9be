import { readFileSync } from 'node:fs';
import { cpus, release, totalmem, type } from 'node:os';

/** What the benchmark ran on, and with. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly system: string;
  /** How many files a process may hold open; infinite where it cannot be told. */
  readonly openFiles: number;
  /** Node, the gateway and the peers. */
  readonly versions: Readonly<Record<string, string>>;
}

/** Looks at the machine and at what is installed. */
export function readMachine(): Machine {
  const all = cpus();
  return {
    cpu: all[0]?.model ?? 'unknown',
    cores: all.length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()}`,
    openFiles: openFilesLimit(),
    versions: readVersions(),
  };
}

/** The limit of this process, which its children inherit. Node raises the soft limit to the hard one. */
export function openFilesLimit(): number {
  try {
    const limits = readFileSync('/proc/self/limits', 'utf8');
    const [, hard] = /^Max open files +\S+ +(\d+)/m.exec(limits) ?? [];
    return hard === undefined ? Number.POSITIVE_INFINITY : Number(hard);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

const PEERS = ['graphql-yoga', '@apollo/server', 'express', 'mercurius', 'graphql-jit', 'fastify'];
const SHARED = ['graphql', 'graphql-ws', 'ws'];

function readVersions(): Record<string, string> {
  const ours = versionIn(new URL('../../../package.json', import.meta.url));
  const names = [...PEERS, ...SHARED];
  const peers = names.map((name) => [
    name,
    versionIn(new URL(`../node_modules/${name}/package.json`, import.meta.url)),
  ]);
  return { node: process.version, 'tilt-graphql': ours, ...Object.fromEntries(peers) };
}

function versionIn(file: URL): string {
  const { version }: { version: string } = JSON.parse(readFileSync(file, 'utf8'));
  return version;
}
