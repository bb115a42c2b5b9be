import type { SubscriptionResolvers } from '../graphql/generated.js';
import { meantSession } from '../graphql/lookup.js';
import { type BacklogLimits, DEFAULT_BACKLOG_LIMITS } from './backlog.js';
import { viewSession, viewSessionChanges } from './session-changes.js';
import { createSource } from './source.js';
import { viewTargetChanges } from './target-changes.js';

/** What each subscription shows. */
export function createSubscriptionResolvers(
  limits: BacklogLimits = DEFAULT_BACKLOG_LIMITS,
): SubscriptionResolvers {
  return {
    session: {
      subscribe(_, { id }, context) {
        const meant = meantSession(context.store, id);
        return createSource(context, limits, {
          meant: meant ?? '',
          since: null,
          openView: () => viewSession(context.store, meant),
        });
      },
    },
    targetChanges: {
      subscribe(_, { session, where, since, phaseChangesOnly }, context) {
        const meant = meantSession(context.store, session);
        return createSource(context, limits, {
          meant: meant ?? '',
          since: since ?? context.lastEventId,
          openView: () =>
            viewTargetChanges(context.store, {
              session: meant,
              where,
              phaseChangesOnly: phaseChangesOnly ?? false,
            }),
        });
      },
    },
    sessionChanges: {
      subscribe: (_, { where, since }, context) =>
        createSource(context, limits, {
          meant: '',
          since: since ?? context.lastEventId,
          openView: () => viewSessionChanges(context.store, where),
        }),
    },
  };
}
