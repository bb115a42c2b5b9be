import { matchesSession } from '../model/filter.js';
import type { Session } from '../model/types.js';
import { usePage } from '../state/page.js';
import { NoMatch, NoSessions } from './empty.js';
import { SearchBox } from './search-box.js';
import { SessionCard } from './session-card.js';

/** All Sessions. */
export function SessionList({ sessions }: { readonly sessions: ReadonlyMap<string, Session> }) {
  const { router } = usePage();
  const { text } = router.route.value;
  const shown = [...sessions.values()].filter((session) => matchesSession(session, text));
  return (
    <main class="list">
      <div class="list-head">
        <h1>
          Sessions <span class="count">{sessions.size}</span>
        </h1>
        {sessions.size > 0 && <SearchBox label="Search sessions" />}
      </div>
      {sessions.size === 0 && <NoSessions />}
      {sessions.size > 0 && shown.length === 0 && <NoMatch what="session" />}
      <ul class="cards">
        {shown.map((session) => (
          <SessionCard key={session.id} session={session} />
        ))}
      </ul>
    </main>
  );
}
