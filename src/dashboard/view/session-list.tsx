import { useContext } from 'preact/hooks';
import { matchesSession } from '../model/filter.js';
import { isOld, shownVerdict } from '../model/shown-verdict.js';
import { formatClock, formatDuration, parseTime } from '../model/time.js';
import type { Session } from '../model/types.js';
import { usePage } from '../state/page.js';
import { DemoBadge, Progress, VerdictBadge } from './badges.js';
import { AsOf, Elapsed } from './elapsed.js';
import { NoMatch, NoSessions } from './empty.js';
import { SearchBox } from './filter-bar.js';
import { Link } from './link.js';

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

/** A Session in the list of all. */
function SessionCard({ session }: { readonly session: Session }) {
  const { isLinked } = usePage();
  const verdict = shownVerdict(session, isLinked.value);
  const { id, instance, spec, connection, counts } = session;
  return (
    <li class={`card edge-${verdict.tone}${isOld(session, isLinked.value) ? ' is-old' : ''}`}>
      <div class="card-head">
        <h2>
          <Link to={{ session: id, text: '' }} data-nav={id}>
            {instance}
          </Link>
        </h2>
        <DemoBadge session={session} />
        <VerdictBadge verdict={verdict} />
      </div>
      <p class="meta">
        <span>{commandOf(session)}</span>
        <span class="mono path">{spec.tiltfilePath}</span>
      </p>
      <Progress counts={counts} />
      {session.verdict.reason !== null && <p class="reason clamp">{session.verdict.reason}</p>}
      <p class="meta">
        <Started session={session} />
        <ConnectionNote connection={connection} />
      </p>
    </li>
  );
}

/** What was run. */
export function commandOf({ spec }: Pick<Session, 'spec'>): string {
  return { CI: 'tilt ci', MANUAL: 'tilt up', UNKNOWN: 'tilt' }[spec.exitCondition];
}

/** When it started, and for how long it has run where that goes on, or did, where it is known how it ended. */
export function Started({ session }: { readonly session: Session }) {
  const { isLinked } = usePage();
  const asOf = useContext(AsOf);
  const start = parseTime(session.status.startTime);
  if (start === null) return null;
  const goesOn = !session.status.done && !isOld(session, isLinked.value);
  return (
    <span>
      started {formatClock(start)}
      {goesOn && (
        <>
          , <Elapsed since={start} /> ago
        </>
      )}
      {session.status.done && asOf && `, took ${formatDuration(asOf.value - start)}`}
    </span>
  );
}

function ConnectionNote({ connection: { state, since } }: Pick<Session, 'connection'>) {
  if (state === 'LIVE') return <span>live</span>;
  return (
    <span class="note">
      {state === 'GONE' ? 'Tilt left' : 'stale since'} {formatClock(parseTime(since) ?? 0)}
    </span>
  );
}
