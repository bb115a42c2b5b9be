import type { Session, VerdictState } from './types.js';

/** A change of a Session's verdict that a visitor wants to hear of. */
export interface News {
  readonly session: Session;
  /** The change, after the name of the Session: `shop failed`, `shop is ready`. */
  readonly word: 'failed' | 'recovered' | 'is ready' | 'passed';
}

/** The last seen state of each Session, by id. */
export type SeenSessions = ReadonlyMap<string, SeenSession>;

interface SeenSession {
  readonly uid: string | null;
  /** The last verdict that was known; UNKNOWN until there was one. */
  readonly verdict: VerdictState;
  /** The last verdict that was a result; null until there was one. */
  readonly result: 'PASSED' | 'FAILED' | null;
}

/** Records the Sessions, to compare later ones with. */
export function observe(seen: SeenSessions, sessions: Iterable<Session>): SeenSessions {
  return new Map(
    [...sessions].map(({ id, metadata: { uid }, verdict: { state } }) => {
      const before = findSeen(seen, id, uid);
      const result = isResult(state) ? state : (before?.result ?? null);
      // Without a connection to Tilt nothing is known to have changed.
      const verdict = state === 'UNKNOWN' ? (before?.verdict ?? state) : state;
      return [id, { uid, verdict, result }];
    }),
  );
}

/**
 * Finds the Sessions that have a new result. A Session seen for the first time has none: it may have failed
 * long ago. One that is ready again after a rebuild has none either.
 */
export function findNews(seen: SeenSessions, sessions: Iterable<Session>): News[] {
  return [...sessions].flatMap((session): News[] => {
    const { id, metadata, verdict } = session;
    if (!seen.has(id)) return [];
    const before = findSeen(seen, id, metadata.uid);
    if (verdict.state === 'FAILED') return before?.verdict === 'FAILED' ? [] : [{ session, word: 'failed' }];
    if (verdict.state !== 'PASSED' || before?.result === 'PASSED') return [];
    if (before?.result === 'FAILED') return [{ session, word: 'recovered' }];
    return [{ session, word: verdict.final ? 'passed' : 'is ready' }];
  });
}

/** Finds the last seen state of a run; undefined if another run was seen. */
function findSeen(seen: SeenSessions, id: string, uid: string | null): SeenSession | undefined {
  const known = seen.get(id);
  return known?.uid === uid ? known : undefined;
}

function isResult(state: VerdictState): state is 'PASSED' | 'FAILED' {
  return state === 'PASSED' || state === 'FAILED';
}
