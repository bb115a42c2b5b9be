import { hasAny, type Truth } from '../model/truth.js';
import { type Compare, checkFits, createPositions, type Fold, type Position } from './fold.js';
import {
  COUNT_FIELDS,
  type CountsData,
  createVersions,
  shownCounts,
  VERSION_FIELDS,
  type VersionData,
  type Versions,
} from './shown.js';

/** The subscription that {@link foldSessionChanges} is of. */
export const SESSION_CHANGES = `subscription ($where: SessionFilter, $since: String) {
  sessionChanges(where: $where, since: $since) {
    cursor reset conflated changes { type session { id ${VERSION_FIELDS} ${COUNT_FIELDS} } }
  }
}`;

/** The Sessions that readers follow: all, or those in which something failed. */
export const SESSION_FILTERS: readonly [SessionFilter, ...SessionFilter[]] = [
  { where: null, matches: () => true },
  { where: { target: { phase: ['FAILED'] } }, matches: (counts) => hasAny(counts, 'FAILED') },
];

/** A filter of Sessions, as a client gives it and as it is meant. */
export interface SessionFilter {
  /** What goes in `where`; null for none. */
  readonly where: Readonly<Record<string, unknown>> | null;
  /** By a Session's counts, see `countsText`. */
  readonly matches: (counts: string) => boolean;
}

interface SessionChanges extends Position {
  readonly changes: readonly {
    readonly type: string;
    readonly session: VersionData & { readonly id: string; readonly counts: CountsData };
  }[];
}

/** The Sessions that match a filter. */
export function foldSessionChanges({ matches }: SessionFilter, compare: Compare): Fold {
  const positions = createPositions();
  const held = new Map<string, Versions>();

  return {
    get cursor() {
      return positions.cursor;
    },
    begin: positions.begin,
    take({ sessionChanges: payload }: { readonly sessionChanges: SessionChanges }) {
      positions.take(payload);
      if (payload.reset) held.clear();
      for (const change of payload.changes) apply(change);
      return payload;
    },
    differsFrom({ newest }: Truth) {
      const expected = Object.entries(newest).filter(([, { counts }]) => matches(counts));
      const wrong = expected.find(([id, { key }]) => held.get(id)?.newest?.key !== key);
      if (wrong) return `${wrong[0]} is at ${held.get(wrong[0])?.newest?.key}, not ${wrong[1].key}`;
      const stale = expected.find(([id]) => held.get(id)?.newest?.connection !== 'LIVE');
      if (stale) return `the link of ${stale[0]} is ${held.get(stale[0])?.newest?.connection}`;
      return held.size === expected.length ? null : `it has ${held.size} Sessions, not ${expected.length}`;
    },
  };

  function apply({ type, session }: SessionChanges['changes'][number]): void {
    const { id } = session;
    const known = held.get(id);
    checkFits(type, id, known !== undefined);
    if (type === 'DELETED') {
      held.delete(id);
      return;
    }
    const versions = known ?? createVersions();
    held.set(id, versions);
    compare(versions.take(session), 'counts', shownCounts(session.counts));
  }
}
