import type { Request } from './connection.js';
import { foldSessions, foldTargets, mergeChanges } from './fold.js';
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
import { readSession, readSessionChanges, readTargetChanges } from './read-payload.js';
import { compareTargets, targetKey } from './target-key.js';
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
  phaseChangesOnly = false,
}: {
  readonly session?: string | undefined;
  readonly where?: TargetFilter | undefined;
  readonly history?: number | undefined;
  readonly phaseChangesOnly?: boolean | undefined;
}): Watched<TargetsPayload, Targets, TargetsView> {
  return {
    empty: { session: null, targets: new Map(), cursor: null },
    isResumed: true,
    // Once it is known which Session is meant, it stays: meanwhile others may have come.
    request: (newest): Request => ({
      query: WatchTargetsDocument.toString(),
      variables: {
        session: session ?? newest?.session?.id,
        where,
        history,
        since: newest?.cursor,
        phaseChangesOnly,
      },
    }),
    read: readTargetChanges,
    replaces: ({ reset }) => reset,
    merge: (earlier, later) => ({
      ...later,
      ...mergePlace(earlier, later),
      changes: later.reset ? later.changes : mergeTargetChanges(earlier, later, phaseChangesOnly),
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

function mergeTargetChanges(
  earlier: TargetsPayload,
  later: TargetsPayload,
  phaseChangesOnly: boolean,
): TargetChangeFields[] {
  const changes = mergeChanges<TargetChangeFields>(
    earlier.changes,
    later.changes,
    ({ target }) => targetKey(target),
    ({ previous, previousPhase }, change) => ({ ...change, previous, previousPhase }),
    (a, b) => compareTargets(a.target, b.target),
  );
  return phaseChangesOnly ? changes.filter(changesPhase) : changes;
}

/** Whether a target comes, goes, or enters another phase: several changes may come to none. */
function changesPhase({ type, target, previousPhase }: TargetChangeFields): boolean {
  return type !== 'MODIFIED' || previousPhase !== target.phase;
}

function mergeSessionChanges(earlier: SessionsPayload, later: SessionsPayload): SessionChangeFields[] {
  return mergeChanges<SessionChangeFields>(
    earlier.changes,
    later.changes,
    ({ session }) => session.id,
    ({ previousVerdict }, change) => ({ ...change, previousVerdict }),
    (a, b) => (a.session.id < b.session.id ? -1 : 1),
  );
}
