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
  WatchSessionsDocument,
  WatchTargetsDocument,
} from './generated.js';
import {
  mergeSessions,
  mergeTargets,
  readSession,
  readSessionChanges,
  readTargetChanges,
  type SessionsPayload,
  type TargetsPayload,
} from './payloads.js';

/** How the link to the gateway is, as one watch sees it. */
export interface LinkState {
  /**
   * `connecting` until a gateway has answered for the first time; `live` while what is shown is what the gateway knows;
   * `lost` from then on until a gateway takes the watch on again. What is shown while it is lost may be out of date.
   */
  readonly state: 'connecting' | 'live' | 'lost';
  /** Since when it is so, in milliseconds since 1970. */
  readonly since: number;
  /** Why it is lost, in one line: of the newest try. Null while it is not. */
  readonly error: string | null;
  /** The gateway it is live at, or that was tried last. Null before the first try. */
  readonly url: string | null;
}

/** What views of changes have in common. */
interface ChangesView<C> {
  /** What the newest payload changed; empty when it changed only the Session itself, or only the link changed. */
  readonly changes: readonly C[];
  /** Whether what was known before is to be forgotten: `changes` then is everything. */
  readonly reset: boolean;
  /** How many updates were folded into one, by the gateway or by this watch, since they were not taken in time. Else 0. */
  readonly conflated: number;
  /** Where it stands; null before the first payload. */
  readonly cursor: string | null;
  readonly link: LinkState;
}

/** The targets of one Session, as of the newest payload that was taken. */
export interface TargetsView extends ChangesView<TargetChangeFields> {
  /** The Session as of that payload; null while there is none. */
  readonly session: SessionFields | null;
  /**
   * By name, in Tilt's order, which is by name; the second target of one name is under `name#2`, as in its id. It never
   * changes: the next view has another.
   */
  readonly targets: ReadonlyMap<string, TargetFields>;
}

/** The Sessions, as of the newest payload that was taken. */
export interface SessionsView extends ChangesView<SessionChangeFields> {
  /** By id, in order. It never changes: the next view has another. */
  readonly sessions: ReadonlyMap<string, SessionFields>;
}

/** The newest state of one Session. */
export interface SessionView {
  /** Null while there is none of this id, and before the first payload. */
  readonly session: SessionFields | null;
  readonly link: LinkState;
}

/** How the payloads of a subscription become views. */
export interface ViewSource<P, S, V> {
  /** What is known before the first payload. */
  readonly empty: S;
  /** @param newest the last payload that came: where to go on */
  request(newest: P | null): Request;
  /** Whether it is told what it missed; else it is told everything at each connection. */
  readonly isResumed: boolean;
  /** The payload of an answer; null when it is none. */
  read(data: unknown): P | null;
  /** Whether those before it need not be taken any more. */
  replaces(payload: P): boolean;
  /** One payload that comes to the same as two in a row. */
  merge(earlier: P, later: P): P;
  apply(state: S, payload: P): S;
  /** @param payload the one that was applied last; null when only the link changed */
  view(state: S, payload: P | null, link: LinkState): V;
}

/** Selects the targets to watch. */
export interface TargetSelection {
  /** The Session's id; it may be of one yet to come. May be left out while exactly one Tilt runs, or one Session is known. */
  readonly session?: string | undefined;
  /** Only targets that match: one that begins to match is ADDED, one that ceases to is DELETED. Default: all. */
  readonly where?: TargetFilter | undefined;
  /** How many of the last changes of its phase each target has with it, up to 50. Default: none. */
  readonly history?: number | undefined;
  /**
   * Whether to leave out changes inside a phase, such as another wait reason. Phases are then correct; other fields of a target
   * may be older. Default: false.
   */
  readonly phaseChangesOnly?: boolean | undefined;
}

/** The targets of a Session: of that with this id, or of the one that is meant where none is given. */
export function viewsOfTargets({
  session,
  where,
  history = 0,
  phaseChangesOnly = false,
}: TargetSelection): ViewSource<
  TargetsPayload,
  Pick<TargetsView, 'session' | 'targets' | 'cursor'>,
  TargetsView
> {
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
    merge: (earlier, later) => mergeTargets(earlier, later, phaseChangesOnly),
    apply: ({ targets }, payload) => ({
      session: payload.session,
      targets: foldTargets(targets, payload),
      cursor: payload.cursor,
    }),
    view: (state, payload, link) => ({ ...state, ...changesIn(payload ?? undefined), link }),
  };
}

/** The Sessions that match. */
export function viewsOfSessions(
  where: SessionFilter | undefined,
): ViewSource<SessionsPayload, Pick<SessionsView, 'sessions' | 'cursor'>, SessionsView> {
  return {
    empty: { sessions: new Map(), cursor: null },
    isResumed: true,
    request: (newest) => ({
      query: WatchSessionsDocument.toString(),
      variables: { where, since: newest?.cursor },
    }),
    read: readSessionChanges,
    replaces: ({ reset }) => reset,
    merge: mergeSessions,
    apply: ({ sessions }, payload) => ({ sessions: foldSessions(sessions, payload), cursor: payload.cursor }),
    view: (state, payload, link) => ({ ...state, ...changesIn(payload ?? undefined), link }),
  };
}

/** One Session, as it is. */
export function viewsOfSession(
  id: string | undefined,
): ViewSource<WatchSession, SessionFields | null, SessionView> {
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

/** What the newest payload did; nothing when only the link changed. */
function changesIn<C>({
  changes,
  reset,
  conflated,
}: Pick<ChangesView<C>, 'changes' | 'reset' | 'conflated'> = NOTHING) {
  return { changes, reset, conflated };
}

const NOTHING = { changes: [], reset: false, conflated: 0 };
