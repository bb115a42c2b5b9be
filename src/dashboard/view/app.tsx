import { NO_FILTER } from '../model/filter.js';
import { isOld, shownVerdict } from '../model/shown-verdict.js';
import { tabOf } from '../model/tab.js';
import type { Session } from '../model/types.js';
import { askForNotices, noticeState } from '../state/notices.js';
import { type Page, PageContext, usePage } from '../state/page.js';
import type { Theme } from '../state/preferences.js';
import { Icon } from './badges.js';
import { LinkBanner } from './banners.js';
import { Broken, Loading } from './empty.js';
import { Link } from './link.js';
import { SessionList } from './session-list.js';
import { SessionPage } from './session-page.js';
import { SignIn } from './sign-in.js';

/** The whole page. */
export function App({ page }: { readonly page: Page }) {
  return (
    <PageContext.Provider value={page}>
      <Header />
      <View />
      <Announcer />
      <Footer />
    </PageContext.Provider>
  );
}

function View() {
  const { board } = usePage();
  const trouble = board.trouble.value;
  if (trouble?.isSignedOut) return <SignIn />;
  if (trouble) return <Broken message={trouble.message} />;
  const sessions = board.sessions.value;
  const detail = board.detail.value;
  if (sessions === null) return <Loading />;
  return (
    <>
      <LinkBanner />
      {detail ? <SessionPage key={detail.id} detail={detail} /> : <SessionList sessions={sessions} />}
    </>
  );
}

/** Tells a screen reader when the verdict turns. */
function Announcer() {
  const { board, router, isLinked } = usePage();
  const sessions = board.sessions.value;
  const selected = sessions?.get(router.route.value.session ?? '');
  const words = selected
    ? announcementOf(selected, isLinked.value)
    : tabOf([...(sessions?.values() ?? [])], null, isLinked.value).title;
  return (
    <p class="hidden" aria-live="polite" role="status">
      {words}
    </p>
  );
}

function announcementOf(session: Session, isLinked: boolean): string {
  const { word, tone } = shownVerdict(session, isLinked);
  const reason = tone === 'bad' && !isOld(session, isLinked) ? session.verdict.reason : null;
  return [`${session.instance}: ${word}`, reason].filter(Boolean).join('. ');
}

function Footer() {
  const { board } = usePage();
  if (board.sessions.value === null || board.trouble.value) return null;
  return (
    <footer class="keys">
      <kbd>/</kbd> search <kbd>j</kbd> <kbd>k</kbd> move <kbd>Enter</kbd> open <kbd>Esc</kbd> close
    </footer>
  );
}

/** The head of every view: where one is, how the link is, what one may choose. */
function Header() {
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
