import { readFileSync } from 'node:fs';
import { isRecord } from '../../lib/is-record.js';

/** Sources of the limit. Tests pass a replacement. */
export interface OpenFileLimitParts {
  /** Returns `/proc/self/limits`. Throws on systems without it. */
  readonly readProcLimits: () => string;
  /** Returns the diagnostic report of Node.js. */
  readonly getReport: () => object;
}

/**
 * Limit of open files and connections of this process (`ulimit -n`). Read from `/proc` on Linux, elsewhere
 * from the diagnostic report of Node.js, which takes longer. Infinity if there is none, as on Windows.
 */
export function openFileLimit(
  { readProcLimits, getReport }: OpenFileLimitParts = { readProcLimits: readLimits, getReport: createReport },
): number {
  return parseProcLimits(readProcLimits) ?? parseReport(getReport()) ?? Number.POSITIVE_INFINITY;
}

function parseProcLimits(read: () => string): number | null {
  try {
    const [, soft] = /^Max open files\s+(\d+|unlimited)/m.exec(read()) ?? [];
    return toLimit(soft);
  } catch {
    return null;
  }
}

/** The report has the limits of the user as numbers or `unlimited`; on Windows it has none. */
function parseReport(report: object): number | null {
  const limits = 'userLimits' in report ? report.userLimits : null;
  const files = isRecord(limits) ? limits.open_files : null;
  return toLimit(isRecord(files) ? files.soft : undefined);
}

function toLimit(soft: unknown): number | null {
  if (soft === 'unlimited') return Number.POSITIVE_INFINITY;
  const limit = Number(soft ?? Number.NaN);
  return Number.isNaN(limit) ? null : limit;
}

function readLimits(): string {
  return readFileSync('/proc/self/limits', 'utf8');
}

/** The report would look up the host names of all connections, which can take seconds. */
function createReport(): object {
  const { report } = process;
  // The property is missing in the types of Node.js.
  const excludeNetwork = Reflect.get(report, 'excludeNetwork');
  Reflect.set(report, 'excludeNetwork', true);
  try {
    return report.getReport();
  } finally {
    Reflect.set(report, 'excludeNetwork', excludeNetwork);
  }
}
