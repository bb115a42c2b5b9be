import type { CliProcess } from './cli-process.js';

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
