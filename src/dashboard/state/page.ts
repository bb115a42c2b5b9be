import { computed, effect, type ReadonlySignal, signal } from '@preact/signals';
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import { iconOf, tabOf } from '../model/tab.js';
import type { Board } from './board.js';
import { notifyFailures } from './notices.js';
import { applyTheme, type Preferences, readPreferences, writePreferences } from './preferences.js';
import type { Router } from './router.js';

/** What every part of the page may look at. */
export interface Page {
  readonly board: Board;
  readonly router: Router;
  /** Milliseconds since 1970, a second at a time. */
  readonly now: ReadonlySignal<number>;
  /** Whether there is a link to the gateway. */
  readonly isLinked: ReadonlySignal<boolean>;
  readonly preferences: ReadonlySignal<Preferences>;
  choose(changes: Partial<Preferences>): void;
}

/** Puts the page together, with what it shows beside itself: the tab's title and icon, notices. */
export function createPage(board: Board, router: Router, now: ReadonlySignal<number>): Page {
  const preferences = signal(readPreferences());
  const isLinked = computed(() => board.link.value.state !== 'lost');
  const tab = computed(() =>
    tabOf([...(board.sessions.value?.values() ?? [])], router.route.value.session, isLinked.value),
  );
  const title = computed(() => tab.value.title);
  const tone = computed(() => tab.value.tone);
  effect(() => {
    document.title = title.value;
  });
  effect(() => {
    document.querySelector('link[rel=icon]')?.setAttribute('href', iconOf(tone.value));
  });
  effect(() => applyTheme(preferences.value.theme));
  notifyFailures(
    board.sessions,
    computed(() => preferences.value.notices),
  );
  return {
    board,
    router,
    now,
    isLinked,
    preferences,
    choose(changes) {
      preferences.value = { ...preferences.value, ...changes };
      writePreferences(preferences.value);
    },
  };
}

/** Hands the page to its parts. */
export const PageContext = createContext<Page | null>(null);

/** The page that a part is of. */
export function usePage(): Page {
  const page = useContext(PageContext);
  if (!page) throw new Error('Expected to be drawn inside of a page.');
  return page;
}

/** How often what is elapsed is told anew, in milliseconds. */
const TICK_MS = 1_000;

/** The time, in milliseconds since 1970, a second at a time. It stands still while nobody looks. */
export function createClock(): ReadonlySignal<number> {
  const now = signal(Date.now());
  const tick = () => {
    if (document.visibilityState === 'visible') now.value = Date.now();
  };
  setInterval(tick, TICK_MS);
  document.addEventListener('visibilitychange', tick);
  return now;
}
