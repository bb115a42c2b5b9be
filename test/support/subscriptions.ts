import { type GraphQLSchema, parse } from 'graphql';
import type { Context } from '../../src/graphql/context.js';
import { createSchema } from '../../src/graphql/schema.js';
import { silentLog } from '../../src/lib/log.js';
import type { Store } from '../../src/store/store.js';
import { type BacklogLimits, DEFAULT_BACKLOG_LIMITS } from '../../src/subscriptions/backlog.js';
import { createLive } from '../../src/subscriptions/live.js';
import type { Payload } from '../../src/subscriptions/payload.js';
import { createSubscriptionResolvers } from '../../src/subscriptions/subscription-resolvers.js';
import { createTurn } from '../../src/subscriptions/turn.js';
import { createManualClock } from './manual-clock.js';

/** A subscription whose payloads the test pulls one by one, like a transport. */
export interface Subscriber<T> {
  /** Waits for the next payload and returns its data. Null at the end. */
  next(): Promise<T | null>;
  /** Returns all payloads that are already available, without waiting. */
  drain(): Promise<T[]>;
  /** Unsubscribes. */
  end(): Promise<void>;
}

/** Subscribes straight at the live layer, as a transport does. */
export async function subscribeTo<T>(
  store: Store,
  query: string,
  variableValues: Record<string, unknown> = {},
  { limits = DEFAULT_BACKLOG_LIMITS, lastEventId = null }: SubscribeOptions = {},
): Promise<Subscriber<T>> {
  const contextValue: Context = { store, version: 'test', scope: '', lastEventId };
  const schema = schemaFor(limits);
  // On a manual clock no flush appears slow, so the scheduler never cools down. On the system clock of a
  // busy machine it would, and `drain` would miss payloads.
  const turn = createTurn({ clock: createManualClock() });
  const live = createLive({ log: silentLog, turn, limits });
  const stream = await live.pull({ schema, document: parse(query), variableValues, contextValue });
  if (!(Symbol.asyncIterator in stream)) throw new Error(stream.errors?.map(String).join('; '));
  let pending: Promise<IteratorResult<Payload, undefined>> | null = null;

  return {
    async next() {
      pending ??= stream.next();
      const { done, value } = await pending;
      pending = null;
      return done ? null : parseData(value);
    },
    async drain() {
      const payloads: T[] = [];
      for (;;) {
        pending ??= stream.next();
        const result = await Promise.race([
          pending,
          new Promise<null>((resolve) => setImmediate(resolve, null)),
        ]);
        if (result === null || result.done) return payloads;
        pending = null;
        payloads.push(parseData(result.value));
      }
    },
    async end() {
      await stream.return(undefined);
    },
  };

  /** Parses the payload as sent over the wire. */
  function parseData({ body, errors }: Payload): T {
    if (errors) throw new Error(errors.map(String).join('; '));
    return JSON.parse(String(body)).data;
  }
}

interface SubscribeOptions {
  readonly limits?: BacklogLimits;
  readonly lastEventId?: string | null;
}

const schemas = new Map<BacklogLimits, GraphQLSchema>();

function schemaFor(limits: BacklogLimits): GraphQLSchema {
  const schema = schemas.get(limits) ?? createSchema(createSubscriptionResolvers(limits));
  schemas.set(limits, schema);
  return schema;
}
