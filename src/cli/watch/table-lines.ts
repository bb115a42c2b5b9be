import type { TargetPhase } from '../../client/client.js';
import { fitError, toWidth, widthOf } from '../text.js';
import type { Row, TargetRow } from './rows.js';

/** Text style on the screen. */
export type Style =
  | 'bold'
  | 'dim'
  | 'red'
  | 'yellow'
  | 'green'
  | 'cyan'
  | 'magenta'
  | 'blue'
  | 'gray'
  | 'inverse';

/** Applies a style to a text. Returns the text unchanged when colours are disabled. */
export type Paint = (style: Style, text: string) => string;

/** Widths in terminal columns. */
export interface TableLayout {
  /** Width of the table. */
  readonly columns: number;
  /** Width of the target names. */
  readonly name: number;
}

const PHASE_WIDTH = 11;
const TIME_WIDTH = 6;
/** Width of the selection mark and of the spaces between the cells. */
const GAPS = 6;

/** Computes the widths of the columns for these rows. */
export function toTableLayout(rows: readonly Row[], columns: number): TableLayout {
  const rest = Math.max(0, columns - PHASE_WIDTH - TIME_WIDTH - GAPS);
  const names = rows.map((row) => (row.type === 'target' ? widthOf(row.name) : 0));
  return { columns, name: Math.min(Math.max(...names, 'TARGET'.length), Math.ceil(rest / 2)) };
}

/** Formats the header of the table. */
export function tableHead(layout: TableLayout, paint: Paint): string {
  const cells = formatCells(layout, { name: 'TARGET', time: 'TIME', mark: '  ' });
  return paint('bold', toWidth(`${toWidth('PHASE', PHASE_WIDTH)}${cells}STATUS`, layout.columns));
}

/** Formats a row. The selected one is inverted, and marked for terminals without colours. */
export function tableLine(
  row: Row,
  {
    layout,
    isSelected,
    paint,
  }: { readonly layout: TableLayout; readonly isSelected: boolean; readonly paint: Paint },
): string {
  const { columns } = layout;
  if (row.type === 'group') return paint('bold', toWidth(`${row.title}  ${row.counts}`, columns));
  const phase = toWidth(row.target.phase, Math.min(PHASE_WIDTH, columns));
  const cells = formatCells(layout, { name: row.name, time: row.time, mark: isSelected ? '▸ ' : '  ' });
  const room = Math.max(0, columns - PHASE_WIDTH);
  const text = toWidth(`${cells}${fitNote(row, room - widthOf(cells))}`, room);
  if (isSelected) return paint('inverse', `${phase}${text}`);
  return `${paint(PHASE_STYLE[row.target.phase], phase)}${text}`;
}

function formatCells(
  { name: width }: TableLayout,
  { name, time, mark }: { readonly name: string; readonly time: string; readonly mark: string },
): string {
  return `${mark}${toWidth(name, width)}  ${time.padStart(TIME_WIDTH)}  `;
}

function fitNote({ note, error }: TargetRow, columns: number): string {
  return error === null || error === '' ? note : fitError(error, Math.max(0, columns));
}

const PHASE_STYLE: Readonly<Record<TargetPhase, Style>> = {
  FAILED: 'red',
  RETRYING: 'magenta',
  WAITING: 'yellow',
  UNTRIGGERED: 'blue',
  RUNNING: 'cyan',
  READY: 'green',
  SUCCEEDED: 'green',
  INACTIVE: 'gray',
  DISABLED: 'gray',
};
