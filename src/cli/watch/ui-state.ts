/** What the person at the terminal has set. */
export interface UiState {
  /** What a row must contain, in any case. Empty: anything. */
  readonly filter: string;
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
export const INITIAL: UiState = { filter: '', isTyping: false, offset: 0 };

/** Longer is no filter for a person to read. */
const LONGEST_FILTER = 100;

/**
 * What a key does: `quit` for q and Ctrl-C, `suspend` for Ctrl-Z. While a filter is typed: Enter keeps it, Escape forgets it.
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
  if (name === 'escape') return { ...state, filter: '', offset: 0 };
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
  if (name === 'return' || name === 'enter') return { ...state, isTyping: false };
  if (name === 'escape') return { filter: '', isTyping: false, offset: 0 };
  if (name === 'backspace') return { ...state, filter: [...state.filter].slice(0, -1).join(''), offset: 0 };
  if (ctrl && name === 'u') return { ...state, filter: '', offset: 0 };
  if (ctrl || meta || !/^\P{C}+$/u.test(sequence)) return state;
  return { ...state, filter: `${state.filter}${sequence}`.slice(0, LONGEST_FILTER), offset: 0 };
}
