import type { SubscriptionResolvers } from '../graphql/generated.js';
import { meantSession } from '../graphql/lookup.js';
import { type BacklogLimits, DEFAULT_BACKLOG_LIMITS } from './backlog.js';
import { createReader } from './reader.js';
import { viewSession } from './session.js';
import { viewSessionChanges } from './session-changes.js';
import { viewTargetChanges } from './target-changes.js';

/** How each subscription is fed: its reader is registered when it is subscribed to, not at the first pull (S1). */
export function createSubscriptionResolvers(
  limits: BacklogLimits = DEFAULT_BACKLOG_LIMITS,
): SubscriptionResolvers {
  return {
    session: {
      subscribe: (_, { id }, { store }) =>
        createReader({ store, limits, since: null, view: viewSession(store, meantSession(store, id)) }),
    },
    targetChanges: {
      subscribe: (_, { session, where, since }, { store, lastEventId }) =>
        createReader({
          store,
          limits,
          since: since ?? lastEventId,
          view: viewTargetChanges(store, { session: meantSession(store, session), where }),
        }),
    },
    sessionChanges: {
      subscribe: (_, { where, since }, { store, lastEventId }) =>
        createReader({ store, limits, since: since ?? lastEventId, view: viewSessionChanges(store, where) }),
    },
  };
}
