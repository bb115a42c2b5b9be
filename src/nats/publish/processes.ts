import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { systemProgram } from '../../lib/windows.js';
import type { ProcessEntry, ProcessList } from './descendants.js';

/** Reads the processes of this machine. */
export interface ProcessReader {
  /** Recommended interval of listing, in milliseconds. Default: 5 s. */
  readonly sampleMs?: number;
  list(): Promise<ProcessList>;
  /**
   * Whether a process was started with a variable in its environment. False if the environment cannot be
   * read.
   */
  hasVariable(pid: number, name: string, value: string): boolean;
}

/** Runs a program and resolves with its standard output. */
export type RunProgram = (file: string, args: readonly string[]) => Promise<string>;

/** Timeout of a program that lists processes, in milliseconds. PowerShell needs about a second to start. */
const LIST_TIMEOUT_MS = 10_000;
const LIST_MAX_BYTES = 16 * 2 ** 20;

/** Interval on Windows, in milliseconds: each list costs about a second of CPU time. */
const WINDOWS_SAMPLE_MS = 60_000;

const POWERSHELL = 'WindowsPowerShell\\v1.0\\powershell.exe';

/**
 * Creates the reader of a platform: `/proc` on Linux, PowerShell on Windows, `ps` elsewhere. The last two
 * cannot read environments.
 */
export function createProcessReader(
  platform: NodeJS.Platform = process.platform,
  run: RunProgram = runProgram,
): ProcessReader {
  const hasVariable = () => false;
  if (platform === 'linux') return { list: async () => readProc(), hasVariable: hasProcVariable };
  if (platform === 'win32') {
    const list = async () =>
      parseWindowsProcesses(await run(systemProgram(POWERSHELL, process.env), LIST_PROCESSES));
    return { list, hasVariable, sampleMs: WINDOWS_SAMPLE_MS };
  }
  return { list: async () => parsePs(await run('ps', PS_ARGUMENTS)), hasVariable };
}

const PS_ARGUMENTS: readonly string[] = ['-A', '-o', 'pid=', '-o', 'ppid=', '-o', 'lstart='];

const runProgram: RunProgram = async (file, args) => {
  const { stdout } = await promisify(execFile)(file, args, {
    env: { ...process.env, LC_ALL: 'C' },
    timeout: LIST_TIMEOUT_MS,
    maxBuffer: LIST_MAX_BYTES,
    windowsHide: true,
  });
  return stdout;
};

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

/**
 * Arguments of PowerShell that print one line per process: its id, its parent's id, and its start as FILETIME
 * (units of 100 ns). `wmic`, which is faster, was removed from Windows 11.
 */
const LIST_PROCESSES: readonly string[] = [
  '-NoProfile',
  '-NonInteractive',
  '-Command',
  'Get-CimInstance Win32_Process -Property ProcessId, ParentProcessId, CreationDate | ' +
    'Where-Object CreationDate | ' +
    "ForEach-Object { '{0} {1} {2}' -f $_.ProcessId, $_.ParentProcessId, $_.CreationDate.ToFileTimeUtc() }",
];

/**
 * Parses the output of {@link LIST_PROCESSES}. Windows keeps the id of a parent that has ended and reuses
 * ids, so a process that is older than its parent is listed without a parent (0).
 */
function parseWindowsProcesses(text: string): ProcessList {
  const listed = new Map<number, ProcessEntry>();
  for (const [, pid, parent, startedAt = ''] of text.matchAll(/^(\d+) (\d+) (\d+)\r?$/gm)) {
    listed.set(Number(pid), { parent: Number(parent), startedAt });
  }
  const processes = new Map<number, ProcessEntry>();
  for (const [pid, entry] of listed) {
    const parent = listed.get(entry.parent);
    const isReused = parent !== undefined && BigInt(parent.startedAt) > BigInt(entry.startedAt);
    processes.set(pid, isReused ? { ...entry, parent: 0 } : entry);
  }
  return processes;
}
