import type { Clock } from '../../lib/clock.js';
import { type Moment, momentAgo } from '../../lib/moment.js';
import type { MicroTime } from '../../model/micro-time.js';
import type { SessionId } from '../../model/session.js';
import type { Revision } from '../../store/journal.js';
import { finalResultTime, type SessionRecord } from '../../store/record.js';
import type { SessionState } from './owned-key.js';

/**
 * Times at which connections were lost or ended, by the clocks of this machine: those of a bucket that is
 * copied may differ.
 */
export interface SessionEnds {
  /** Records the connection of a Session after a revision. */
  record(revision: Pick<Revision, 'id' | 'after' | 'ageMs'>): void;
  /**
   * Adds the time of its end to a state of a record that is not live. A record that has not ended, and was
   * not done before its connection was lost, ends later: its state gets no time.
   */
  withEnd(state: SessionState, record: SessionRecord): SessionState;
}

/** Creates an empty registry. */
export function createSessionEnds(clock: Clock): SessionEnds {
  /** Connections that are not live, by the wall-clock time at which each entered its state. */
  const entered = new Map<SessionId, { readonly since: MicroTime; readonly at: Moment }>();

  return {
    record({ id, after, ageMs }) {
      const since = after === null || after.connection.state === 'live' ? null : after.connection.since;
      if (since === null) entered.delete(id);
      else if (entered.get(id)?.since !== since) entered.set(id, { since, at: toMoment(since, ageMs) });
    },
    withEnd(state, record) {
      const since = record.connection.state === 'gone' ? record.connection.since : finalResultTime(record);
      // A STALE state of a done run gets it too: whoever copies that state dates the end from it.
      if (state.connection === 'live' || since === null) return state;
      const known = entered.get(record.id);
      return { ...state, endedAt: known?.since === since ? known.at : toMoment(since) };
    },
  };

  function toMoment(since: MicroTime, ageMs = clock.now() - Date.parse(since)): Moment {
    return momentAgo(clock, Math.max(0, ageMs));
  }
}
