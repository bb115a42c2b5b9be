import { applyTheme, readPreferences } from './state/preferences.js';

// Runs before the first paint, so that a dark page never flashes white.
applyTheme(readPreferences().theme);
