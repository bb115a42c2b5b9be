import {
  foldSessions,
  foldTargets,
  mergeSessions,
  mergeTargets,
  type SessionsPayload,
  type TargetsPayload,
} from './changes.js';
import {
  type ResourceFields,
  type SessionChangeFields,
  type SessionFields,
  type SessionFilter,
  type TargetChangeFields,
  type TargetFields,
  type TargetFilter,
  type WatchResources,
  WatchResourcesDocument,
  type WatchSession,
  WatchSessionDocument,
  WatchSessionsDocument,
  WatchTargetsDocument,
} from './generated.js';
import type { LinkState } from './link.js';
import { readResources, readSession, readSessionChanges, readTargetChanges } from './payloads.js';
import type { GraphQLRequest } from './socket.js';
import type { ViewSource } from './watch.js';

interface ChangesView<C> {
  /** Changes of the newest payload. Empty when only the Session itself or the link changed. */
  readonly changes: readonly C[];
  /** Whether the state before this payload is obsolete: `changes` then lists the full state. */
  readonly reset: boolean;
  /** Number of updates that were merged into this payload because the consumer was slow; otherwise 0. */
  readonly conflated: number;
  /** Cursor of the newest payload; null before the first one. */
  readonly cursor: string | null;
  readonly link: LinkState;
}

/** The targets of one Session after the newest payload that was read. */
export interface TargetsView extends ChangesView<TargetChangeFields> {
  /** The Session; null while it does not exist. */
  readonly session: SessionFields | null;
  /**
   * Targets by name, sorted by name as in Tilt. The second target with the same name has the key `name#2`.
   * The map is immutable: the next view has a new one.
   */
  readonly targets: ReadonlyMap<string, TargetFields>;
}

/** The Sessions after the newest payload that was read. */
export interface SessionsView extends ChangesView<SessionChangeFields> {
  /** Sessions by id, sorted by id. The map is immutable: the next view has a new one. */
  readonly sessions: ReadonlyMap<string, SessionFields>;
}

/** The newest state of one Session. */
export interface SessionView {
  /** Null before the first payload, and while no Session has this id. */
  readonly session: SessionFields | null;
  readonly link: LinkState;
}

/** The resources of one Session. */
export interface ResourcesView {
  /**
   * Resources of the Tiltfile in the order of their names. Null before the first payload, and while no
   * Session has this id.
   */
  readonly resources: readonly ResourceFields[] | null;
  readonly link: LinkState;
}

/** Selects one Session. */
export interface SessionSelection {
  /**
   * Id of the Session, which need not exist yet. Optional while only one Tilt runs, or only one Session is
   * known.
   */
  readonly session?: string | undefined;
}

/** Continuation of a watch after a reconnect. */
interface ResumeSelection {
  /**
   * Whether a new connection continues after the last payload: the missed changes follow one by one (S4), so
   * the first views after a reconnect may be of earlier states. Otherwise each connection starts with the
   * current state, which is never older than the last payload, also at another gateway. Default: true.
   */
  readonly resume?: boolean | undefined;
}

/** Selects the Sessions to watch. */
export interface SessionsSelection extends ResumeSelection {
  /**
   * Only matching Sessions: one that starts to match is ADDED, one that stops matching is DELETED. Default:
   * all.
   */
  readonly where?: SessionFilter | undefined;
}

/** Selects the targets to watch. */
export interface TargetSelection extends SessionSelection, ResumeSelection {
  /**
   * Filter of the targets. A target that starts to match is ADDED; one that stops matching is DELETED.
   * Default: all.
   */
  readonly where?: TargetFilter | undefined;
  /** Number of past phase changes to fetch for each target, up to 50. Default: 0. */
  readonly history?: number | undefined;
  /**
   * Whether to leave out changes inside a phase, such as another wait reason. Phases stay correct; other
   * fields may be older. Default: false.
   */
  readonly phaseChangesOnly?: boolean | undefined;
  /**
   * Whether failed targets have the last lines of their logs (`state.excerpt`). Requires a gateway that has
   * this field. Default: false.
   */
  readonly excerpts?: boolean | undefined;
}

/** Views of the targets of one Session. Without an id, the gateway selects the only Session. */
export function createTargetsSource({
  session,
  where,
  history = 0,
  phaseChangesOnly = false,
  excerpts = false,
  resume = true,
}: TargetSelection): ViewSource<
  TargetsPayload,
  Pick<TargetsView, 'session' | 'targets' | 'cursor'>,
  TargetsView
> {
  return {
    empty: { session: null, targets: new Map(), cursor: null },
    canResume: resume,
    impliedSession: (payload) => impliedId(session, payload.session),
    request: (newest, implied): GraphQLRequest => ({
      query: WatchTargetsDocument.toString(),
      variables: {
        session: session ?? implied,
        where,
        history,
        since: newest?.cursor,
        resume,
        phaseChangesOnly,
        excerpts,
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
    view: (state, payload, link) => ({ ...state, ...pickChanges(payload ?? undefined), link }),
  };
}

/** Views of the matching Sessions. */
export function createSessionsSource({
  where,
  resume = true,
}: SessionsSelection): ViewSource<SessionsPayload, Pick<SessionsView, 'sessions' | 'cursor'>, SessionsView> {
  return {
    empty: { sessions: new Map(), cursor: null },
    canResume: resume,
    impliedSession: () => undefined,
    request: (newest) => ({
      query: WatchSessionsDocument.toString(),
      variables: { where, since: newest?.cursor, resume },
    }),
    read: readSessionChanges,
    replaces: ({ reset }) => reset,
    merge: mergeSessions,
    apply: ({ sessions }, payload) => ({ sessions: foldSessions(sessions, payload), cursor: payload.cursor }),
    view: (state, payload, link) => ({ ...state, ...pickChanges(payload ?? undefined), link }),
  };
}

/** Views of the newest state of one Session. */
export function createSessionSource(
  id: string | undefined,
): ViewSource<WatchSession, SessionFields | null, SessionView> {
  return {
    empty: null,
    canResume: false,
    impliedSession: ({ session }) => impliedId(id, session),
    request: (_, implied) => ({
      query: WatchSessionDocument.toString(),
      variables: { id: id ?? implied },
    }),
    read: readSession,
    replaces: () => true,
    merge: (_, later) => later,
    apply: (_, { session }) => session,
    view: (session, _, link) => ({ session, link }),
  };
}

/** Views of the resources of one Session. */
export function createResourcesSource({
  session,
}: SessionSelection): ViewSource<WatchResources, readonly ResourceFields[] | null, ResourcesView> {
  return {
    empty: null,
    canResume: false,
    impliedSession: (payload) => impliedId(session, payload.session),
    request: (_, implied) => ({
      query: WatchResourcesDocument.toString(),
      variables: { id: session ?? implied },
    }),
    read: readResources,
    replaces: () => true,
    merge: (_, later) => later,
    apply: (_, payload) => payload.session?.resources ?? null,
    view: (resources, _, link) => ({ resources, link }),
  };
}

/**
 * Id of the Session that the gateway selected because the caller named none: others may have appeared by the
 * next connection. They replace the demo.
 */
function impliedId(
  named: string | undefined,
  selected: { readonly id: string; readonly isDemo?: boolean } | null,
): string | undefined {
  return named === undefined && selected !== null && !selected.isDemo ? selected.id : undefined;
}

function pickChanges<C>({
  changes,
  reset,
  conflated,
}: Pick<ChangesView<C>, 'changes' | 'reset' | 'conflated'> = NO_CHANGES) {
  return { changes, reset, conflated };
}

const NO_CHANGES = { changes: [], reset: false, conflated: 0 };
