import type { Request } from './connection.js';
import { foldSessions, foldTargets } from './fold.js';
import {
  type SessionChangeFields,
  type SessionFields,
  type SessionFilter,
  type TargetChangeFields,
  type TargetFields,
  type TargetFilter,
  type WatchSession,
  WatchSessionDocument,
  type WatchSessions,
  WatchSessionsDocument,
  type WatchTargets,
  WatchTargetsDocument,
} from './generated.js';
import { mergeChanges } from './merge-changes.js';
import { readSession, readSessionChanges, readTargetChanges } from './read-payload.js';
import type { SessionsView, SessionView, TargetsView } from './views.js';
import type { Watched } from './watch.js';

type TargetsPayload = WatchTargets['targetChanges'];
type SessionsPayload = WatchSessions['sessionChanges'];

/** What is known of some targets. */
interface Targets {
  readonly session: SessionFields | null;
  readonly targets: ReadonlyMap<string, TargetFields>;
  readonly cursor: string | null;
}

/** The targets of a Session: of that with this id, or of the one that is meant where none is given. */
export function watchedTargets({
  session,
  where,
  history = 0,
}: {
  readonly session?: string | undefined;
  readonly where?: TargetFilter | undefined;
  readonly history?: number | undefined;
}): Watched<TargetsPayload, Targets, TargetsView> {
  return {
    empty: { session: null, targets: new Map(), cursor: null },
    isResumed: true,
    // Once it is known which Session is meant, it stays: meanwhile others may have come.
    request: (newest): Request => ({
      query: WatchTargetsDocument.toString(),
      variables: { session: session ?? newest?.session?.id, where, history, since: newest?.cursor },
    }),
    read: readTargetChanges,
    replaces: ({ reset }) => reset,
    merge: (earlier, later) => ({
      ...later,
      ...mergePlace(earlier, later),
      changes: later.reset ? later.changes : mergeTargetChanges(earlier, later),
    }),
    apply: ({ targets }, payload) => ({
      session: payload.session,
      targets: foldTargets(targets, payload),
      cursor: payload.cursor,
    }),
    view: (state, payload, link) => ({ ...state, ...happened(payload), link }),
  };
}

/** The Sessions that match. */
export function watchedSessions(
  where: SessionFilter | undefined,
): Watched<SessionsPayload, Omit<SessionsView, 'link' | keyof typeof NOTHING>, SessionsView> {
  return {
    empty: { sessions: new Map(), cursor: null },
    isResumed: true,
    request: (newest) => ({
      query: WatchSessionsDocument.toString(),
      variables: { where, since: newest?.cursor },
    }),
    read: readSessionChanges,
    replaces: ({ reset }) => reset,
    merge: (earlier, later) => ({
      ...later,
      ...mergePlace(earlier, later),
      changes: later.reset ? later.changes : mergeSessionChanges(earlier, later),
    }),
    apply: ({ sessions }, payload) => ({ sessions: foldSessions(sessions, payload), cursor: payload.cursor }),
    view: (state, payload, link) => ({ ...state, ...happened(payload), link }),
  };
}

/** One Session, as it is. */
export function watchedSession(
  id: string | undefined,
): Watched<WatchSession, SessionFields | null, SessionView> {
  return {
    empty: null,
    isResumed: false,
    request: (newest) => ({
      query: WatchSessionDocument.toString(),
      variables: { id: id ?? newest?.session?.id },
    }),
    read: readSession,
    replaces: () => true,
    merge: (_, later) => later,
    apply: (_, { session }) => session,
    view: (session, _, link) => ({ session, link }),
  };
}

const NOTHING = { changes: [], reset: false, conflated: 0 };

function happened<C>(
  payload: { readonly changes: readonly C[]; readonly reset: boolean; readonly conflated: number } | null,
) {
  return payload === null
    ? NOTHING
    : { changes: payload.changes, reset: payload.reset, conflated: payload.conflated };
}

interface Place {
  readonly reset: boolean;
  readonly conflated: number;
}

function mergePlace(earlier: Place, later: Place): Place {
  return {
    reset: earlier.reset || later.reset,
    conflated: updatesIn(earlier) + updatesIn(later),
  };
}

function updatesIn({ conflated }: Place): number {
  return conflated === 0 ? 1 : conflated;
}

function mergeTargetChanges(earlier: TargetsPayload, later: TargetsPayload): TargetChangeFields[] {
  return mergeChanges<TargetChangeFields>(
    earlier.changes,
    later.changes,
    ({ target }) => target.name,
    ({ previous, previousPhase }, change) => ({ ...change, previous, previousPhase }),
  );
}

function mergeSessionChanges(earlier: SessionsPayload, later: SessionsPayload): SessionChangeFields[] {
  return mergeChanges<SessionChangeFields>(
    earlier.changes,
    later.changes,
    ({ session }) => session.id,
    ({ previousVerdict }, change) => ({ ...change, previousVerdict }),
  );
}
