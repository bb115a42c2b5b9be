import { readFileSync } from 'node:fs';

/** Ticks of `/proc` a second: Linux tells all programs the same, whatever its own are. */
const TICKS = 100;

/** User and system time of a process that is not ours, in microseconds, to 10 ms; NaN where it cannot be told. */
export function cpuMicrosOf(pid: number): number {
  try {
    // After the name, which may have anything in it, in parentheses.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    const [user, system] = fields.slice(11, 13).map(Number);
    return (((user ?? Number.NaN) + (system ?? Number.NaN)) / TICKS) * 1e6;
  } catch {
    return Number.NaN;
  }
}
