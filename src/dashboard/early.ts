import { applyTheme, readPreferences } from './state/preferences.js';

// Before anything is drawn, so that a dark page never flashes white.
applyTheme(readPreferences().theme);
