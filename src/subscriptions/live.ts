import { createSourceEventStream, type ExecutionArgs, type ExecutionResult, GraphQLError } from 'graphql';
import { createExecutor, type ExecutorLimits } from '../graphql/executor.js';
import { DEFAULT_LARGE_LIMITS, DEFAULT_QUERY_LIMITS } from '../graphql/limits.js';
import { maskResult } from '../graphql/mask.js';
import { type Clock, systemClock } from '../lib/clock.js';
import type { Log } from '../lib/log.js';
import { createMetrics, type Metrics } from '../lib/metrics.js';
import { type BacklogLimits, DEFAULT_BACKLOG_LIMITS } from './backlog.js';
import { createGroup, type Group } from './group.js';
import { createPayloadMaker } from './payload.js';
import { createPayloadCaches } from './payload-cache.js';
import { type Outlet, PushedReader } from './pushed-reader.js';
import { createPulledReader, type PayloadStream } from './reader.js';
import { sharingKey } from './sharing-key.js';
import { isSource, type Source } from './source.js';
import { createTurn, type Turn } from './turn.js';

/** Serves subscriptions. Readers of equal subscriptions share execution and bytes, by whatever transport they came. */
export interface Live {
  /** How many subscriptions are open. */
  readonly readers: number;
  /** How many different ones that are: each is executed once an update. */
  readonly groups: number;
  /**
   * Subscribes a reader that pulls, so that its transport's backpressure reaches the backlog (S5). The stream's
   * `return()` ends it at once, also while it is idle (S7). Resolves with a result when the subscription is not valid.
   *
   * @param cut closes the reader's connection when it takes too long to read a large payload. Default: it stays open
   */
  pull(args: ExecutionArgs, cut?: () => void): Promise<ExecutionResult | PayloadStream>;
  /** Subscribes a reader that payloads are pushed to. Resolves with a result as `pull` does. */
  push(args: ExecutionArgs, outlet: Outlet): Promise<ExecutionResult | PushedReader>;
}

/** What subscriptions are served from. */
export interface LiveOptions {
  readonly log: Log;
  /** Gathers the updates of a turn of the event loop. Default: one of its own. */
  readonly turn?: Turn;
  /** What is remembered for readers that lag. */
  readonly limits?: BacklogLimits;
  /** Default: nothing is counted. */
  readonly metrics?: Metrics;
  /** What large payloads may take. Default: as large answers. */
  readonly largeLimits?: Pick<ExecutorLimits, 'answerBytes' | 'unsentBytes'>;
  /** Default: the machine's. */
  readonly clock?: Pick<Clock, 'monotonic' | 'after'>;
}

const DEFAULT_LIMITS = { ...DEFAULT_QUERY_LIMITS, ...DEFAULT_LARGE_LIMITS };

/** Told rather than older news than the reader has. */
const BEHIND: ExecutionResult = {
  errors: [
    new GraphQLError('This gateway has not read as far as the cursor yet. Try again, or ask another one.', {
      extensions: { code: 'BEHIND' },
    }),
  ],
};

/** No subscription is open yet. */
export function createLive(options: LiveOptions): Live {
  const { log, turn = createTurn(), limits = DEFAULT_BACKLOG_LIMITS, metrics = createMetrics() } = options;
  const { largeLimits = DEFAULT_LIMITS, clock = systemClock } = options;
  const groups = new Map<string, Group>();
  const caches = createPayloadCaches();
  // A lane of their own: payloads need not wait for the queries that take long. There are no more than groups.
  const { answerBytes, unsentBytes } = largeLimits;
  const executor = createExecutor(
    { answerBytes, unsentBytes, waitingOperations: Number.POSITIVE_INFINITY },
    clock,
  );
  metrics.registerGauges({
    largePayloads: () => executor.load(),
    pushedReaders: () => sum(({ readers, pulling }) => readers - pulling),
    pulledReaders: () => sum(({ pulling }) => pulling),
    groups: () => groups.size,
  });

  return {
    get readers() {
      return sum(({ readers }) => readers);
    },
    get groups() {
      return groups.size;
    },
    async pull(args, cut = () => {}) {
      const source = await createSourceEventStream(args);
      if (!isSource(source)) return refusal(source);
      if (!(await hasCaughtUp(source))) return BEHIND;
      const group = groupOf(args, source);
      return createPulledReader(group, { since: source.since, limits, cut }, group.hold());
    },
    async push(args, outlet) {
      const source = await createSourceEventStream(args);
      if (!isSource(source)) return refusal(source);
      if (!(await hasCaughtUp(source))) return BEHIND;
      return new PushedReader(groupOf(args, source), outlet, source.since, limits);
    },
  };

  /** A reader that comes from another gateway may have seen what is still on its way to this one. */
  async function hasCaughtUp({ store, since }: Source): Promise<boolean> {
    return since === null || ((await store.catchUp(since)) ?? true);
  }

  /** The group of a subscription, which it has to join at once. */
  function groupOf(args: ExecutionArgs, source: Source): Group {
    const key = `${source.scope}\n${source.meant}\n${sharingKey(args)}`;
    const known = groups.get(key);
    if (known) return known;
    const group: Group = createGroup({
      store: source.store,
      turn,
      metrics,
      view: source.openView(),
      maker: createPayloadMaker({
        args,
        context: source.context,
        executor,
        log,
        isWanted: () => groups.get(key) === group,
      }),
      cache: caches.create(),
      onEmpty: () => groups.delete(key),
    });
    groups.set(key, group);
    return group;
  }

  function sum(of: (group: Group) => number): number {
    return [...groups.values()].reduce((total, group) => total + of(group), 0);
  }

  function refusal(source: ExecutionResult | AsyncIterable<unknown>): ExecutionResult {
    if (Symbol.asyncIterator in source) throw new TypeError('Expected a source of our own.');
    return maskResult(source, log);
  }
}
