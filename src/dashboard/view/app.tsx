import { NO_FILTER } from '../model/filter.js';
import { describeVerdict, isStale } from '../model/shown-verdict.js';
import { summarizeTab } from '../model/tab.js';
import type { Session } from '../model/types.js';
import { notificationState, requestNotifications } from '../state/notifications.js';
import { type Page, PageContext, usePage } from '../state/page.js';
import type { Theme } from '../state/preferences.js';
import { DisconnectedBanner, Loading, Rejected } from './messages.js';
import { Icon, Link } from './parts.js';
import { SessionList } from './session-list.js';
import { SessionPage } from './session-page.js';
import { SignIn } from './sign-in.js';

/** The whole page. */
export function App({ page }: { readonly page: Page }) {
  return (
    <PageContext.Provider value={page}>
      <Header />
      <CurrentView />
      <VerdictAnnouncer />
      <Footer />
    </PageContext.Provider>
  );
}

function CurrentView() {
  const { board } = usePage();
  const error = board.error.value;
  if (error?.isSignedOut) return <SignIn />;
  if (error) return <Rejected message={error.message} />;
  const sessions = board.sessions.value;
  const detail = board.detail.value;
  if (sessions === null) return <Loading />;
  return (
    <>
      <DisconnectedBanner link={(detail ?? board).link} />
      {detail ? <SessionPage key={detail.id} detail={detail} /> : <SessionList sessions={sessions} />}
    </>
  );
}

/** Announces changes of the verdict to screen readers. */
function VerdictAnnouncer() {
  const { board, router, isConnected } = usePage();
  const sessions = board.sessions.value;
  const selected = sessions?.get(router.route.value.session ?? '');
  const words = selected
    ? formatAnnouncement(selected, isConnected.value)
    : summarizeTab([...(sessions?.values() ?? [])], null, isConnected.value).title;
  return (
    <p class="hidden" aria-live="polite" role="status">
      {words}
    </p>
  );
}

function formatAnnouncement(session: Session, isConnected: boolean): string {
  const { word, tone } = describeVerdict(session, isConnected);
  const reason = tone === 'bad' && !isStale(session, isConnected) ? session.verdict.reason : null;
  return [`${session.instance}: ${word}`, reason].filter(Boolean).join('. ');
}

function Footer() {
  const { board } = usePage();
  if (board.sessions.value === null || board.error.value) return null;
  return (
    <footer class="keys">
      <kbd>/</kbd> search <kbd>j</kbd> <kbd>k</kbd> move <kbd>Enter</kbd> open <kbd>Esc</kbd> close
    </footer>
  );
}

/** The header of every view: home link, connection state, preferences. */
function Header() {
  return (
    <header class="top">
      <Link class="brand" to={{ ...NO_FILTER, session: null, target: null, view: 'targets' }}>
        <span class="logo" aria-hidden="true" />
        <span class="brand-name">tilt-graphql</span>
      </Link>
      <ConnectionIndicator />
      <nav aria-label="Page">
        <NotificationsButton />
        <ThemeButton />
        <a class="button" href="graphql">
          GraphQL
        </a>
      </nav>
    </header>
  );
}

function ConnectionIndicator() {
  const { board } = usePage();
  const error = board.error.value;
  const state = error ? 'ended' : board.link.value.state;
  return (
    <p class={`connection-state is-${state}`}>
      <span class="dot" aria-hidden="true" />
      {error?.isSignedOut ? 'Signed out' : CONNECTION_WORDS[state]}
    </p>
  );
}

const CONNECTION_WORDS = {
  connecting: 'Connecting',
  live: 'Live',
  lost: 'Disconnected',
  ended: 'Rejected',
} as const;

const NEXT_THEME: Readonly<Record<Theme, Theme>> = { auto: 'dark', dark: 'light', light: 'auto' };

function ThemeButton() {
  const { preferences, updatePreferences } = usePage();
  const { theme } = preferences.value;
  return (
    <button type="button" class="button" onClick={() => updatePreferences({ theme: NEXT_THEME[theme] })}>
      <span class="label-long">Theme: </span>
      {theme}
    </button>
  );
}

/** Turns desktop notifications on and off. */
function NotificationsButton() {
  const { preferences, updatePreferences } = usePage();
  const state = notificationState();
  const isOn = preferences.value.notifications && state === 'allowed';
  const toggle = async () => {
    updatePreferences({ notifications: !isOn && (await requestNotifications()) });
  };
  return (
    <button
      type="button"
      class="button"
      aria-pressed={isOn}
      disabled={state === 'blocked'}
      title={
        state === 'blocked'
          ? 'This browser blocks notifications from this page'
          : 'Show a notification when a session fails, recovers or becomes ready'
      }
      onClick={() => void toggle()}
    >
      <Icon name="BELL" />
      <span class="label-long">
        {state === 'blocked' ? 'Notifications blocked' : isOn ? 'Notifications on' : 'Notify me'}
      </span>
    </button>
  );
}
