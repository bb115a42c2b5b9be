import { NO_FILTER } from '../model/filter.js';
import { askForNotices, noticeState } from '../state/notices.js';
import { usePage } from '../state/page.js';
import type { Theme } from '../state/preferences.js';
import { Icon } from './badges.js';
import { Link } from './link.js';

/** The head of every view: where one is, how the link is, what one may choose. */
export function Header() {
  return (
    <header class="top">
      <Link class="brand" to={{ ...NO_FILTER, session: null, target: null, view: 'targets' }}>
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

/** Turns notices by the desktop on and off. */
function NoticesButton() {
  const { preferences, choose } = usePage();
  const state = noticeState();
  const isOn = preferences.value.notices && state === 'allowed';
  const toggle = async () => choose({ notices: !isOn && (await askForNotices()) });
  return (
    <button
      type="button"
      class="button"
      aria-pressed={isOn}
      disabled={state === 'blocked'}
      title={
        state === 'blocked'
          ? 'This browser does not allow notices from this page'
          : 'A notice when a session fails'
      }
      onClick={() => void toggle()}
    >
      <Icon name="BELL" />
      <span class="label-long">
        {state === 'blocked' ? 'Notices blocked' : isOn ? 'Notices on' : 'Notify me'}
      </span>
    </button>
  );
}
