import { computed, effect, type ReadonlySignal, signal, useComputed } from '@preact/signals';
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Grouping } from '../model/groups.js';
import type { Places } from '../model/places.js';
import { renderTabIcon, summarizeTab } from '../model/tab.js';
import type { Board } from './board.js';
import { notifyOfVerdicts } from './notifications.js';
import { applyTheme, type Preferences, readPreferences, writePreferences } from './preferences.js';
import type { Router } from './router.js';

/** The state that all components share. */
export interface Page {
  readonly board: Board;
  readonly router: Router;
  /** Current time in milliseconds since 1970, updated once a second. */
  readonly now: ReadonlySignal<number>;
  /** Whether the list of Sessions is connected to the gateway, or a first attempt is pending. */
  readonly isConnected: ReadonlySignal<boolean>;
  readonly preferences: ReadonlySignal<Preferences>;
  updatePreferences(changes: Partial<Preferences>): void;
}

/** Creates the shared state, and keeps the tab's title and icon, the theme and notifications up to date. */
export function createPage(board: Board, router: Router, now: ReadonlySignal<number>): Page {
  const preferences = signal(readPreferences());
  const isConnected = computed(() => board.link.value.state !== 'lost');
  const tab = computed(() =>
    summarizeTab([...(board.sessions.value?.values() ?? [])], router.route.value.session, isConnected.value),
  );
  const title = computed(() => tab.value.title);
  const tone = computed(() => tab.value.tone);
  effect(() => {
    document.title = title.value;
  });
  effect(() => {
    document.querySelector('link[rel=icon]')?.setAttribute('href', renderTabIcon(tone.value));
  });
  effect(() => applyTheme(preferences.value.theme));
  notifyOfVerdicts(
    board.sessions,
    computed(() => preferences.value.notifications),
  );
  return {
    board,
    router,
    now,
    isConnected,
    preferences,
    updatePreferences(changes) {
      preferences.value = { ...preferences.value, ...changes };
      writePreferences(preferences.value);
    },
  };
}

/** Provides the page to components. */
export const PageContext = createContext<Page | null>(null);

/** Returns the page of a component. */
export function usePage(): Page {
  const page = useContext(PageContext);
  if (!page) throw new Error('usePage: expected a component inside of PageContext.Provider');
  return page;
}

/** Update interval of elapsed times, in milliseconds. */
const TICK_MS = 1_000;

/**
 * Creates a clock in milliseconds since 1970 that updates once a second, and pauses while the page is hidden.
 */
export function createClock(): ReadonlySignal<number> {
  const now = signal(Date.now());
  const tick = () => {
    if (document.visibilityState === 'visible') now.value = Date.now();
  };
  setInterval(tick, TICK_MS);
  document.addEventListener('visibilitychange', tick);
  return now;
}

/** Returns the grouping of the address, else the preferred one; `resource` while no resource has a label. */
export function useGrouping(places: ReadonlySignal<Places>): ReadonlySignal<Grouping> {
  const { router, preferences } = usePage();
  return useComputed(() => {
    const hasLabels = [...places.value.values()].some(({ labels }) => labels.length > 0);
    return hasLabels ? (router.route.value.grouping ?? preferences.value.grouping) : 'resource';
  });
}
