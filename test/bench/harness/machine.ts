import { readFileSync } from 'node:fs';
import { cpus, release, totalmem, type } from 'node:os';

/** Hardware and software that the benchmark ran on. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly system: string;
  /** Limit of open files of a process; infinite if unknown. */
  readonly openFiles: number;
  /** Versions of Node, the gateway and the peers. */
  readonly versions: Readonly<Record<string, string>>;
}

/** Reads the machine's data and the installed versions. */
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

/**
 * Limit of open files of this process, inherited by its children. Node raises the soft limit to the hard
 * limit.
 */
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
