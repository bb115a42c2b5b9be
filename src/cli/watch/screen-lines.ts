import type { TargetsView } from '../../client/client.js';
import { toReachable } from '../../client/tilt-commands.js';
import { clusterErrorLine } from '../../model/plain-text.js';
import { elapsed, fitError, terminalText, toWidth, widthOf } from '../text.js';
import { toDetails } from './details-lines.js';
import { logLines } from './log-lines.js';
import { type KnownResources, type Row, type TargetRow, toRows } from './rows.js';
import { type Paint, tableHead, tableLine, toTableLayout } from './table-lines.js';
import type { TargetLog } from './target-log.js';
import type { UiState } from './ui-state.js';

/** Content of the screen. */
export interface ScreenState {
  /** Null before the first view. */
  readonly view: TargetsView | null;
  readonly resources: KnownResources;
  readonly ui: UiState;
  /** Log of the selected row. */
  readonly log: TargetLog;
  readonly columns: number;
  readonly rows: number;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Id of the Session that was requested; null when none was. */
  readonly wanted: string | null;
  /** Notice for the last line, such as a failed command. Null for the list of keys. */
  readonly notice: string | null;
}

/** Number of lines above the rows: Session, counts, connection and table header. */
const HEAD = 4;
const FOOT = 1;

/** Number of table rows that fit. */
export function pageSize({ rows, view }: Pick<ScreenState, 'rows' | 'view'>): number {
  return Math.max(0, rows - HEAD - FOOT - (clusterError(view) === null ? 0 : 1));
}

/** Rows of the table, visible or not. */
export function rowsOf({ view, resources, ui, now }: ScreenState): Row[] {
  return toRows({ view, resources, where: ui.where, isGrouped: ui.isGrouped, now });
}

/** Formats the screen as lines that fit its size. */
export function screenLines(state: ScreenState, paint: Paint): string[] {
  const all = rowsOf(state);
  const matching = new Set(all.flatMap((row) => (row.type === 'target' ? [row.target] : []))).size;
  const head = [
    sessionLine(state, paint),
    ...clusterLines(state, paint),
    countsLine(state, matching, paint),
    linkLine(state, paint),
  ];
  const body = logPane(state, all, paint) ?? detailsLines(state, all, paint) ?? tableLines(state, all, paint);
  const blank = Array.from({ length: Math.max(0, state.rows - head.length - body.length - FOOT) }, () => '');
  return [...head, ...body, ...blank, footLine(state, paint)].slice(0, state.rows);
}

/** Index of the first visible row: limited so that the last page is full and the selected row is visible. */
export function firstShown(state: ScreenState, rows: readonly Row[]): number {
  const page = pageSize(state);
  const last = Math.max(0, rows.length - page);
  const selected = rows.findIndex((row) => row.type === 'target' && row.id === state.ui.selected);
  if (selected < 0) return Math.min(state.ui.offset, last);
  // The heading of a group is shown with its first row.
  const top = page > 1 && rows[selected - 1]?.type === 'group' ? selected - 1 : selected;
  return Math.min(Math.max(Math.min(state.ui.offset, top), selected - page + 1), last);
}

function tableLines(state: ScreenState, all: readonly Row[], paint: Paint): string[] {
  const { view, ui, columns } = state;
  const first = firstShown(state, all);
  const shown = all.slice(first, first + pageSize(state));
  const layout = toTableLayout(shown, columns);
  const rowPaint: Paint = isStale(view)
    ? (style, text) => paint(style === 'inverse' ? style : 'dim', text)
    : paint;
  return [
    tableHead(layout, paint),
    ...shown.map((row) => tableLine(row, { layout, isSelected: isSelected(row, ui), paint: rowPaint })),
  ];
}

/** Whether a row is the selected one. */
export function isSelected(row: Row, { selected }: UiState): row is TargetRow {
  return row.type === 'target' && row.id === selected;
}

const HEADING_WIDTH = 10;

/** Details of the selected row. Null while the table is shown. */
function detailsLines(state: ScreenState, all: readonly Row[], paint: Paint): string[] | null {
  const { ui, view, resources, columns } = state;
  const row = all.find((candidate): candidate is TargetRow => isSelected(candidate, ui));
  if (!ui.isDetailed || row === undefined || view === null) return null;
  const width = Math.min(HEADING_WIDTH, columns);
  return toDetails(row, view, resources, pageSize(state) + 1).map(({ heading, text }) => {
    const rest = toWidth(text, columns - width, 'ends');
    return `${paint('bold', toWidth(heading, width))}${rest}`;
  });
}

/** Log of the selected row. Null while the log is not shown. */
function logPane(state: ScreenState, all: readonly Row[], paint: Paint): string[] | null {
  const { ui, view, resources, log, columns } = state;
  const row = all.find((candidate): candidate is TargetRow => isSelected(candidate, ui));
  if (!ui.isLogShown || row === undefined || view === null) return null;
  const reachable = toReachable(resources, view.session);
  return logLines({ row, resources: reachable, log, end: ui.logEnd, columns, page: pageSize(state) }, paint);
}

/** Whether the view may be out of date. A finished `tilt ci` no longer changes, even if its Tilt is gone. */
function isStale(view: TargetsView | null): boolean {
  if (view === null) return false;
  return view.link.state !== 'live' || (view.session?.connection.state !== 'LIVE' && !hasEnded(view));
}

/** Whether a gateway has answered. */
function isAnswered(view: TargetsView | null): boolean {
  return view !== null && view.cursor !== null;
}

function hasEnded({ session }: TargetsView): boolean {
  return session?.verdict.final === true && session.connection.state === 'GONE';
}

function sessionLine({ view, columns, wanted }: ScreenState, paint: Paint): string {
  const session = view?.session;
  if (!session) {
    const missing = isAnswered(view) ? (id: string) => `Session ${id} not found yet` : (id: string) => id;
    const name = wanted === null ? 'no Session yet' : missing(terminalText(wanted));
    return paint('bold', toWidth(name, columns));
  }
  const { state, final, reason } = session.verdict;
  const id = `${terminalText(session.id)}${session.isDemo ? ' (demo)' : ''}`;
  // The verdict itself says when it is the connection to Tilt that is lost.
  const isOutdated = view.link.state !== 'live';
  const verdict = `${isOutdated ? 'last known: ' : ''}${state}${final ? ', done' : ''}`;
  const style = isOutdated ? 'dim' : VERDICT_STYLE[state];
  const rest = columns - widthOf(id) - verdict.length - 4;
  if (rest < 0) return paint(style, toWidth(`${verdict} ${id}`, columns));
  const why = toWidth(terminalText(reason ?? ''), rest, state === 'FAILED' ? 'ends' : 'start');
  return `${paint('bold', id)}  ${paint(style, verdict)}  ${why}`;
}

function clusterError(view: TargetsView | null): string | null {
  return view?.session?.cluster?.error ?? null;
}

function clusterLines({ view, columns }: ScreenState, paint: Paint): string[] {
  const error = clusterError(view);
  if (error === null) return [];
  const heading = toWidth('CLUSTER  ', Math.min(9, columns));
  return [paint('red', `${heading}${fitError(clusterErrorLine(error), columns - heading.length)}`)];
}

function countsLine({ view, ui, columns }: ScreenState, matching: number, paint: Paint): string {
  const { total = 0, ...phases } = view?.session?.counts ?? {};
  const parts = Object.entries(phases).flatMap(([phase, count]) => (count > 0 ? [`${count} ${phase}`] : []));
  const filtered = ui.filter === '' ? '' : `${matching} match /${ui.filter}; `;
  const listed = parts.length > 0 ? `: ${parts.join(', ')}` : '';
  return paint('dim', toWidth(`${filtered}${total} targets${listed}`, columns));
}

function linkLine({ view, columns, now }: ScreenState, paint: Paint): string {
  if (view === null || view.link.state === 'connecting') {
    return paint('yellow', toWidth(`connecting … ${terminalText(view?.link.error ?? '')}`, columns));
  }
  const { link, session } = view;
  if (link.state === 'lost') {
    const why = terminalText(link.error ?? '');
    const since = elapsed(now - link.since);
    const what = isAnswered(view)
      ? `CONNECTION LOST for ${since}, this is the last known state`
      : `cannot connect for ${since}`;
    return paint('red', toWidth(`${what}: ${why}`, columns));
  }
  if (session && session.connection.state !== 'LIVE') {
    const { state, since, error } = session.connection;
    if (hasEnded(view)) {
      const ended = `ended ${elapsed(now - Date.parse(since))} ago, this is its final state`;
      return paint('dim', toWidth(ended, columns));
    }
    const text = `${state} for ${elapsed(now - Date.parse(since))}, this is the last known state`;
    return paint('red', toWidth(`${text}: ${terminalText(error ?? '')}`, columns));
  }
  return paint('dim', toWidth(`live at ${terminalText(link.url ?? '')}`, columns));
}

function footLine({ ui, columns, notice }: ScreenState, paint: Paint): string {
  if (ui.isTyping) {
    const text = toWidth(`/${ui.filter}▏ ${ui.filterError ?? 'Enter to apply, Escape to clear'}`, columns);
    return ui.filterError === null ? text : paint('yellow', text);
  }
  if (notice !== null) return paint('yellow', toWidth(terminalText(notice), columns));
  const isPartial = ui.filter !== '' || ui.selected !== null;
  const table = `q quit  / filter${isPartial ? '  Esc all' : ''}  l labels  L log  Enter details  ↑ ↓ PgUp PgDn move`;
  const details = ui.isDetailed ? 'q quit  Esc back  L log  ↑ ↓ next target' : table;
  return paint(
    'dim',
    toWidth(ui.isLogShown ? 'q quit  Esc back  ↑ ↓ PgUp PgDn Home End scroll' : details, columns),
  );
}

const VERDICT_STYLE = { PENDING: 'yellow', PASSED: 'green', FAILED: 'red', UNKNOWN: 'magenta' } as const;
