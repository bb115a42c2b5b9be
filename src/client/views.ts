import { isRecord } from '../lib/is-record.js';
import {
  foldSessions,
  foldTargets,
  mergeSessions,
  mergeTargets,
  type SessionsPayload,
  type TargetsPayload,
} from './changes.js';
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
import type { GraphQLRequest } from './socket.js';
import type { LinkState, ViewSource } from './watch.js';

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

/** Selects the targets to watch. */
export interface TargetSelection {
  /**
   * Id of the Session, which need not exist yet. Optional while only one Tilt runs, or only one Session is
   * known.
   */
  readonly session?: string | undefined;
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
}

/** Views of the targets of one Session. Without an id, the gateway selects the only Session. */
export function createTargetsSource({
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
    // Keep the Session that the gateway selected: others may have appeared by the next connection.
    request: (newest): GraphQLRequest => ({
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
    view: (state, payload, link) => ({ ...state, ...pickChanges(payload ?? undefined), link }),
  };
}

/** Views of the matching Sessions. */
export function createSessionsSource(
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
    view: (state, payload, link) => ({ ...state, ...pickChanges(payload ?? undefined), link }),
  };
}

/** Views of the newest state of one Session. */
export function createSessionSource(
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

function pickChanges<C>({
  changes,
  reset,
  conflated,
}: Pick<ChangesView<C>, 'changes' | 'reset' | 'conflated'> = NO_CHANGES) {
  return { changes, reset, conflated };
}

const NO_CHANGES = { changes: [], reset: false, conflated: 0 };

/*
 * A gateway answers with exactly the selected fields. The checks below detect a server that is not a gateway,
 * and cover everything that folding relies on.
 */

function readTargetChanges(data: unknown): TargetsPayload | null {
  return hasField<WatchTargets>(data, 'targetChanges', (payload) =>
    isChanges(payload, 'target', ['id', 'name']),
  )
    ? data.targetChanges
    : null;
}

function readSessionChanges(data: unknown): SessionsPayload | null {
  return hasField<WatchSessions>(data, 'sessionChanges', (payload) => isChanges(payload, 'session', ['id']))
    ? data.sessionChanges
    : null;
}

function readSession(data: unknown): WatchSession | null {
  return hasField<WatchSession>(data, 'session', (session) => session === null || hasString(session, 'id'))
    ? data
    : null;
}

function hasField<T>(
  data: unknown,
  field: keyof T & string,
  isValid: (value: unknown) => boolean,
): data is T {
  return isRecord(data) && field in data && isValid(data[field]);
}

function isChanges(payload: unknown, member: string, keys: readonly string[]): boolean {
  return (
    isRecord(payload) &&
    typeof payload.cursor === 'string' &&
    typeof payload.reset === 'boolean' &&
    typeof payload.conflated === 'number' &&
    Array.isArray(payload.changes) &&
    payload.changes.every(
      (change: unknown) => isRecord(change) && keys.every((key) => hasString(change[member], key)),
    )
  );
}

function hasString(value: unknown, key: string): boolean {
  return isRecord(value) && typeof value[key] === 'string';
}
