import type { Bench } from '../harness/bench.js';

/** A part of the benchmark: a measurement of several servers in rounds. */
export interface Part {
  /** Name on the command line. */
  readonly name: string;
  /** Title of its table. */
  readonly title: string;
  /** Servers or cases to measure, in the order of a round. */
  readonly entrants: readonly string[];
  /** Columns of the table. The first is the main figure, and its spread is shown. */
  readonly columns: readonly Column[];
  readonly goals: readonly Goal[];
  /** Maximum number of rounds. Default: as many as requested. */
  readonly rounds?: number;
  /** Measures one entrant once. Returns its row, and rows that can only be measured together with it. */
  measure(entrant: string, bench: Bench): Promise<readonly Row[]>;
}

/** A column of a table. */
export interface Column {
  readonly key: string;
  readonly title: string;
  /** Digits after the decimal point. */
  readonly digits: number;
}

/** Values of one server, of one round or as the median of all. */
export interface Row {
  readonly name: string;
  readonly values: Readonly<Record<string, number>>;
  /** Delivery error; null if everything was delivered correctly. */
  readonly fault: string | null;
  /** A note that helps to interpret the values. */
  readonly note?: string;
}

/** A bound that a part should meet. */
export interface Goal {
  /** Compared values, such as `CPU per payload: yoga / tilt-graphql`. */
  readonly text: string;
  readonly bound: { readonly atLeast: number } | { readonly atMost: number };
  /** Measured value; null if one of its inputs was not measured. */
  value(rows: ReadonlyMap<string, Row>): number | null;
}

/** The server under test. */
export const OURS = 'tilt-graphql';

/** Goal: the peer needs at least `factor` times as much as the gateway. */
export function timesLess(peer: string, column: Column, factor: number): Goal {
  return ratio(column, { above: peer, below: OURS }, { atLeast: factor });
}

/** Goal: the gateway needs at most `factor` times as much as the peer. */
export function atMostTimes(peer: string, column: Column, factor: number): Goal {
  return ratio(column, { above: OURS, below: peer }, { atMost: factor });
}

/** Goal: a value of the gateway, or of the row `name`, is at most `max`. */
export function atMost(column: Column, max: number, name = OURS): Goal {
  return itself(column, name, { atMost: max });
}

/** Goal: a value of the gateway is at least `min`. */
export function atLeast(column: Column, min: number): Goal {
  return itself(column, OURS, { atLeast: min });
}

function itself(column: Column, name: string, bound: Goal['bound']): Goal {
  const value: Goal['value'] = (rows) => rows.get(name)?.values[column.key] ?? null;
  return { text: `${column.title}: ${name}`, bound, value };
}

/** Goal: the ratio of two rows is within a bound. */
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
