import { useContext, useMemo } from 'preact/hooks';
import { compileSessionFilter, NO_FILTER } from '../model/filter.js';
import { createSessionOrder } from '../model/session-order.js';
import { describeVerdict, isStale, shortenVerdictReason } from '../model/shown-verdict.js';
import { formatClock, formatDuration, parseTime } from '../model/time.js';
import type { Session } from '../model/types.js';
import { usePage } from '../state/page.js';
import { NoMatch, NoSessions } from './messages.js';
import { DemoBadge, Elapsed, Link, Progress, ReferenceTime, VerdictBadge } from './parts.js';
import { SessionFilter } from './session-filter.js';

/** The list of all Sessions: failing ones first, then by name. */
export function SessionList({ sessions }: { readonly sessions: ReadonlyMap<string, Session> }) {
  const { board, router, isConnected } = usePage();
  const order = useMemo(createSessionOrder, []);
  const isShown = compileSessionFilter(router.route.value, board.labelled.value);
  const shown = order(sessions, (one) => describeVerdict(one, isConnected.value).tone === 'bad').filter(
    isShown,
  );
  return (
    <main class="list">
      <div class="list-head">
        <h1>
          Sessions <span class="count">{sessions.size}</span>
        </h1>
        {sessions.size > 0 && <SessionFilter sessions={sessions} />}
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

/** A Session in the list. */
function SessionCard({ session }: { readonly session: Session }) {
  const { isConnected } = usePage();
  const verdict = describeVerdict(session, isConnected.value);
  const { id, instance, spec, connection, counts } = session;
  const reason = shortenVerdictReason(session);
  return (
    <li class={`card edge-${verdict.tone}${isStale(session, isConnected.value) ? ' is-stale' : ''}`}>
      <div class="card-head">
        <h2>
          <Link to={{ ...NO_FILTER, session: id }} data-nav={id}>
            {instance}
          </Link>
        </h2>
        <DemoBadge session={session} />
        <VerdictBadge verdict={verdict} />
      </div>
      <p class="meta">
        <span>{formatCommand(session)}</span>
        <span class="mono path">{spec.tiltfilePath}</span>
      </p>
      <Progress counts={counts} />
      {reason !== null && <p class="reason">{reason}</p>}
      <p class="meta">
        <StartTime session={session} isConnected={isConnected.value} />
        <ConnectionNote connection={connection} />
      </p>
    </li>
  );
}

/** Returns the command that a Session runs. */
export function formatCommand({ spec }: Pick<Session, 'spec'>): string {
  return { CI: 'tilt ci', MANUAL: 'tilt up', UNKNOWN: 'tilt' }[spec.exitCondition];
}

/**
 * The start of a Session, and its duration so far or in total; without a duration when the end is unknown.
 */
export function StartTime({
  session,
  isConnected,
}: {
  readonly session: Session;
  /** Whether the gateway is connected. */
  readonly isConnected: boolean;
}) {
  const referenceTime = useContext(ReferenceTime);
  const start = parseTime(session.status.startTime);
  if (start === null) return null;
  const isOngoing = !session.status.done && !isStale(session, isConnected);
  return (
    <span>
      started {formatClock(start)}
      {isOngoing && (
        <>
          , <Elapsed since={start} /> ago
        </>
      )}
      {session.status.done && referenceTime && `, took ${formatDuration(referenceTime.value - start)}`}
    </span>
  );
}

function ConnectionNote({ connection: { state, since } }: Pick<Session, 'connection'>) {
  if (state === 'LIVE') return <span>live</span>;
  return (
    <span class="note">
      {state === 'GONE' ? 'Tilt exited' : 'stale since'} {formatClock(parseTime(since) ?? 0)}
    </span>
  );
}
