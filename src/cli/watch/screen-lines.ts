import type { TargetFields, TargetFilter, TargetsView } from '../../client/client.js';
import { compileConditions } from '../../model/target-filter.js';
import { elapsed } from '../elapsed.js';
import { terminalText } from '../safe-text.js';
import { rankOf, sinceOf, statusLine } from '../target-facts.js';
import { toWidth, widthOf } from '../text-width.js';
import type { UiState } from './ui-state.js';

/** How a part of the screen is to look. */
export type Style = 'bold' | 'dim' | 'red' | 'yellow' | 'green' | 'cyan' | 'magenta' | 'gray' | 'inverse';

/** Puts a text into a style, or leaves it as it is where there are no colours. */
export type Paint = (style: Style, text: string) => string;

/** What is on the screen. */
export interface ScreenState {
  /** Null before the first. */
  readonly view: TargetsView | null;
  readonly ui: UiState;
  readonly columns: number;
  readonly rows: number;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Id of the Session that was asked for by name; null when none was. */
  readonly wanted: string | null;
  /** Something to say in the last line, such as that a command failed. Null for what the keys do. */
  readonly notice: string | null;
}

/** Lines above the rows: the Session, its targets, the link, the head of the table. */
const HEAD = 4;
const FOOT = 1;

/** How many rows of the table fit. */
export function pageOf({ rows }: Pick<ScreenState, 'rows'>): number {
  return Math.max(0, rows - HEAD - FOOT);
}

/** The screen, line by line, none wider and not more of them than fit. */
export function screenLines(state: ScreenState, paint: Paint): string[] {
  const { view, ui, columns, rows, now } = state;
  const all = rowsOf(view?.targets ?? NO_TARGETS, ui.where, now);
  const page = pageOf(state);
  const first = firstOf(state, all.length);
  const shown = all.slice(first, first + page);
  const table = tableLines(shown, columns, isStale(view) ? (_, text) => paint('dim', text) : paint);
  const blank = Array.from({ length: page - shown.length }, () => '');
  const head = [sessionLine(state, paint), countsLine(state, all.length, paint), linkLine(state, paint)];
  return [...head, ...table, ...blank, footLine(state, paint)].slice(0, rows);
}

/** How many rows are above the first one that is shown: the last page is full. */
export function firstShown(state: ScreenState): number {
  return firstOf(state, rowsOf(state.view?.targets ?? NO_TARGETS, state.ui.where, state.now).length);
}

const NO_TARGETS: TargetsView['targets'] = new Map();

function firstOf(state: ScreenState, count: number): number {
  return Math.min(state.ui.offset, Math.max(0, count - pageOf(state)));
}

/** Whether what is shown may have changed meanwhile. A `tilt ci` that is done changes no more, whether its Tilt is there or not. */
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
    const name = wanted === null ? 'no Session yet' : `no Session ${terminalText(wanted)} yet`;
    return paint('bold', toWidth(name, columns));
  }
  const { state, reason, final } = session.verdict;
  const id = `${terminalText(session.id)}${session.isDemo ? ' (demonstration)' : ''}`;
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
    return paint('red', toWidth(`LINK LOST for ${since}, this is the last known state: ${why}`, columns));
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
    paint('bold', line('PHASE', 'TARGET', 'TIME', 'WHAT IT SAYS', 'bold')),
    ...rows.map(({ phase, name, time, note }) => line(phase, name, time, note, PHASE_STYLE[phase])),
  ];
}

function footLine({ ui, columns, notice }: ScreenState, paint: Paint): string {
  if (ui.isTyping) {
    const text = toWidth(`/${ui.filter}▏ ${ui.filterError ?? 'Enter keeps it, Escape clears it'}`, columns);
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
  RUNNING: 'cyan',
  READY: 'green',
  SUCCEEDED: 'green',
  INACTIVE: 'gray',
  DISABLED: 'gray',
};

const VERDICT_STYLE = { PENDING: 'yellow', PASSED: 'green', FAILED: 'red', UNKNOWN: 'magenta' } as const;

/** A target as the table shows it: nothing in it moves the terminal. */
interface Row {
  readonly phase: TargetFields['phase'];
  readonly name: string;
  /** How long it has been in its phase; of a target that has ended, how long it ran. */
  readonly time: string;
  /** What it says of itself. */
  readonly note: string;
}

/**
 * The targets that meet the conditions, those first that somebody should look at, and of one phase by name.
 *
 * @param now milliseconds since 1970
 */
function rowsOf(targets: TargetsView['targets'], where: TargetFilter, now: number): Row[] {
  const meetsConditions = compileConditions(where);
  return [...targets]
    .filter(([, target]) => meetsConditions(target))
    .map(([key, target]) => rowOf(key, target, now))
    .sort((a, b) => rankOf(a.phase) - rankOf(b.phase));
}

function rowOf(key: string, target: TargetFields, now: number): Row {
  return {
    phase: target.phase,
    name: terminalText(key),
    time: timeOf(target, now),
    note: terminalText(statusLine(target)),
  };
}

function timeOf(target: TargetFields, now: number): string {
  if (target.durationSeconds !== null) return elapsed(target.durationSeconds * 1_000);
  if (!GOES_ON.includes(target.phase)) return '';
  const since = sinceOf(target);
  return since === null ? '' : elapsed(now - since);
}

const GOES_ON: readonly TargetFields['phase'][] = ['WAITING', 'RUNNING', 'READY', 'RETRYING'];
