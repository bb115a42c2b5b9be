import type { Bench } from '../harness/bench.js';

/** A part of the benchmark: something that is measured of several servers, in rounds. */
export interface Part {
  /** What it is called on the command line. */
  readonly name: string;
  /** One line for the head of its table. */
  readonly title: string;
  /** The servers (or cases) that it is measured of, in the order of a round. */
  readonly entrants: readonly string[];
  /** What is shown of each; the first is what the part is about, and its spread is shown. */
  readonly columns: readonly Column[];
  readonly goals: readonly Goal[];
  /** How many rounds at most. Default: as many as asked for. */
  readonly rounds?: number;
  /** Measures one entrant once. Gives its row, and rows of what can only be measured beside it. */
  measure(entrant: string, bench: Bench): Promise<readonly Row[]>;
}

/** A column of a table. */
export interface Column {
  readonly key: string;
  readonly title: string;
  /** Digits after the point. */
  readonly digits: number;
}

/** What came out for one server in one round, or as the median of all. */
export interface Row {
  readonly name: string;
  readonly values: Readonly<Record<string, number>>;
  /** What was wrong with what it delivered; null when all was right. */
  readonly fault: string | null;
  /** A line that helps to understand the values. */
  readonly note?: string;
}

/** Something that is to be shown by a part. */
export interface Goal {
  /** What is compared, such as `CPU per payload: yoga / tilt-graphql`. */
  readonly text: string;
  readonly bound: { readonly atLeast: number } | { readonly atMost: number };
  /** What came out; null where something it needs was not measured. */
  value(rows: ReadonlyMap<string, Row>): number | null;
}

/** The server that all this is about. */
export const OURS = 'tilt-graphql';

/** The goal that a peer needs at least `factor` times as much of something as we do. */
export function timesLess(peer: string, column: Column, factor: number): Goal {
  return ratio(column, { above: peer, below: OURS }, { atLeast: factor });
}

/** The goal that we need at most `factor` times as much of something as a peer, or as the limit. */
export function atMostTimes(peer: string, column: Column, factor: number): Goal {
  return ratio(column, { above: OURS, below: peer }, { atMost: factor });
}

/** The goal that a value of ours, or of another row, is at most so much. */
export function atMost(column: Column, most: number, name = OURS): Goal {
  return itself(column, name, { atMost: most });
}

/** The goal that a value of ours is at least so much. */
export function atLeast(column: Column, least: number): Goal {
  return itself(column, OURS, { atLeast: least });
}

function itself(column: Column, name: string, bound: Goal['bound']): Goal {
  const value: Goal['value'] = (rows) => rows.get(name)?.values[column.key] ?? null;
  return { text: `${column.title}: ${name}`, bound, value };
}

/** The goal that the ratio of two rows is within a bound. */
export function ratio(
  column: Column,
  { above, below }: { readonly above: string; readonly below: string },
  bound: Goal['bound'],
): Goal {
  return {
    text: `${column.title}: ${above} / ${below}`,
    bound,
    value(rows) {
      const [a, b] = [rows.get(above)?.values[column.key], rows.get(below)?.values[column.key]];
      return a === undefined || b === undefined ? null : a / b;
    },
  };
}
