import type { Machine } from '../harness/machine.js';
import type { PartResult, ResultRow } from '../harness/rounds.js';
import { type Goal, OURS, type Row } from '../parts/part.js';

/** Whether a goal was met, and the measured value. */
export interface GoalResult {
  readonly text: string;
  /** The bound, such as `≥ 10`. */
  readonly goal: string;
  /** Null if one of its inputs was not measured. */
  readonly measured: number | null;
  readonly met: boolean;
}

/** Header above all tables: machine, versions and number of rounds. */
export function formatHeader(machine: Machine, { runs, quick }: { runs: number; quick: boolean }): string {
  const { cpu, cores, memoryGb, system, versions } = machine;
  const all = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return [
    `${cores} × ${cpu}, ${memoryGb} GB, ${system}; median of ${runs}`,
    all.join(', '),
    'CPU is user and system time of the server process: it is stable on a busy machine, rates are not.',
    ...(quick ? ['SMOKE RUN: a tenth of the readers, cold processes. Do not quote these figures.'] : []),
  ].join('\n');
}

/** Summary below all tables. */
export function formatSummary(results: readonly PartResult[]): string {
  const all = results.flatMap(evaluateGoals);
  const measured = all.filter((each) => each.measured !== null);
  const met = measured.filter((each) => each.met);
  return `\n${met.length} of ${measured.length} goals met, ${all.length - measured.length} not measured`;
}

/** Evaluates the goals of a part. A part with delivery errors meets none. */
export function evaluateGoals({ part, rows }: PartResult): GoalResult[] {
  return part.goals.map((goal) => evaluateGoal(goal, rows));
}

/** The table of a part, its goals and its failures, as text. */
export function formatTable(result: PartResult): string {
  const { part, rows, failures } = result;
  const lines = [
    `\n${part.title}  [${part.name}]`,
    ...aligned([
      ['', ...part.columns.map(({ title }) => title), '±', ''],
      ...[...rows.values()].map((row) => cellsOf(row, result)),
    ]),
    ...[...rows.values()].flatMap(({ name, note }) => (note ? [`  ${name}: ${note}`] : [])),
    ...evaluateGoals(result).map(lineOf),
    ...failures,
  ];
  return lines.join('\n');
}

function evaluateGoal({ text, bound, value }: Goal, rows: ReadonlyMap<string, Row>): GoalResult {
  const measured = value(rows);
  const isRight = (rows.get(OURS)?.fault ?? null) === null;
  const within =
    measured !== null && ('atLeast' in bound ? measured >= bound.atLeast : measured <= bound.atMost);
  const goal = 'atLeast' in bound ? `≥ ${bound.atLeast}` : `≤ ${bound.atMost}`;
  return { text, goal, measured, met: isRight && within };
}

function lineOf({ text, goal, measured, met }: GoalResult): string {
  const verdict =
    measured === null ? 'not measured' : `${numberText(measured, 2)}  ${met ? 'met' : 'NOT MET'}`;
  return `  ${text}  goal ${goal}: ${verdict}`;
}

function cellsOf(row: ResultRow, { part }: PartResult): string[] {
  const values = part.columns.map(({ key, digits }) => numberText(row.values[key] ?? Number.NaN, digits));
  return [row.name, ...values, `${numberText(row.spread * 100, 0)} %`, row.fault ?? ''];
}

/** Formats a number; a dash if it is not finite. */
export function numberText(value: number, digits: number): string {
  if (!Number.isFinite(value)) return '–';
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows.map((row) => {
    const [name = '', ...cells] = row.map((cell, column) => {
      const width = widths[column] ?? 0;
      return column === 0 || column === row.length - 1 ? cell.padEnd(width) : cell.padStart(width);
    });
    return `  ${[name, ...cells].join('  ')}`.trimEnd();
  });
}
