import type { TargetFilter } from '../../client/client.js';
import { FilterError, parseFilter } from './filter.js';

/** State of the user interface. */
export interface UiState {
  /** Filter as typed. Empty: every target. */
  readonly filter: string;
  /** Conditions of the filter. Empty while the filter is invalid, so that every target is shown. */
  readonly where: TargetFilter;
  /** Error of the filter in one line; null when it is valid. */
  readonly filterError: string | null;
  /** Whether keys edit the filter. */
  readonly isTyping: boolean;
  /** Whether targets are grouped by label. */
  readonly isGrouped: boolean;
  /** Id of the selected row, which stays selected when the order changes. Null: none. */
  readonly selected: string | null;
  /** Whether the details of the selected row cover the table. */
  readonly isDetailed: boolean;
  /** Whether the log of the selected row covers the table and the details. */
  readonly isLogShown: boolean;
  /** Number of the line below the last visible one of the log. Null: the log follows its end. */
  readonly logEnd: number | null;
  /** Number of rows above the first visible one, unless the selected row would not be visible. */
  readonly offset: number;
}

/** Key event of `node:readline`. */
export interface Key {
  readonly name?: string | undefined;
  readonly ctrl?: boolean | undefined;
  readonly meta?: boolean | undefined;
  /** Typed text. */
  readonly sequence?: string | undefined;
}

/** Initial state. */
export const INITIAL_STATE: UiState = {
  filter: '',
  where: {},
  filterError: null,
  isTyping: false,
  isGrouped: false,
  selected: null,
  isDetailed: false,
  isLogShown: false,
  logEnd: null,
  offset: 0,
};

/** Rows to which keys apply. */
export interface ShownRows {
  /** Ids of the rows that can be selected, in their order. */
  readonly ids: readonly string[];
  /** Number of visible rows. */
  readonly page: number;
  /** Lines of the log that is shown: the number of the first one, and of the line after the last one. */
  readonly log: { readonly start: number; readonly end: number };
}

/** Maximum length of a filter in characters. */
const MAX_FILTER_LENGTH = 100;

/**
 * Applies a key and returns the new state. Returns `quit` for q, Ctrl-C and Ctrl-D, and `suspend` for Ctrl-Z.
 * While a filter is typed, Enter applies it if it is valid, and Escape clears it.
 */
export function applyKey(state: UiState, key: Key, rows: ShownRows): UiState | 'quit' | 'suspend' {
  if (key.ctrl && (key.name === 'c' || key.name === 'd')) return 'quit';
  if (key.ctrl && key.name === 'z') return 'suspend';
  return state.isTyping ? editFilter(state, key) : browse(state, key, rows);
}

function browse(state: UiState, { name, sequence }: Key, rows: ShownRows): UiState | 'quit' {
  if (name === 'q') return 'quit';
  if (sequence === 'L') return toggleLog(state, rows);
  if (sequence === '/') return { ...state, isTyping: true, isDetailed: false, isLogShown: false };
  if (sequence === 'l')
    return {
      ...state,
      isGrouped: !state.isGrouped,
      selected: null,
      isDetailed: false,
      isLogShown: false,
      offset: 0,
    };
  if (name === 'escape') return goBack(state);
  if (name === 'return' || name === 'enter') return toggleDetails(state, rows);
  const move = toMoves(rows.page).get(name ?? '');
  if (move === undefined) return state;
  return state.isLogShown
    ? { ...state, logEnd: scrollBy(move, state, rows) }
    : { ...state, selected: moveBy(move, state, rows) };
}

function goBack(state: UiState): UiState {
  if (state.isLogShown) return { ...state, isLogShown: false };
  return state.isDetailed ? { ...state, isDetailed: false } : clear(state);
}

/** The state without a filter and a selection. The grouping stays. */
function clear(state: UiState): UiState {
  return { ...INITIAL_STATE, isGrouped: state.isGrouped };
}

function toggleDetails(state: UiState, rows: ShownRows): UiState {
  if (state.isLogShown) return { ...state, isLogShown: false, isDetailed: true };
  if (state.isDetailed) return { ...state, isDetailed: false };
  const selected = selectShown(state, rows);
  return { ...state, selected, isDetailed: selected !== null };
}

function toggleLog(state: UiState, rows: ShownRows): UiState {
  if (state.isLogShown) return { ...state, isLogShown: false };
  const selected = selectShown(state, rows);
  return { ...state, selected, isLogShown: selected !== null, logEnd: null };
}

/** The selected row, or the first one if none is selected. */
function selectShown({ selected }: UiState, { ids }: ShownRows): string | null {
  return selected !== null && ids.includes(selected) ? selected : (ids[0] ?? null);
}

/** Scrolls the log. At its end, it follows the end again. */
function scrollBy(
  move: number,
  { logEnd }: UiState,
  { page, log: { start, end } }: ShownRows,
): number | null {
  const first = Math.min(start + page, end);
  const next = Math.max(first, Math.max(first, logEnd ?? end) + move);
  return next >= end ? null : next;
}

/** Id of the row that a move selects. Without a selected row, it starts above the first one. */
function moveBy(move: number, { selected }: UiState, { ids }: ShownRows): string | null {
  const at = selected === null ? -1 : ids.indexOf(selected);
  return ids[Math.min(Math.max(0, at + move), ids.length - 1)] ?? null;
}

function toMoves(page: number): ReadonlyMap<string, number> {
  return new Map([
    ['up', -1],
    ['k', -1],
    ['down', 1],
    ['j', 1],
    ['pageup', -page],
    ['pagedown', page],
    ['space', page],
    ['home', Number.NEGATIVE_INFINITY],
    ['end', Number.MAX_SAFE_INTEGER],
  ]);
}

function editFilter(state: UiState, { name, ctrl, meta, sequence = '' }: Key): UiState {
  if (name === 'return' || name === 'enter') return { ...state, isTyping: state.filterError !== null };
  if (name === 'escape') return clear(state);
  if (name === 'backspace') return withFilter(state, [...state.filter].slice(0, -1).join(''));
  if (ctrl && name === 'u') return withFilter(state, '');
  if (ctrl || meta || !/^\P{C}+$/u.test(sequence)) return state;
  return withFilter(state, `${state.filter}${sequence}`.slice(0, MAX_FILTER_LENGTH));
}

function withFilter(state: UiState, filter: string): UiState {
  try {
    return { ...state, filter, where: parseFilter(filter), filterError: null, offset: 0 };
  } catch (error) {
    if (!(error instanceof FilterError)) throw error;
    return { ...state, filter, where: {}, filterError: error.message, offset: 0 };
  }
}
