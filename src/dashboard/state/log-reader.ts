import { batch, computed, type ReadonlySignal, signal } from '@preact/signals';
import { findMatches, groupMatches, type LogMatch } from '../model/log-search.js';
import type { LogItem, LogTail } from '../model/log-tail.js';

/** How a visitor reads a log: following or paused, all lines or those of a target, and searching. */
export interface LogReader {
  readonly isPaused: ReadonlySignal<boolean>;
  /** Number of lines that have arrived since the visitor paused. */
  readonly waiting: ReadonlySignal<number>;
  /** Whether only lines of the target are shown. */
  readonly isFiltered: ReadonlySignal<boolean>;
  /** Whether there are lines of the target, and others. */
  readonly isMixed: ReadonlySignal<boolean>;
  /** The lines to show: the newest ones, or those at the time of the pause. */
  readonly items: ReadonlySignal<readonly LogItem[]>;
  /** Number of lines before the first item that are not shown. */
  readonly earlier: ReadonlySignal<number>;
  readonly query: ReadonlySignal<string>;
  readonly matches: ReadonlySignal<readonly LogMatch[]>;
  /** Matches by the id of their line. */
  readonly matchesByLine: ReadonlySignal<ReadonlyMap<number, readonly LogMatch[]>>;
  /** Index of the match that the visitor has moved to; -1 before the first step. */
  readonly index: ReadonlySignal<number>;
  pause(): void;
  /** Shows the newest lines, follows them, and leaves the match. */
  resume(): void;
  toggleFilter(): void;
  search(query: string): void;
  /** Moves to the next (1) or previous (-1) match, around the ends. Pauses, so that it stays in view. */
  move(by: 1 | -1): void;
}

/**
 * Creates the reader of a log.
 *
 * @param target key of the target for the filter
 */
export function createLogReader(newest: ReadonlySignal<LogTail>, target: string): LogReader {
  /** The tail at the time of the pause; null while following. */
  const held = signal<LogTail | null>(null);
  const isFiltered = signal(false);
  const query = signal('');
  const selected = signal<LogMatch | null>(null);
  const shown = computed(() => held.value ?? newest.value);
  const isOfTarget = (item: LogItem) => item.type === 'gap' || item.line.target === target;
  const items = computed(() => (isFiltered.value ? shown.value.items.filter(isOfTarget) : shown.value.items));
  const matches = computed(() => findMatches(items.value, query.value));
  // A line and a position name a match: the list is a new one with each payload.
  const index = computed(() => {
    const { line, start } = selected.value ?? { line: -1, start: -1 };
    return matches.value.findIndex((match) => match.line === line && match.start === start);
  });

  return {
    isPaused: computed(() => held.value !== null),
    waiting: computed(() => (held.value === null ? 0 : newest.value.received - held.value.received)),
    isFiltered,
    isMixed: computed(() => {
      const lines = shown.value.items.filter(({ type }) => type === 'line');
      const ofTarget = lines.filter(isOfTarget).length;
      return isFiltered.value || (ofTarget > 0 && ofTarget < lines.length);
    }),
    items,
    earlier: computed(() => shown.value.earlier),
    query,
    matches,
    matchesByLine: computed(() => groupMatches(matches.value)),
    index,
    pause,
    resume() {
      batch(() => {
        held.value = null;
        // Otherwise each payload would scroll back to the match.
        selected.value = null;
      });
    },
    toggleFilter() {
      isFiltered.value = !isFiltered.peek();
    },
    search(text) {
      batch(() => {
        query.value = text;
        selected.value = null;
      });
    },
    move(by) {
      const count = matches.value.length;
      if (count === 0) return;
      // The first step leads to the newest match.
      const next = index.value < 0 ? count - 1 : (index.value + by + count) % count;
      batch(() => {
        pause();
        selected.value = matches.value[next] ?? null;
      });
    },
  };

  function pause(): void {
    held.value ??= newest.peek();
  }
}
