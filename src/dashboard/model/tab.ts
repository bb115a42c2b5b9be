import type { Tone } from './phases.js';
import { describeVerdict, type ShownVerdict } from './shown-verdict.js';
import type { Session } from './types.js';

/** Title and icon tone of the browser tab. */
interface Tab {
  readonly title: string;
  readonly tone: Tone;
}

const NAME = 'tilt-graphql';

/** Text symbols for titles. */
const SYMBOLS: Readonly<Record<Tone, string>> = {
  ok: '✓',
  bad: '✗',
  busy: '…',
  warn: '!',
  ask: '▶',
  idle: '?',
  off: '–',
};

/**
 * Summarizes the selected Session for the browser tab or, without one, the worst verdict of all Sessions.
 *
 * @param selected id of the selected Session
 * @param isConnected whether the gateway is connected
 */
export function summarizeTab(
  sessions: readonly Session[],
  selected: string | null,
  isConnected: boolean,
): Tab {
  const session = sessions.find(({ id }) => id === selected);
  if (session) return createTab(describeVerdict(session, isConnected), session.instance);
  const verdicts = sessions.map((one) => describeVerdict(one, isConnected));
  for (const tone of ['bad', 'busy', 'idle', 'ok'] as const) {
    const [first, ...others] = verdicts.filter((verdict) => verdict.tone === tone);
    if (first) {
      return createTab(others.length > 0 ? { tone, word: COUNTED[tone](others.length + 1) } : first);
    }
  }
  return { title: NAME, tone: 'off' };
}

const COUNTED = {
  bad: (count: number) => `${count} failed`,
  busy: (count: number) => `${count} in progress`,
  idle: (count: number) => `${count} unknown`,
  ok: (count: number) => `${count} passed`,
};

function createTab({ tone, word }: ShownVerdict, instance = ''): Tab {
  return { tone, title: [`${SYMBOLS[tone]} ${word}`, instance, NAME].filter(Boolean).join(' · ') };
}

const SHAPES: Readonly<Record<Tone, string>> = {
  ok: '<path d="M9 17l5 5 10-12"/>',
  bad: '<path d="M10 10l12 12M22 10L10 22"/>',
  busy: '<path d="M16 8v8l5 4"/>',
  warn: '<path d="M16 8v10M16 23v1"/>',
  ask: '<path d="M12 9l10 7-10 7z"/>',
  idle: '<path d="M12 12c0-6 9-5 8 0-1 3-4 3-4 7M16 24v1"/>',
  off: '<path d="M10 16h12"/>',
};

const COLORS: Readonly<Record<Tone, string>> = {
  ok: '#1a7f37',
  bad: '#cf222e',
  busy: '#0969da',
  warn: '#9a6700',
  ask: '#7a3fb8',
  idle: '#59636e',
  off: '#59636e',
};

/** Renders the tab's icon as a data URL: a symbol on a disc in the color of its tone. */
export function renderTabIcon(tone: Tone): string {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><circle cx="16" cy="16" r="16" fill="${COLORS[tone]}"/><g fill="none" stroke="#fff" stroke-width="3.5" stroke-linecap="round" stroke-linejoin="round">${SHAPES[tone]}</g></svg>`;
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}
