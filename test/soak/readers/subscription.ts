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

/** A subscription and its fold. It can resume from its cursor on another connection. */
export interface Subscription {
  /** Name for messages. */
  readonly name: string;
  readonly fold: Fold;
  /** Operation that starts or resumes the subscription. */
  operation(): Operation;
}

/** Sessions to subscribe to, and dependencies. */
export interface SubscriptionOptions {
  /** Ids of all sessions that may exist. */
  readonly ids: readonly string[];
  readonly compare: Compare;
  readonly random: Random;
}

/**
 * Percentage of subscriptions to all sessions, to a whole session, and to the counts of a session. The others
 * subscribe to target changes.
 */
const [ALL_SESSIONS_PERCENT, WHOLE_SESSION_PERCENT, COUNTS_PERCENT] = [3, 1, 4];

/** Creates a random subscription. */
export function randomSubscription({ ids, compare, random }: SubscriptionOptions): Subscription {
  const session = ids[between(random, 0, ids.length - 1)] ?? '';
  const percent = random() * 100;
  if (percent < ALL_SESSIONS_PERCENT) return sessionsSubscription(pick(random, SESSION_FILTERS), compare);
  if (percent < ALL_SESSIONS_PERCENT + WHOLE_SESSION_PERCENT) {
    return createSubscription(`session ${session}`, SESSION, { session }, foldSession(session, compare));
  }
  if (percent < ALL_SESSIONS_PERCENT + WHOLE_SESSION_PERCENT + COUNTS_PERCENT) {
    return createSubscription(`counts of ${session}`, COUNTS, { session }, foldCounts(session));
  }
  const filter = between(random, 0, TARGET_FILTERS.length - 1);
  const { where } = TARGET_FILTERS[filter] ?? { where: null };
  const name = `targetChanges of ${session}, filter ${filter}`;
  return createSubscription(
    name,
    TARGET_CHANGES,
    { session, where },
    foldTargetChanges(session, filter, compare),
  );
}

/** Creates a subscription to the changes of every session. */
export function allSessionsSubscription(compare: Compare): Subscription {
  return sessionsSubscription(SESSION_FILTERS[0], compare);
}

function sessionsSubscription(filter: SessionFilter, compare: Compare): Subscription {
  const { where } = filter;
  const name = `sessionChanges where ${JSON.stringify(where)}`;
  return createSubscription(name, SESSION_CHANGES, { where }, foldSessionChanges(filter, compare));
}

function createSubscription(
  name: string,
  query: string,
  variables: Record<string, unknown>,
  fold: Fold,
): Subscription {
  return {
    name,
    fold,
    operation() {
      fold.begin();
      return { query, variables, since: fold.cursor };
    },
  };
}
