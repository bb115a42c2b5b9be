import type { Context } from '../graphql/context.js';
import type { SubscriptionResolvers } from '../graphql/generated.js';
import { checkLast } from '../graphql/log-lines.js';
import { resolveSessionId } from '../graphql/selection.js';
import type { SessionId } from '../model/session.js';
import { findFactSelection } from './fact-selection.js';
import type { LogBatches } from './log-batches.js';
import { createLogFeed } from './log-feed.js';
import { projectLog } from './log-projection.js';
import type { Projection, SourceEvent, UpdateSource } from './projection.js';
import {
  type BoundSession,
  createSessionBinding,
  holdsDefaultSession,
  type SessionBinding,
} from './session-binding.js';
import { projectSession, projectSessionChanges } from './session-projections.js';
import { projectTargetChanges } from './target-changes.js';

/**
 * Source stream of a subscription, as its resolver returns it: what a reader needs to join a group, or to
 * open one. It is an async iterable because graphql-js requires one, and is not iterated.
 */
export interface Source<E extends SourceEvent = SourceEvent> extends AsyncIterable<E> {
  readonly context: Context;
  /**
   * The Session, which is part of the group's key because the client may have left it out. Null if none is
   * known, or none is needed.
   */
  readonly sessionId: SessionId | null;
  /** Cursor that the client saw last. */
  readonly since: string | null;
  /** Whether the missed changes complete the state that the client holds; otherwise it is reset. */
  mayResume(cursor: string): boolean;
  /** Opens the source and the events of a group. */
  openView(batches: LogBatches): View<E>;
}

/** The events of a group, and the source of its updates. */
export interface View<E extends SourceEvent = SourceEvent> {
  readonly source: UpdateSource;
  readonly projection: Projection<E>;
  /** Null for a set of Sessions. */
  readonly binding: SessionBinding | null;
}

/** The resolvers of all subscriptions. */
export const subscriptionResolvers: SubscriptionResolvers = {
  session: {
    subscribe(_, { id }, context, info) {
      return createSessionSource(context, id, NOTHING_SEEN, (binding) => ({
        source: context.store,
        projection: projectSession(context.store, binding, findFactSelection(info)),
      }));
    },
  },
  targetChanges: {
    subscribe(_, { session, where, since, resume, phaseChangesOnly }, context, info) {
      const last = { cursor: lastCursor(context, since), resume: resume ?? true };
      return createSessionSource(context, session, last, (binding) => ({
        source: context.store,
        projection: projectTargetChanges(context.store, {
          binding,
          where,
          phaseChangesOnly: phaseChangesOnly ?? false,
          facts: findFactSelection(info),
        }),
      }));
    },
  },
  sessionChanges: {
    subscribe: (_, { where, since, resume }, context, info) =>
      createSource({
        context,
        sessionId: null,
        since: lastCursor(context, since),
        mayResume: () => resume ?? true,
        openView: () => ({
          source: context.store,
          projection: projectSessionChanges(context.store, where, findFactSelection(info)),
          binding: null,
        }),
      }),
  },
  log: {
    subscribe(_, { session, resource, level, last }, context) {
      const selection = { resource: resource ?? undefined, level: level ?? undefined };
      const options = { selection, last: checkLast(last) };
      return createSessionSource(context, session, NOTHING_SEEN, (binding, batches) => {
        const source = createLogFeed({ store: context.store, batches, binding });
        return { source, projection: projectLog(source, options) };
      });
    },
  },
};

/** Whether a source stream is one of {@link subscriptionResolvers}. */
export function isSource(stream: object): stream is Source {
  return 'openView' in stream;
}

/**
 * Returns the cursor that a client saw last. `EventSource` repeats the request, with its old `since`, at each
 * reconnect: the id of the last event is newer.
 */
function lastCursor({ lastEventId }: Context, since: string | null | undefined): string | null {
  return lastEventId || (since ?? null);
}

/** What a client has seen before. */
interface Seen {
  readonly cursor: string | null;
  /** Whether it wants the changes since then, otherwise the complete state. */
  readonly resume: boolean;
}

const NOTHING_SEEN: Seen = { cursor: null, resume: true };

/** Creates the source of a subscription to one Session: the named one, otherwise the default Session. */
function createSessionSource<E extends SourceEvent>(
  context: Context,
  name: SessionId | null | undefined,
  { cursor: since, resume }: Seen,
  open: (binding: SessionBinding, batches: LogBatches) => Omit<View<E>, 'binding'>,
): Source<E> {
  const { store } = context;
  const { revision } = store;
  const bound: BoundSession = { id: resolveSessionId(store, name), isNamed: name != null, revision };
  return createSource({
    context,
    sessionId: bound.id,
    since,
    mayResume: (cursor) => resume && (bound.isNamed || holdsDefaultSession(store, bound.id, cursor)),
    openView(batches) {
      const binding = createSessionBinding(store, bound);
      return { ...open(binding, batches), binding };
    },
  });
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
