import { between, pick, type Random } from '../../../src/providers/demo/random.js';
import { TARGET_FILTERS } from '../model/filters.js';
import type { Operation } from './connection.js';
import type { Compare, Fold } from './fold.js';
import { COUNTS, foldCounts, foldSession, SESSION } from './session.js';
import {
  foldSessionChanges,
  SESSION_CHANGES,
  SESSION_FILTERS,
  type SessionFilter,
} from './session-changes.js';
import { foldTargetChanges, TARGET_CHANGES } from './target-changes.js';

/** A subscription and what was folded of it. It may go on from its cursor on another connection. */
export interface Follower {
  /** For messages. */
  readonly name: string;
  readonly fold: Fold;
  /** What is sent to subscribe. */
  operation(): Operation;
}

/** What there is to follow. */
export interface FollowerOptions {
  /** The ids of Sessions that there may be. */
  readonly ids: readonly string[];
  readonly compare: Compare;
  readonly random: Random;
}

/** Of a hundred readers, so many follow all Sessions, one Session whole, and the counts of one; the rest, changes of targets. */
const [OF_SESSIONS, OF_WHOLE, OF_COUNTS] = [3, 1, 4];

/** A follower of anything. */
export function anyFollower({ ids, compare, random }: FollowerOptions): Follower {
  const session = ids[between(random, 0, ids.length - 1)] ?? '';
  const dice = random() * 100;
  if (dice < OF_SESSIONS) return ofSessions(pick(random, SESSION_FILTERS), compare);
  if (dice < OF_SESSIONS + OF_WHOLE) {
    return follower(`session ${session}`, SESSION, { session }, foldSession(session, compare));
  }
  if (dice < OF_SESSIONS + OF_WHOLE + OF_COUNTS) {
    return follower(`counts of ${session}`, COUNTS, { session }, foldCounts(session));
  }
  const filter = between(random, 0, TARGET_FILTERS.length - 1);
  const { where } = TARGET_FILTERS[filter] ?? { where: null };
  const name = `targetChanges of ${session}, filter ${filter}`;
  return follower(name, TARGET_CHANGES, { session, where }, foldTargetChanges(session, filter, compare));
}

/** A follower of every Session. */
export function followerOfAll(compare: Compare): Follower {
  return ofSessions(SESSION_FILTERS[0], compare);
}

function ofSessions(filter: SessionFilter, compare: Compare): Follower {
  const { where } = filter;
  const name = `sessionChanges where ${JSON.stringify(where)}`;
  return follower(name, SESSION_CHANGES, { where }, foldSessionChanges(filter, compare));
}

function follower(name: string, query: string, variables: Record<string, unknown>, fold: Fold): Follower {
  return {
    name,
    fold,
    operation() {
      fold.begin();
      return { query, variables, since: fold.cursor };
    },
  };
}
