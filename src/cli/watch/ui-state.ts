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
  /** Number of rows above the first visible one. */
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
  offset: 0,
};

/** Maximum length of a filter in characters. */
const MAX_FILTER_LENGTH = 100;

/**
 * Applies a key and returns the new state. Returns `quit` for q, Ctrl-C and Ctrl-D, and `suspend` for Ctrl-Z.
 * While a filter is typed, Enter applies it if it is valid, and Escape clears it.
 *
 * @param page number of visible rows
 */
export function applyKey(state: UiState, key: Key, page: number): UiState | 'quit' | 'suspend' {
  if (key.ctrl && (key.name === 'c' || key.name === 'd')) return 'quit';
  if (key.ctrl && key.name === 'z') return 'suspend';
  return state.isTyping ? editFilter(state, key) : browse(state, key, page);
}

function browse(state: UiState, { name, sequence }: Key, page: number): UiState | 'quit' {
  if (name === 'q') return 'quit';
  if (sequence === '/') return { ...state, isTyping: true };
  if (name === 'escape') return withFilter(state, '');
  const move = toMoves(page).get(name ?? '');
  return move === undefined ? state : { ...state, offset: Math.max(0, state.offset + move) };
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
  if (name === 'escape') return INITIAL_STATE;
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
