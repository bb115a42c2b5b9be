import type { ProcessEntry, ProcessList } from './descendants.js';

/**
 * Arguments of PowerShell that print one line per process: its id, its parent's id, and its start as FILETIME
 * (units of 100 ns). `wmic`, which is faster, was removed from Windows 11.
 */
export const LIST_PROCESSES: readonly string[] = [
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
export function parseWindowsProcesses(text: string): ProcessList {
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
