import { formatLogsCommand } from '../../client/tilt-commands.js';
import { terminalText, toWidth } from '../text.js';
import type { KnownResources, TargetRow } from './rows.js';
import type { Paint, Style } from './table-lines.js';
import type { ShownLine, TargetLog } from './target-log.js';

/** Content of the log of a target on the screen. */
export interface LogPane {
  readonly row: TargetRow;
  readonly resources: KnownResources;
  readonly log: TargetLog;
  /** Number of the line below the last visible one. Null: the end of the log. */
  readonly end: number | null;
  readonly columns: number;
  /** Number of lines below the heading. */
  readonly page: number;
}

/** Formats a heading and the visible lines of a log. */
export function logLines(pane: LogPane, paint: Paint): string[] {
  const { row, log, columns, page } = pane;
  const start = log.end - log.lines.length;
  const end = Math.min(log.end, Math.max(pane.end ?? log.end, Math.min(start + page, log.end)));
  const shown = log.lines.slice(Math.max(0, end - page - start), end - start);
  const position = end === log.end ? '' : `  ${log.end - end} more below`;
  const heading = `LOG  ${row.name}  ${describe(pane)}${position}`;
  return [
    paint('bold', toWidth(heading, columns)),
    ...shown.map((line) => paintLine(line, toWidth(line.text, columns), paint)),
  ];
}

function describe({ log: { state, lines }, row, resources }: LogPane): string {
  if (state === 'loading') return 'loading …';
  if (state === 'unavailable') return describeUnavailable(row, resources);
  const count = lines.length === 1 ? '1 line' : `${lines.length} lines`;
  return state === 'live' ? count : `${count} before it failed; the rest of the log is not available`;
}

/** Describes that there is no log, and how to read it from Tilt. */
function describeUnavailable({ target }: TargetRow, resources: KnownResources): string {
  const own = target.resources.flatMap((name) => resources.get(name) ?? []);
  const [command] = own.flatMap(({ tiltUrl, name }) => formatLogsCommand(tiltUrl, name) ?? []);
  const hint = command === undefined ? '' : `; ${terminalText(command)}`;
  return `not available: the gateway does not read this log${hint}`;
}

const LEVEL_STYLE: ReadonlyMap<string, Style> = new Map([
  ['ERROR', 'red'],
  ['WARN', 'yellow'],
  ['DEBUG', 'dim'],
  ['VERBOSE', 'dim'],
]);

function paintLine({ level }: ShownLine, text: string, paint: Paint): string {
  const style = LEVEL_STYLE.get(level);
  return style === undefined ? text : paint(style, text);
}
