import type { TargetFields, TargetFilter, TargetsView } from '../../client/client.js';
import { compileConditions } from '../../model/target-filter.js';
import { elapsed, rankOf, statusLine, terminalText, toWidth, widthOf } from '../text.js';
import type { UiState } from './ui-state.js';

/** Text style on the screen. */
export type Style = 'bold' | 'dim' | 'red' | 'yellow' | 'green' | 'cyan' | 'magenta' | 'gray' | 'inverse';

/** Applies a style to a text, or returns the text unchanged without colours. */
export type Paint = (style: Style, text: string) => string;

/** Content of the screen. */
export interface ScreenState {
  /** Null before the first view. */
  readonly view: TargetsView | null;
  readonly ui: UiState;
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
export function pageSize({ rows }: Pick<ScreenState, 'rows'>): number {
  return Math.max(0, rows - HEAD - FOOT);
}

/** Formats the screen as lines that fit its size. */
export function screenLines(state: ScreenState, paint: Paint): string[] {
  const { view, ui, columns, rows, now } = state;
  const all = toRows(view?.targets ?? NO_TARGETS, ui.where, now);
  const page = pageSize(state);
  const first = firstOf(state, all.length);
  const shown = all.slice(first, first + page);
  const table = tableLines(shown, columns, isStale(view) ? (_, text) => paint('dim', text) : paint);
  const blank = Array.from({ length: page - shown.length }, () => '');
  const head = [sessionLine(state, paint), countsLine(state, all.length, paint), linkLine(state, paint)];
  return [...head, ...table, ...blank, footLine(state, paint)].slice(0, rows);
}

/** Index of the first visible row. Limited so that the last page is full. */
export function firstShown(state: ScreenState): number {
  return firstOf(state, toRows(state.view?.targets ?? NO_TARGETS, state.ui.where, state.now).length);
}

const NO_TARGETS: TargetsView['targets'] = new Map();

function firstOf(state: ScreenState, count: number): number {
  return Math.min(state.ui.offset, Math.max(0, count - pageSize(state)));
}

/** Whether the view may be out of date. A finished `tilt ci` no longer changes, even if its Tilt is gone. */
function isStale(view: TargetsView | null): boolean {
  if (view === null) return false;
  return view.link.state !== 'live' || (view.session?.connection.state !== 'LIVE' && !hasEnded(view));
}

function hasEnded({ session }: TargetsView): boolean {
  return session?.verdict.final === true && session.connection.state === 'GONE';
}

function sessionLine({ view, columns, wanted }: ScreenState, paint: Paint): string {
  const session = view?.session;
  if (!session) {
    const name = wanted === null ? 'no Session yet' : `Session ${terminalText(wanted)} not found yet`;
    return paint('bold', toWidth(name, columns));
  }
  const { state, reason, final } = session.verdict;
  const id = `${terminalText(session.id)}${session.isDemo ? ' (demo)' : ''}`;
  const verdict = `${state}${final ? ', done' : ''}`;
  const rest = columns - widthOf(id) - verdict.length - 4;
  if (rest < 0) return paint(VERDICT_STYLE[state], toWidth(`${verdict} ${id}`, columns));
  return `${paint('bold', id)}  ${paint(VERDICT_STYLE[state], verdict)}  ${toWidth(terminalText(reason ?? ''), rest)}`;
}

function countsLine({ view, ui, columns }: ScreenState, matching: number, paint: Paint): string {
  const { total = 0, ...phases } = view?.session?.counts ?? {};
  const parts = Object.entries(phases).flatMap(([phase, count]) => (count > 0 ? [`${count} ${phase}`] : []));
  const filtered = ui.filter === '' ? '' : `${matching} match /${ui.filter}; `;
  return paint('dim', toWidth(`${filtered}${total} targets: ${parts.join(', ')}`, columns));
}

function linkLine({ view, columns, now }: ScreenState, paint: Paint): string {
  if (view === null || view.link.state === 'connecting') {
    return paint('yellow', toWidth(`connecting … ${terminalText(view?.link.error ?? '')}`, columns));
  }
  const { link, session } = view;
  if (link.state === 'lost') {
    const why = terminalText(link.error ?? '');
    const since = elapsed(now - link.since);
    return paint(
      'red',
      toWidth(`CONNECTION LOST for ${since}, this is the last known state: ${why}`, columns),
    );
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

const PHASE_WIDTH = 9;
const TIME_WIDTH = 6;
const GAPS = 6;

function tableLines(rows: readonly Row[], columns: number, paint: Paint): string[] {
  const rest = Math.max(0, columns - PHASE_WIDTH - TIME_WIDTH - GAPS);
  const longest = Math.max(...rows.map(({ name }) => widthOf(name)), 'TARGET'.length);
  const nameWidth = Math.min(longest, Math.ceil(rest / 2));
  const line = (phase: string, name: string, time: string, note: string, style: Style) => {
    const marked = toWidth(phase, Math.min(PHASE_WIDTH, columns));
    const text = `  ${toWidth(name, nameWidth)}  ${time.padStart(TIME_WIDTH)}  ${note}`;
    return `${paint(style, marked)}${toWidth(text, Math.max(0, columns - PHASE_WIDTH))}`;
  };
  return [
    paint('bold', line('PHASE', 'TARGET', 'TIME', 'STATUS', 'bold')),
    ...rows.map(({ phase, name, time, note }) => line(phase, name, time, note, PHASE_STYLE[phase])),
  ];
}

function footLine({ ui, columns, notice }: ScreenState, paint: Paint): string {
  if (ui.isTyping) {
    const text = toWidth(`/${ui.filter}▏ ${ui.filterError ?? 'Enter to apply, Escape to clear'}`, columns);
    return ui.filterError === null ? text : paint('yellow', text);
  }
  if (notice !== null) return paint('yellow', toWidth(terminalText(notice), columns));
  const keys = `q quit  / filter${ui.filter === '' ? '' : '  Esc all'}  ↑ ↓ PgUp PgDn move`;
  return paint('dim', toWidth(keys, columns));
}

const PHASE_STYLE: Readonly<Record<Row['phase'], Style>> = {
  FAILED: 'red',
  RETRYING: 'magenta',
  WAITING: 'yellow',
  UNTRIGGERED: 'gray',
  RUNNING: 'cyan',
  READY: 'green',
  SUCCEEDED: 'green',
  INACTIVE: 'gray',
  DISABLED: 'gray',
};

const VERDICT_STYLE = { PENDING: 'yellow', PASSED: 'green', FAILED: 'red', UNKNOWN: 'magenta' } as const;

/** Table row of a target. Its texts have no escape sequences. */
interface Row {
  readonly phase: TargetFields['phase'];
  readonly name: string;
  /** Duration of the phase, or of the whole run for a target that has ended. */
  readonly time: string;
  /** Headline of its error, or its current activity. */
  readonly note: string;
}

/**
 * Creates rows for the targets that match, ordered by phase: those that need attention come first.
 *
 * @param now milliseconds since 1970
 */
function toRows(targets: TargetsView['targets'], where: TargetFilter, now: number): Row[] {
  const matches = compileConditions(where);
  return [...targets]
    .filter(([, target]) => matches(target))
    .map(([key, target]) => toRow(key, target, now))
    .sort((a, b) => rankOf(a.phase) - rankOf(b.phase));
}

function toRow(key: string, target: TargetFields, now: number): Row {
  return {
    phase: target.phase,
    name: terminalText(key),
    time: timeOf(target, now),
    note: terminalText(statusLine(target)),
  };
}

function timeOf(target: TargetFields, now: number): string {
  if (target.durationSeconds !== null) return elapsed(target.durationSeconds * 1_000);
  if (!ONGOING.includes(target.phase)) return '';
  const since = Date.parse(target.since);
  return Number.isNaN(since) ? '' : elapsed(now - since);
}

const ONGOING: readonly TargetFields['phase'][] = ['WAITING', 'RUNNING', 'READY', 'RETRYING'];
