import type { Grouping } from '../model/groups.js';

/** Preferences of the visitor, stored by the browser. */
export interface Preferences {
  readonly theme: Theme;
  /** Whether changes of verdicts are shown as desktop notifications. */
  readonly notifications: boolean;
  /** Grouping of targets, unless the address has one. */
  readonly grouping: Grouping;
}

/** `auto` follows the system. */
export type Theme = 'auto' | 'light' | 'dark';

const THEME_KEY = 'tilt-graphql.theme';
const NOTIFICATIONS_KEY = 'tilt-graphql.notices';
const GROUPING_KEY = 'tilt-graphql.grouping';

/** Reads the preferences; defaults when nothing is stored. */
export function readPreferences(): Preferences {
  const theme = read(THEME_KEY);
  return {
    theme: theme === 'light' || theme === 'dark' ? theme : 'auto',
    notifications: read(NOTIFICATIONS_KEY) === 'on',
    grouping: read(GROUPING_KEY) === 'label' ? 'label' : 'resource',
  };
}

/** Stores the preferences, if the browser allows that. */
export function writePreferences({ theme, notifications, grouping }: Preferences): void {
  try {
    localStorage.setItem(THEME_KEY, theme);
    localStorage.setItem(NOTIFICATIONS_KEY, notifications ? 'on' : 'off');
    localStorage.setItem(GROUPING_KEY, grouping);
  } catch {
    // Without storage, the preferences last until the page is closed.
  }
}

/** Applies a theme to the page. */
export function applyTheme(theme: Theme): void {
  if (theme === 'auto') document.documentElement.removeAttribute('data-theme');
  else document.documentElement.setAttribute('data-theme', theme);
}

function read(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}
