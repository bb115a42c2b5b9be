/** What a reader has chosen, kept by the browser. */
export interface Preferences {
  readonly theme: Theme;
  /** Whether failures are told by the desktop. */
  readonly notices: boolean;
}

/** `auto`: as the system has it. */
export type Theme = 'auto' | 'light' | 'dark';

const THEME_KEY = 'tilt-graphql.theme';
const NOTICES_KEY = 'tilt-graphql.notices';

/** Reads what was chosen. A browser that keeps nothing has the defaults. */
export function readPreferences(): Preferences {
  const theme = read(THEME_KEY);
  return {
    theme: theme === 'light' || theme === 'dark' ? theme : 'auto',
    notices: read(NOTICES_KEY) === 'on',
  };
}

/** Keeps it, where the browser lets us. */
export function writePreferences({ theme, notices }: Preferences): void {
  try {
    localStorage.setItem(THEME_KEY, theme);
    localStorage.setItem(NOTICES_KEY, notices ? 'on' : 'off');
  } catch {
    // Then it holds until the page is left.
  }
}

/** Shows the page in a theme. */
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
