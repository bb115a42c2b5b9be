import { createSourceEventStream, type ExecutionArgs, type ExecutionResult, GraphQLError } from 'graphql';
import { LRUCache } from 'lru-cache';
import { createExecutor, type ExecutorLimits } from '../graphql/executor.js';
import { DEFAULT_LARGE_LIMITS, DEFAULT_QUERY_LIMITS } from '../graphql/limits.js';
import { selectsLog } from '../graphql/log-lines.js';
import { type Clock, systemClock } from '../lib/clock.js';
import type { Log } from '../lib/log.js';
import { createMetrics, type Metrics, type ReaderCounts } from '../lib/metrics.js';
import { type BacklogLimits, DEFAULT_BACKLOG_LIMITS } from './backlog.js';
import { createFlushScheduler, type FlushScheduler } from './flush-scheduler.js';
import { createGroup, type Group } from './group.js';
import { groupKey, shortenKey } from './group-key.js';
import { createLogBatches } from './log-batches.js';
import { createPayloadMaker, type Payload } from './payload.js';
import { Reader, type Sink } from './reader.js';
import { createRequestMemory, DEFAULT_SUBSCRIPTION_BYTES } from './request-memory.js';
import { sizeOfRequest, usedVariables } from './request-size.js';
import type { SessionBinding } from './session-binding.js';
import type { SnapshotCache } from './shared-payloads.js';
import { isSource, type Source } from './subscription-resolvers.js';

/**
 * Serves subscriptions. Readers of equal subscriptions share execution and bytes, over whatever transport.
 */
export interface Subscriptions {
  /** Number of open subscriptions. */
  readonly readers: number;
  /** Number of different subscriptions: each is executed once per update. */
  readonly groups: number;
  /**
   * Starts a reader that sends its payloads to a sink. Resolves with the errors of a subscription that cannot
   * be started, or whose sink has ended meanwhile; they are not masked.
   *
   * @param counts of the reader's transport
   */
  subscribe(args: ExecutionArgs, sink: Sink, counts: ReaderCounts): Promise<Reader | ExecutionResult>;
}

/** Dependencies and limits of subscriptions. */
export interface SubscriptionsOptions {
  readonly log: Log;
  /** Gathers the updates of a tick. Default: a scheduler of their own. */
  readonly scheduler?: FlushScheduler;
  /** Limits of what is kept for readers that lag. */
  readonly limits?: BacklogLimits;
  /** Default: nothing is counted. */
  readonly metrics?: Metrics;
  /** Limits of large payloads. Default: those of large answers. */
  readonly largeLimits?: Pick<ExecutorLimits, 'responseBytes' | 'unsentBytes'>;
  /** Maximum cost of a payload. Default: that of an answer. */
  readonly complexity?: number;
  /**
   * Maximum memory of the documents and variables that all running subscriptions keep, in bytes. Default:
   * {@link DEFAULT_SUBSCRIPTION_BYTES}.
   */
  readonly subscriptionBytes?: number;
  /** Default: the system's. */
  readonly clock?: Pick<Clock, 'monotonic' | 'after'>;
}

interface JoinableGroup {
  readonly group: Group;
  /** Null for a set of Sessions. */
  readonly binding: SessionBinding | null;
}

const DEFAULT_LIMITS = { ...DEFAULT_QUERY_LIMITS, ...DEFAULT_LARGE_LIMITS };

/** Sent instead of older updates than the reader has seen. */
const BEHIND: ExecutionResult = {
  errors: [
    new GraphQLError(
      'This gateway has not received the revision of the cursor yet. Try again, or use another gateway.',
      {
        extensions: { code: 'BEHIND' },
      },
    ),
  ],
};

/** Result for a client that has ended the subscription while it was being started. */
const ENDED: ExecutionResult = { errors: [new GraphQLError('The subscription has ended.')] };

/** Result above the limit of all clients. */
const NO_ROOM: ExecutionResult = {
  errors: [
    new GraphQLError(
      'The running subscriptions of all clients keep too many bytes of documents and variables (--limit subscriptionBytes). Send fewer values as variables, or try again later.',
      { extensions: { code: 'SUBSCRIPTIONS_TOO_LARGE' } },
    ),
  ],
};

/** Creates a registry without subscriptions. */
export function createSubscriptions(options: SubscriptionsOptions): Subscriptions {
  const {
    log,
    scheduler = createFlushScheduler(),
    limits = DEFAULT_BACKLOG_LIMITS,
    metrics = createMetrics(),
  } = options;
  const {
    largeLimits = DEFAULT_LIMITS,
    complexity = DEFAULT_LIMITS.complexity,
    subscriptionBytes = DEFAULT_SUBSCRIPTION_BYTES,
    clock = systemClock,
  } = options;
  const groups = new Set<Group>();
  /** The groups that new readers may join, by key. */
  const joinable = new Map<string, JoinableGroup>();
  const requests = createRequestMemory(subscriptionBytes);
  const batches = createLogBatches(clock);
  const createSnapshotCache = createSnapshotCaches();
  // A lane of their own: payloads do not wait for long queries. There are no more of them than groups.
  const { responseBytes, unsentBytes } = largeLimits;
  const executor = createExecutor(
    { responseBytes, unsentBytes, queuedOperations: Number.POSITIVE_INFINITY },
    clock,
  );
  metrics.registerGauges({ largePayloads: () => executor.load(), groups: () => groups.size });

  return {
    get readers() {
      return [...groups].reduce((total, { readers }) => total + readers, 0);
    },
    get groups() {
      return groups.size;
    },
    async subscribe(args, sink, counts) {
      const source = await openSource(args);
      if (!isSource(source)) return failed(source);
      // Its first payload would be sent, and the client may have used the id of the operation again.
      if (sink.isEnded) return ENDED;
      const since = source.since !== null && source.mayResume(source.since) ? source.since : null;
      const group = openGroup(args, source);
      return group === null ? NO_ROOM : new Reader(group, sink, { since, limits, counts });
    },
  };

  /**
   * A reader that comes from another gateway may have seen updates that are still on their way to this one.
   * The default Session may be known only afterwards.
   */
  async function openSource(args: ExecutionArgs): ReturnType<typeof createSourceEventStream> {
    const source = await createSourceEventStream(args);
    if (!isSource(source) || source.since === null) return source;
    const caughtUp = source.context.store.catchUp(source.since);
    if (caughtUp === null) return source;
    return (await caughtUp) ? createSourceEventStream(args) : BEHIND;
  }

  /**
   * Returns the group of a subscription, or null if its request is above the limit. A reader has to join it
   * in the same tick.
   */
  function openGroup(request: ExecutionArgs, { context, sessionId, openView }: Source): Group | null {
    const key = shortenKey(`${context.scope}\n${sessionId ?? ''}\n${groupKey(request)}`);
    const known = joinable.get(key);
    // A group without a Session's name may have switched to another one than the key says.
    if (known && (known.binding === null || known.binding.id === sessionId)) return known.group;
    const size = sizeOfRequest(request);
    if (!requests.hasRoomFor(size)) return null;
    const args = { ...request, variableValues: usedVariables(request) };
    const { source, projection, binding } = openView(batches);
    const group: Group = createGroup({
      store: source,
      scheduler,
      projection,
      maker: createPayloadMaker({
        args,
        context,
        executor,
        log,
        metrics,
        maxCost: complexity,
        isWanted: () => groups.has(group),
        isCompressed: () => group.isCompressed,
      }),
      // New lines are no revisions, so a snapshot with lines is outdated at any time.
      cache: source === context.store && selectsLog(args.document) ? NO_CACHE : createSnapshotCache(),
      onEmpty() {
        groups.delete(group);
        release();
        if (joinable.get(key)?.group === group) joinable.delete(key);
      },
    });
    groups.add(group);
    const release = requests.retain(size);
    joinable.set(key, { group, binding });
    return group;
  }
}

function failed(source: ExecutionResult | AsyncIterable<unknown>): ExecutionResult {
  if (Symbol.asyncIterator in source) throw new TypeError('Expected a source of subscriptionResolvers.');
  return source;
}

const NO_CACHE: SnapshotCache = { get: () => undefined, set: () => {}, delete: () => {} };

/** Memory of the snapshots of all groups together, in bytes: one of 10,000 targets has 2 MB. */
const MAX_SNAPSHOT_BYTES = 64 * 2 ** 20;

/** Memory of a cached payload apart from its body, in bytes. Its compressed form has a tenth of the body. */
const ENTRY_BYTES = 500;

/**
 * Creates the snapshot caches of all groups, which share a limit in bytes: the least recently used one is
 * evicted. Without it twenty different subscriptions on one socket held 885 MB.
 */
function createSnapshotCaches(): () => SnapshotCache {
  const snapshots = new LRUCache<number, Payload>({
    maxSize: MAX_SNAPSHOT_BYTES,
    sizeCalculation: ({ body }) => body.length + ENTRY_BYTES,
  });
  let groups = 0;

  return () => {
    const group = groups;
    groups += 1;
    return {
      get: () => snapshots.get(group),
      set: (payload) => snapshots.set(group, payload),
      delete: () => snapshots.delete(group),
    };
  };
}
