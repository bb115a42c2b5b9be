import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';

/** Processes of this machine at one moment, by process id. */
export type ProcessList = ReadonlyMap<number, ProcessEntry>;

/** One process of a {@link ProcessList}. */
export interface ProcessEntry {
  readonly parent: number;
  /** Distinguishes a process from a later one of the same id; the form depends on the platform. */
  readonly startedAt: string;
}

/** Reads the processes of this machine. */
export interface ProcessReader {
  list(): Promise<ProcessList>;
  /**
   * Whether a process was started with a variable in its environment. False if the environment cannot be
   * read.
   */
  hasVariable(pid: number, name: string, value: string): boolean;
}

/** Timeout of `ps`, in milliseconds. */
const PS_TIMEOUT_MS = 5_000;
const PS_MAX_BYTES = 16 * 2 ** 20;

/**
 * Creates the reader of a platform: `/proc` on Linux, nothing on Windows, `ps` without environments
 * elsewhere.
 */
export function createProcessReader(platform: NodeJS.Platform = process.platform): ProcessReader {
  const hasVariable = () => false;
  if (platform === 'linux') return { list: async () => readProc(), hasVariable: hasProcVariable };
  if (platform === 'win32') return { list: async () => new Map(), hasVariable };
  return { list: runPs, hasVariable };
}

async function runPs(): Promise<ProcessList> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=', '-o', 'ppid=', '-o', 'lstart='], {
    env: { ...process.env, LC_ALL: 'C' },
    timeout: PS_TIMEOUT_MS,
    maxBuffer: PS_MAX_BYTES,
  });
  return parsePs(stdout);
}

/**
 * Reads synchronously, in about 5 ms for 300 processes. A Tilt that fails at once lives for 10 ms after its
 * last message, and an asynchronous read would often miss it.
 */
function readProc(): ProcessList {
  const processes = new Map<number, ProcessEntry>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const entry = readStat(`/proc/${name}/stat`);
    if (entry) processes.set(Number(name), entry);
  }
  return processes;
}

function readStat(path: string): ProcessEntry | null {
  try {
    return parseStat(readFileSync(path, 'utf8'));
  } catch {
    // The process has ended since the folder was read.
    return null;
  }
}

/** See proc_pid_environ(5): pairs that end with a NUL. Empty for a zombie process. */
function hasProcVariable(pid: number, name: string, value: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(`${name}=${value}`);
  } catch {
    // The process has ended, or is another user's.
    return false;
  }
}

/**
 * Parses `/proc/PID/stat`, see proc_pid_stat(5): the parent is field 4, the start time field 22. The name of
 * the program, field 2, may contain spaces and parentheses.
 */
function parseStat(text: string): ProcessEntry | null {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [parent, startedAt] = [fields[1], fields[19]];
  return parent === undefined || startedAt === undefined ? null : { parent: Number(parent), startedAt };
}

function parsePs(text: string): ProcessList {
  const processes = new Map<number, ProcessEntry>();
  for (const line of text.split('\n')) {
    const [, pid, parent, startedAt] = /^\s*(\d+)\s+(\d+)\s+(.*\S)\s*$/.exec(line) ?? [];
    if (startedAt !== undefined) processes.set(Number(pid), { parent: Number(parent), startedAt });
  }
  return processes;
}

/** Processes that a command has started, directly or indirectly. */
export interface Descendants {
  /** Records the descendants in a list, so that they are known after they, or their parents, have ended. */
  record(list: ProcessList): void;
  /** Whether a process is the command or a descendant of it. False if unknown. */
  has(pid: number, list: ProcessList): boolean;
}

/** Maximum number of recorded descendants. The oldest are dropped first. */
const MAX_RECORDED = 10_000;

/** Creates the set of a command's descendants. @param root process id of the command */
export function createDescendants(root: number): Descendants {
  /** Start time by process id. */
  const recorded = new Map<number, string>();
  return {
    record(list) {
      for (const [pid, { startedAt }] of list) {
        if (!isDescendant(pid, list)) continue;
        recorded.delete(pid);
        recorded.set(pid, startedAt);
      }
      for (const pid of recorded.keys()) {
        if (recorded.size <= MAX_RECORDED) break;
        recorded.delete(pid);
      }
    },
    has: (pid, list) => pid === root || isDescendant(pid, list) || (!list.has(pid) && recorded.has(pid)),
  };

  /**
   * Follows the parents. A process whose parent has ended becomes a child of another process, usually of 1.
   */
  function isDescendant(pid: number, list: ProcessList): boolean {
    const visited = new Set<number>();
    for (let next = pid; !visited.has(next); ) {
      const entry = list.get(next);
      if (entry === undefined) return false;
      if (next === root || isRecorded(next, entry)) return true;
      visited.add(next);
      next = entry.parent;
    }
    return false;
  }

  function isRecorded(pid: number, { startedAt }: ProcessEntry): boolean {
    return recorded.get(pid) === startedAt;
  }
}
