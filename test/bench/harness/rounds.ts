import type { Column, Part, Row } from '../parts/part.js';
import type { Bench } from './bench.js';
import { median, spread } from './statistics.js';

/** Result of a part. */
export interface PartResult {
  readonly part: Part;
  /** Medians, by row name. */
  readonly rows: ReadonlyMap<string, ResultRow>;
  /** One line per failed measurement, with its reason. */
  readonly failures: readonly string[];
}

/** Medians over the rounds of one server. */
export interface ResultRow extends Row {
  /** Spread of the part's first column over the rounds. */
  readonly spread: number;
  /** Values of each round. */
  readonly rounds: readonly Readonly<Record<string, number>>[];
}

/** Number of rounds, filter and progress callback. */
export interface RoundsOptions {
  readonly runs: number;
  /** Whether to measure this entrant. */
  readonly includes: (entrant: string) => boolean;
  /** Called with a line about each measurement before it starts. */
  readonly onProgress: (line: string) => void;
}

/**
 * Measures all entrants of a part in turn, round after round, so that other load on the machine affects all
 * of them alike. An entrant that fails is left out of later rounds.
 */
export async function runRounds(part: Part, bench: Bench, options: RoundsOptions): Promise<PartResult> {
  const measured = new Map<string, Row[]>();
  const failures = new Map<string, string>();
  const runs = Math.min(options.runs, part.rounds ?? options.runs);
  const entrants = part.entrants.filter(options.includes);
  for (let run = 1; run <= runs; run += 1) {
    for (const entrant of entrants) {
      if (failures.has(entrant) || bench.signal.aborted) continue;
      options.onProgress(`${part.name}: ${entrant}, round ${run} of ${runs}`);
      try {
        for (const row of await part.measure(entrant, bench)) add(measured, row);
      } catch (error) {
        failures.set(entrant, lineOf(error));
      }
    }
  }
  return {
    part,
    rows: new Map([...measured].map(([name, rows]) => [name, medianOf(name, rows, part.columns)])),
    failures: [...failures].map(([entrant, why]) => `${part.name}: ${entrant} failed: ${why}`),
  };
}

function add(measured: Map<string, Row[]>, row: Row): void {
  const rows = measured.get(row.name) ?? [];
  rows.push(row);
  measured.set(row.name, rows);
}

function medianOf(name: string, rows: readonly Row[], columns: readonly Column[]): ResultRow {
  const valuesOf = (key: string) => rows.map(({ values }) => values[key] ?? Number.NaN);
  return {
    name,
    values: Object.fromEntries(columns.map(({ key }) => [key, median(valuesOf(key))])),
    fault: rows.find(({ fault }) => fault !== null)?.fault ?? null,
    note: rows.at(-1)?.note ?? '',
    spread: spread(valuesOf(columns[0]?.key ?? '')),
    rounds: rows.map(({ values }) => values),
  };
}

function lineOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replaceAll(/\s+/g, ' ').slice(0, 300);
}
