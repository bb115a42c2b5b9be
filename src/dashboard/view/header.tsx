import { usePage } from '../state/page.js';
import type { Theme } from '../state/preferences.js';
import { Link } from './link.js';
import { NoticesButton } from './notices-button.js';

/** The head of every view: where one is, how the link is, what one may choose. */
export function Header() {
  return (
    <header class="top">
      <Link
        class="brand"
        to={{ session: null, target: null, text: '', phases: [], resource: null, view: 'targets' }}
      >
        <span class="logo" aria-hidden="true" />
        <span class="brand-name">tilt-graphql</span>
      </Link>
      <LinkState />
      <nav aria-label="Page">
        <NoticesButton />
        <ThemeButton />
        <a class="button" href="graphql">
          GraphQL
        </a>
      </nav>
    </header>
  );
}

function LinkState() {
  const { board } = usePage();
  const trouble = board.trouble.value;
  const state = trouble ? 'ended' : board.link.value.state;
  return (
    <p class={`link-state is-${state}`}>
      <span class="dot" aria-hidden="true" />
      {trouble?.isSignedOut ? 'Signed out' : WORDS[state]}
    </p>
  );
}

const WORDS = { connecting: 'Connecting', live: 'Live', lost: 'Link lost', ended: 'No news' } as const;

const NEXT: Readonly<Record<Theme, Theme>> = { auto: 'dark', dark: 'light', light: 'auto' };

function ThemeButton() {
  const { preferences, choose } = usePage();
  const { theme } = preferences.value;
  return (
    <button type="button" class="button" onClick={() => choose({ theme: NEXT[theme] })}>
      <span class="label-long">Theme: </span>
      {theme}
    </button>
  );
}
