import type { Context } from '../graphql/context.js';
import type { SubscriptionResolvers } from '../graphql/generated.js';
import { resolveSessionId } from '../graphql/selection.js';
import type { SessionId } from '../model/session.js';
import type { Projection, SourceEvent } from './projection.js';
import { projectSession, projectSessionChanges } from './session-changes.js';
import { projectTargetChanges } from './target-changes.js';

/**
 * Source stream of a subscription, as its resolver returns it: what a reader needs to join a group, or to
 * open one. It is an async iterable because graphql-js requires one, and is not iterated.
 */
export interface Source<E extends SourceEvent = SourceEvent> extends AsyncIterable<E> {
  readonly context: Context;
  /**
   * The Session that the client left out, which is part of the group's key; empty if none is known, or none
   * is needed.
   */
  readonly sessionId: SessionId;
  /** Cursor that the client saw last. */
  readonly since: string | null;
  openProjection(): Projection<E>;
}

/** The resolvers of all subscriptions. */
export const subscriptionResolvers: SubscriptionResolvers = {
  session: {
    subscribe(_, { id }, context) {
      const sessionId = resolveSessionId(context.store, id);
      return createSource({
        context,
        sessionId: sessionId ?? '',
        since: null,
        openProjection: () => projectSession(context.store, sessionId),
      });
    },
  },
  targetChanges: {
    subscribe(_, { session, where, since, phaseChangesOnly }, context) {
      const sessionId = resolveSessionId(context.store, session);
      return createSource({
        context,
        sessionId: sessionId ?? '',
        since: since ?? context.lastEventId,
        openProjection: () =>
          projectTargetChanges(context.store, {
            session: sessionId,
            where,
            phaseChangesOnly: phaseChangesOnly ?? false,
          }),
      });
    },
  },
  sessionChanges: {
    subscribe: (_, { where, since }, context) =>
      createSource({
        context,
        sessionId: '',
        since: since ?? context.lastEventId,
        openProjection: () => projectSessionChanges(context.store, where),
      }),
  },
};

/** Whether a source stream is one of {@link subscriptionResolvers}. */
export function isSource(stream: object): stream is Source {
  return 'openProjection' in stream;
}

function createSource<E extends SourceEvent>(
  source: Omit<Source<E>, typeof Symbol.asyncIterator>,
): Source<E> {
  return {
    ...source,
    [Symbol.asyncIterator]() {
      throw new TypeError('Readers are served by groups (subscriptions.ts).');
    },
  };
}
