import type { TargetFilter } from '../../client/client.js';
import { FilterError, parseFilter } from './filter.js';

/** What the person at the terminal has set. */
export interface UiState {
  /** The filter as typed. Empty: every target. */
  readonly filter: string;
  /** The conditions of the filter; none while it cannot be read, so that every target is shown. */
  readonly where: TargetFilter;
  /** Why the filter cannot be read, in one line; null while it can. */
  readonly filterError: string | null;
  /** Whether keys go into the filter. */
  readonly isTyping: boolean;
  /** How many rows are above the first one that is shown. */
  readonly offset: number;
}

/** A key, as `node:readline` tells of it. */
export interface Key {
  readonly name?: string | undefined;
  readonly ctrl?: boolean | undefined;
  readonly meta?: boolean | undefined;
  /** The text that it types. */
  readonly sequence?: string | undefined;
}

/** At the start. */
export const INITIAL: UiState = { filter: '', where: {}, filterError: null, isTyping: false, offset: 0 };

/** Longer is no filter for a person to read. */
const LONGEST_FILTER = 100;

/**
 * What a key does: `quit` for q and Ctrl-C, `suspend` for Ctrl-Z. While a filter is typed: Enter keeps one that can be read, Escape clears it.
 *
 * @param page how many rows are on the screen
 */
export function onKey(state: UiState, key: Key, page: number): UiState | 'quit' | 'suspend' {
  if (key.ctrl && (key.name === 'c' || key.name === 'd')) return 'quit';
  if (key.ctrl && key.name === 'z') return 'suspend';
  return state.isTyping ? whileTyping(state, key) : whileLooking(state, key, page);
}

function whileLooking(state: UiState, { name, sequence }: Key, page: number): UiState | 'quit' {
  if (name === 'q') return 'quit';
  if (sequence === '/') return { ...state, isTyping: true };
  if (name === 'escape') return withFilter(state, '');
  const move = movesOf(page).get(name ?? '');
  return move === undefined ? state : { ...state, offset: Math.max(0, state.offset + move) };
}

function movesOf(page: number): ReadonlyMap<string, number> {
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

function whileTyping(state: UiState, { name, ctrl, meta, sequence = '' }: Key): UiState {
  if (name === 'return' || name === 'enter') return { ...state, isTyping: state.filterError !== null };
  if (name === 'escape') return INITIAL;
  if (name === 'backspace') return withFilter(state, [...state.filter].slice(0, -1).join(''));
  if (ctrl && name === 'u') return withFilter(state, '');
  if (ctrl || meta || !/^\P{C}+$/u.test(sequence)) return state;
  return withFilter(state, `${state.filter}${sequence}`.slice(0, LONGEST_FILTER));
}

function withFilter(state: UiState, filter: string): UiState {
  try {
    return { ...state, filter, where: parseFilter(filter), filterError: null, offset: 0 };
  } catch (error) {
    if (!(error instanceof FilterError)) throw error;
    return { ...state, filter, where: {}, filterError: error.message, offset: 0 };
  }
}
