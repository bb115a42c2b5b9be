import type { SessionId } from '../model/session.js';
import type { Cursors } from './cursors.js';
import type { Journal, Revision } from './journal.js';
import type { Concern, LastChanges } from './last-changes.js';
import type { SessionTable } from './session-table.js';

/** Revisions after a cursor, for readers that resume. */
export interface Resume {
  /**
   * Returns the revisions after a cursor, oldest first; null when the cursor is unknown or no longer known
   * here. If the cursor may come from another gateway, connection resyncs of the known and of the deleted
   * Sessions follow: that a connection went stale at the other gateway is not in the shared log.
   *
   * @param id Session whose revisions are wanted; the others may be included. Default: all Sessions
   * @param concerns condition on the Sessions whose revisions are wanted. Default: all Sessions
   */
  since(cursor: string, id?: SessionId, concerns?: (id: SessionId) => boolean): Revision[] | null;
  /**
   * Returns the revision of a cursor, null if its number is that of no Session, and all later revisions,
   * oldest first. Null when the cursor is not certainly one of this store, or the journal no longer has them.
   */
  historySince(cursor: string): History | null;
}

/** The revision of a cursor, and those after it. */
export interface History {
  readonly at: Revision | null;
  readonly after: readonly Revision[];
}

/** Dependencies of {@link createResume}. */
export interface ResumeOptions {
  readonly journal: Pick<Journal, 'after'>;
  readonly cursors: Pick<Cursors, 'cursorOf' | 'revisionOf' | 'placeOf' | 'isOwn'>;
  readonly lastChanges: Pick<LastChanges, 'isQuietSince'>;
  readonly table: Pick<SessionTable, 'revision' | 'get' | 'ids'>;
}

/** With more Sessions, a reader from another gateway receives a reset instead of resyncs. */
const MAX_RESYNCS = 1_000;

/** Creates the lookup of revisions by cursor. */
export function createResume({ journal, cursors, lastChanges, table }: ResumeOptions): Resume {
  return {
    since(cursor, id, concerns) {
      const missed = missedSince(cursor) ?? (isQuietSince(cursor, id ?? concerns) ? [] : null);
      if (missed === null || cursors.isOwn(cursor)) return missed;
      const known = id === undefined ? table.ids() : [id];
      const deleted = findDeleted(missed);
      if (known.length + deleted.length > MAX_RESYNCS) return null;
      return [...missed, ...known.flatMap(resync), ...deleted.map(toResync)];
    },
    historySince(cursor) {
      const number = cursors.revisionOf(cursor);
      if (number === null || number > table.revision || cursors.cursorOf(number) !== cursor) return null;
      const revisions = journal.after(number - 1);
      if (revisions === null) return null;
      const [first = null] = revisions;
      const at = first?.number === number ? first : null;
      return { at, after: at === null ? revisions : revisions.slice(1) };
    },
  };

  /** The revisions after a cursor; null if the journal no longer has them all. */
  function missedSince(cursor: string): Revision[] | null {
    const number = cursors.revisionOf(cursor);
    return number === null || number > table.revision ? null : journal.after(number);
  }

  /** Whether nothing of a reader's Sessions has changed since a cursor that the journal does not reach. */
  function isQuietSince(cursor: string, concern: Concern | undefined): boolean {
    const place = cursors.placeOf(cursor);
    if (place === null || concern === undefined) return false;
    const isFuture = 'revision' in place && place.revision > table.revision;
    return !isFuture && lastChanges.isQuietSince(place, concern);
  }

  /** The present connection of a Session, as a revision for a reader from another gateway. */
  function resync(id: SessionId): Revision[] {
    const after = table.get(id);
    if (!after) return [];
    const before = { ...after, connection: { ...after.connection } };
    return [toResync({ id, before, after })];
  }

  function toResync({ id, before, after }: Pick<Revision, 'id' | 'before' | 'after'>): Revision {
    const number = table.revision;
    return {
      number,
      id,
      before,
      after,
      changes: [],
      sessionChanged: true,
      factsChanged: false,
      isResync: true,
    };
  }
}

/** The last revisions of the missed Sessions that do not exist any more. */
function findDeleted(missed: readonly Revision[]): Revision[] {
  const last = new Map(missed.map((revision) => [revision.id, revision]));
  return [...last.values()].filter(({ after }) => after === null);
}
