import { parse } from 'graphql';
import type { Context } from '../../src/graphql/context.js';
import { DEFAULT_QUERY_LIMITS } from '../../src/graphql/limits.js';
import { createSchema } from '../../src/graphql/schema.js';
import { silentLog } from '../../src/lib/log.js';
import { createReaderCounts } from '../../src/lib/metrics.js';
import type { ReadableStore } from '../../src/store/scoped.js';
import { type BacklogLimits, DEFAULT_BACKLOG_LIMITS } from '../../src/subscriptions/backlog.js';
import { createFlushScheduler } from '../../src/subscriptions/flush-scheduler.js';
import type { Payload } from '../../src/subscriptions/payload.js';
import { Reader } from '../../src/subscriptions/reader.js';
import { subscriptionResolvers } from '../../src/subscriptions/subscription-resolvers.js';
import { createSubscriptions } from '../../src/subscriptions/subscriptions.js';
import { createManualClock, type ManualClock } from './manual-clock.js';

/** A reader of a subscription, whose payloads the test takes. */
export interface Subscriber<T> {
  /** Removes and returns the data of the next payload; null if the tick brings none. */
  next(): Promise<T | null>;
  /** Removes and returns the data of all payloads up to the end of the tick. */
  drain(): Promise<T[]>;
  /** Pauses sending, as a connection does whose client does not read. */
  pause(): void;
  resume(): void;
  /** Ends it, as a client does. */
  end(): void;
}

/** Subscribes without a transport. */
export async function subscribeTo<T>(
  store: ReadableStore,
  query: string,
  variableValues: Record<string, unknown> = {},
  options: SubscribeOptions = {},
): Promise<Subscriber<T>> {
  const { limits = DEFAULT_BACKLOG_LIMITS, lastEventId = null, clock = createManualClock() } = options;
  const { complexity = DEFAULT_QUERY_LIMITS.complexity, onError = fail, isPaused = false } = options;
  const contextValue: Context = { store, version: 'test', scope: '', lastEventId };
  // A busy machine would make the scheduler cool down. On a manual clock no flush appears slow.
  const scheduler = createFlushScheduler({ clock: createManualClock() });
  const subscriptions = createSubscriptions({ log: silentLog, scheduler, limits, complexity, clock });
  const args = { schema, document: parse(query), variableValues, contextValue };
  const payloads: T[] = [];
  const sink = { isCompressed: false, isPaused, isEnded: false, send };
  const reader = await subscriptions.subscribe(args, sink, createReaderCounts());
  if (!(reader instanceof Reader)) throw new Error(reader.errors?.map(String).join('; '));

  return {
    async next() {
      await new Promise(setImmediate);
      return payloads.shift() ?? null;
    },
    async drain() {
      await new Promise(setImmediate);
      return payloads.splice(0);
    },
    pause: () => reader.pause(),
    resume() {
      sink.isPaused = false;
      reader.resume();
    },
    end: () => reader.end(),
  };

  /** As it goes over the wire. */
  function send({ body, errors }: Payload): void {
    if (errors) for (const { extensions, message } of errors) onError(String(extensions.code ?? message));
    else payloads.push(JSON.parse(String(body)).data);
  }
}

function fail(error: string): void {
  throw new Error(error);
}

interface SubscribeOptions {
  readonly limits?: BacklogLimits;
  readonly lastEventId?: string | null;
  readonly clock?: ManualClock;
  readonly complexity?: number;
  /** Whether it begins on a connection whose client does not read, until it is resumed. Default: false. */
  readonly isPaused?: boolean;
  /** Called with the code of each error in a payload. Default: throws it. */
  readonly onError?: (code: string) => void;
}

const schema = createSchema(subscriptionResolvers);
