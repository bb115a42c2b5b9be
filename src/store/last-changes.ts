import type { SessionId } from '../model/session.js';

/** A place in the sequence of changes: of this gateway, or of a log that several gateways read. */
export type Place = { readonly revision: number } | { readonly position: number };

/** Which Sessions a reader sees: one, or those whose ids satisfy a condition. */
export type Concern = SessionId | ((id: SessionId) => boolean);

/**
 * Remembers when each Session last changed, which needs less memory than the changes themselves. With it, a
 * reader whose Sessions were quiet resumes, however many changes of other Sessions the journal has dropped.
 */
export interface LastChanges {
  /**
   * Records a change.
   *
   * @param isNewState whether more than the connection may have changed
   * @param position position in the shared log; undefined without one
   */
  record(id: SessionId, revision: number, isNewState: boolean, position: number | undefined): void;
  /**
   * Runs a task that applies a snapshot. The states that it records come from the log up to a position.
   *
   * @param isMerged whether the snapshot merges positions. A Session may have changed and changed back there
   */
  recordSnapshot(log: string, position: number, isMerged: boolean, task: () => void): void;
  /** Records that a Session may have changed and changed back before a position. */
  recordGap(id: SessionId, position: number): void;
  /** Whether no Session of the concern changed after a place. False if that is not known. */
  isQuietSince(place: Place, concern: Concern): boolean;
}

interface LastChange {
  revision: number;
  /**
   * Position of the last state; null if it is part of the last snapshot. Infinite if this gateway changed it
   * alone, for example when it deleted a GONE Session: no position tells whether a client knows that.
   */
  position: number | null;
}

/** Sessions that are remembered: with 100 bytes each, 20 MB. Of the others, the newest change counts. */
const MAX_SESSIONS = 200_000;

/** Creates an empty memory. */
export function createLastChanges(maxSessions = MAX_SESSIONS): LastChanges {
  // In the order in which they were first recorded: reordering at each change takes longer than an update.
  const changes = new Map<SessionId, LastChange>();
  /**
   * The newest change of a Session that is not remembered. Such a Session may have ended before the snapshot,
   * which does not contain it then.
   */
  let forgotten: LastChange = { revision: 0, position: null };
  let snapshot: { readonly log: string; readonly position: number } | null = null;
  let isInSnapshot = false;
  /**
   * Newest change of the Sessions that satisfy a condition, as of one revision. Readers of a group share it.
   */
  let cached = new WeakMap<(id: SessionId) => boolean, LastChange>();
  let hasCached = false;

  return {
    record(id, revision, isNewState, position) {
      const before = changes.get(id);
      const unplaced = isInSnapshot ? null : Number.POSITIVE_INFINITY;
      const last = position ?? (isNewState || before === undefined ? unplaced : before.position);
      forgetCached();
      if (before !== undefined) {
        before.revision = revision;
        before.position = last;
        return;
      }
      changes.set(id, { revision, position: last });
      if (changes.size <= maxSessions) return;
      const [oldest] = changes;
      if (!oldest) return;
      forgotten = later(forgotten, oldest[1]);
      changes.delete(oldest[0]);
    },
    recordSnapshot(log, position, isMerged, task) {
      // Positions of another log say nothing.
      if (snapshot !== null && (isMerged || snapshot.log !== log)) {
        for (const change of changes.values()) change.position = movedToSnapshot(change);
        forgotten = { ...forgotten, position: movedToSnapshot(forgotten) };
      }
      snapshot = { log, position };
      forgetCached();
      isInSnapshot = true;
      try {
        task();
      } finally {
        isInSnapshot = false;
      }
    },
    recordGap(id, position) {
      const last = changes.get(id);
      if (last === undefined) return;
      forgetCached();
      last.position = position;
    },
    isQuietSince(place, concern) {
      const last = typeof concern === 'string' ? (changes.get(concern) ?? forgotten) : lastOf(concern);
      if ('revision' in place) return last.revision <= place.revision;
      return positionOf(last) <= place.position;
    },
  };

  function lastOf(concerns: (id: SessionId) => boolean): LastChange {
    const known = cached.get(concerns);
    if (known) return known;
    let last = forgotten;
    for (const [id, change] of changes) if (concerns(id)) last = later(last, change);
    cached.set(concerns, last);
    hasCached = true;
    return last;
  }

  function forgetCached(): void {
    if (!hasCached) return;
    cached = new WeakMap();
    hasCached = false;
  }

  function later(a: LastChange, b: LastChange): LastChange {
    const position = positionOf(a) > positionOf(b) ? a.position : b.position;
    return { revision: Math.max(a.revision, b.revision), position };
  }

  /** Changes of this gateway alone stay unplaced. */
  function movedToSnapshot({ position }: LastChange): number | null {
    return position === Number.POSITIVE_INFINITY ? position : null;
  }

  function positionOf({ position }: LastChange): number {
    return position ?? snapshot?.position ?? Number.POSITIVE_INFINITY;
  }
}
