import { isOld, shownVerdict } from '../model/shown-verdict.js';
import { tabOf } from '../model/tab.js';
import type { Session } from '../model/types.js';
import { type Page, PageContext, usePage } from '../state/page.js';
import { LinkBanner } from './banners.js';
import { Broken, Loading } from './empty.js';
import { Header } from './header.js';
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
