import { hasAny, type ModelState } from '../model/model-state.js';
import {
  COUNT_FIELDS,
  type CountsData,
  createVersions,
  toCountsText,
  VERSION_FIELDS,
  type VersionData,
  type Versions,
} from './compared-fields.js';
import { type Compare, checkChange, createPositions, type Fold, type Position } from './fold.js';

/** Subscription of {@link foldSessionChanges}. */
export const SESSION_CHANGES = `subscription ($where: SessionFilter, $since: String) {
  sessionChanges(where: $where, since: $since) {
    cursor reset conflated changes { type session { id ${VERSION_FIELDS} ${COUNT_FIELDS} } }
  }
}`;

/** Filters that readers use: all sessions, or those with a failed target. */
export const SESSION_FILTERS: readonly [SessionFilter, ...SessionFilter[]] = [
  { where: null, matches: () => true },
  { where: { target: { phase: ['FAILED'] } }, matches: (counts) => hasAny(counts, 'FAILED') },
];

/** A filter of sessions: the GraphQL argument, and the same condition as a function. */
export interface SessionFilter {
  /** Value of `where`; null for no filter. */
  readonly where: Readonly<Record<string, unknown>> | null;
  /** Condition on a session's counts; see `countsText`. */
  readonly matches: (counts: string) => boolean;
}

interface SessionChanges extends Position {
  readonly changes: readonly {
    readonly type: string;
    readonly session: VersionData & { readonly id: string; readonly counts: CountsData };
  }[];
}

/** Folds the sessions that match a filter. */
export function foldSessionChanges({ matches }: SessionFilter, compare: Compare): Fold {
  const positions = createPositions();
  const sessions = new Map<string, Versions>();

  return {
    get cursor() {
      return positions.cursor;
    },
    begin: positions.begin,
    take({ sessionChanges: payload }: { readonly sessionChanges: SessionChanges }) {
      positions.take(payload);
      if (payload.reset) sessions.clear();
      for (const change of payload.changes) apply(change);
      return payload;
    },
    differsFrom({ newest }: ModelState) {
      const expected = Object.entries(newest).filter(([, { counts }]) => matches(counts));
      const outdated = expected.find(([id, { key }]) => sessions.get(id)?.newest?.key !== key);
      if (outdated)
        return `${outdated[0]} is at version ${sessions.get(outdated[0])?.newest?.key}, not ${outdated[1].key}`;
      const stale = expected.find(([id]) => sessions.get(id)?.newest?.connection !== 'LIVE');
      if (stale)
        return `the connection of ${stale[0]} is ${sessions.get(stale[0])?.newest?.connection}, not LIVE`;
      return sessions.size === expected.length
        ? null
        : `it holds ${sessions.size} Sessions, not ${expected.length}`;
    },
  };

  function apply({ type, session }: SessionChanges['changes'][number]): void {
    const { id } = session;
    const known = sessions.get(id);
    checkChange(type, id, known !== undefined);
    if (type === 'DELETED') {
      sessions.delete(id);
      return;
    }
    const versions = known ?? createVersions();
    sessions.set(id, versions);
    compare(versions.take(session), 'counts', toCountsText(session.counts));
  }
}
