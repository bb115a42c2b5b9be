import { homedir } from 'node:os';

/** What a command works with: `process`, or a stand-in. */
export type CliProcess = Pick<NodeJS.Process, 'stdin' | 'stdout' | 'stderr' | 'env' | 'on' | 'off'>;

/**
 * The user's home directory; `/` for a user without one: no `HOME`, and an id that the system does not know, as in a container
 * that runs as any user. Nothing of Tilt is found there, and nothing else looks there.
 */
export function homeDirectory(): string {
  try {
    return homedir();
  } catch {
    return '/';
  }
}

/** Size of a terminal in characters; both are at least 1. */
export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/**
 * Size that a terminal reports; where it reports none or 0, as under `script` and in CI, that of `COLUMNS` and `LINES`, else
 * 80 × 24.
 */
export function terminalSize({ columns, rows }: Partial<TerminalSize>, env: CliProcess['env']): TerminalSize {
  return {
    columns: [columns, Number(env.COLUMNS)].find(isSize) ?? 80,
    rows: [rows, Number(env.LINES)].find(isSize) ?? 24,
  };
}

function isSize(size: number | undefined): size is number {
  return size !== undefined && Number.isInteger(size) && size > 0;
}
