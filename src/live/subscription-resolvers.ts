import type { SubscriptionResolvers } from '../graphql/generated.js';
import { meantSession } from '../graphql/lookup.js';
import { type BacklogLimits, DEFAULT_BACKLOG_LIMITS } from './backlog.js';
import { viewSession } from './session.js';
import { viewSessionChanges } from './session-changes.js';
import { createSource } from './source.js';
import { viewTargetChanges } from './target-changes.js';

/** What each subscription shows. */
export function createSubscriptionResolvers(
  limits: BacklogLimits = DEFAULT_BACKLOG_LIMITS,
): SubscriptionResolvers {
  return {
    session: {
      subscribe(_, { id }, { store }) {
        const meant = meantSession(store, id);
        return createSource(store, limits, {
          meant: meant ?? '',
          since: null,
          openView: () => viewSession(store, meant),
        });
      },
    },
    targetChanges: {
      subscribe(_, { session, where, since }, { store, lastEventId }) {
        const meant = meantSession(store, session);
        return createSource(store, limits, {
          meant: meant ?? '',
          since: since ?? lastEventId,
          openView: () => viewTargetChanges(store, { session: meant, where }),
        });
      },
    },
    sessionChanges: {
      subscribe: (_, { where, since }, { store, lastEventId }) =>
        createSource(store, limits, {
          meant: '',
          since: since ?? lastEventId,
          openView: () => viewSessionChanges(store, where),
        }),
    },
  };
}
