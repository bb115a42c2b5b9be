import { createHash } from 'node:crypto';
import type { ExecutionArgs, ExecutionResult, GraphQLError } from 'graphql';
import { compileOperation } from '../graphql/compiled-operation.js';
import type { Context } from '../graphql/context.js';
import { maskError } from '../graphql/errors.js';
import type { Executed } from '../graphql/execution.js';
import { CHEAP, type Executor } from '../graphql/executor.js';
import type { AnswerMemory } from '../graphql/unsent-answers.js';
import type { Log } from '../lib/log.js';
import { countRejections, type Metrics } from '../lib/metrics.js';
import { type Deflated, deflateBody, deflateLarge, MIN_DEFLATED } from './deflated.js';
import { createEventCosts } from './event-cost.js';
import type { SourceEvent } from './projection.js';

/**
 * A result as readers are sent it, executed and serialised once for all of them. Of the result itself only
 * the errors are kept.
 */
export interface Payload extends Pick<ExecutionResult, 'errors'> {
  readonly cursor: string;
  readonly onlyIfDifferent: boolean;
  readonly isSnapshot: boolean;
  /** Whether there are only errors, so that the readers miss the event. */
  readonly isFailed: boolean;
  /** Cost of the event if it is not cheap, else 0. */
  readonly cost: number;
  /** The result as JSON. */
  readonly body: Buffer;
  /** The same bytes and one `}` more: all that follows `{…,"payload":` in a WebSocket message. */
  readonly closedBody: Buffer;
  /** The body compressed, with the first read; null if it stays plain. */
  readonly deflated: Deflated | null;
  /** Equal for payloads of equal bytes, and short: a reader keeps that of its last payload. */
  readonly identity: Buffer;
  /** Retained while the payload is sent. Null for a short payload, which is not counted. */
  readonly memory: AnswerMemory | null;
}

/**
 * Longest body, in bytes, that readers keep. Of a longer one they keep a hash: 0.04 ms for 64 kB, 10 ms for
 * 18 MB.
 */
const MAX_KEPT_BYTES = 65_536;

const CLOSE = Buffer.from('}');

/** Makes the payloads of a subscription. */
export interface PayloadMaker {
  /**
   * Executes the document on an event: at once if that is cheap, otherwise in slices. An event whose cost is
   * above the limit is not executed: its payload is the error. A promise never rejects.
   */
  make(event: SourceEvent): Payload | Promise<Payload>;
}

/** A subscription, and what executes it. */
export interface PayloadMakerOptions {
  readonly args: ExecutionArgs;
  readonly context: Context;
  readonly executor: Executor;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Maximum cost of an event (`complexity`). */
  readonly maxCost: number;
  /** Whether a reader still waits for payloads. */
  readonly isWanted: () => boolean;
  /** Whether a reader needs compressed payloads. */
  readonly isCompressed: () => boolean;
}

/** Creates the maker of one group. */
export function createPayloadMaker({
  args,
  context,
  executor,
  log,
  metrics,
  maxCost,
  isWanted,
  isCompressed,
}: PayloadMakerOptions): PayloadMaker {
  const { schema, document, operationName, variableValues: variables } = args;
  const operation = { schema, document, operationName, variables, store: context.store };
  const compiled = compileOperation(args);
  const costs = createEventCosts(operation, maxCost);

  return {
    make(event) {
      const cost = costs.estimate(event);
      if (typeof cost !== 'number') return reject(cost);
      const result = execute(event, cost);
      return result instanceof Promise ? result.then(finish, fail) : toPayload(result);

      function reject(error: GraphQLError): Payload {
        return toPayload({ errors: [error] });
      }

      /** Compresses a large answer, which keeps its memory until the readers retain it. */
      async function finish(executed: Executed): Promise<Payload> {
        const { large } = executed;
        if (!large || large.bytes < MIN_DEFLATED || !isCompressed()) return toPayload(executed);
        const release = large.memory.retain(() => {});
        const deflated = await deflateLarge(large);
        setImmediate(release);
        return toPayload(executed, deflated);
      }

      function fail(error: unknown): Payload {
        return toPayload({ errors: [maskError(error, log)] });
      }

      function toPayload(executed: Executed, early?: Deflated | null): Payload {
        let deflated = early;
        const { cursor, onlyIfDifferent, isSnapshot } = event;
        const closedBody = serialise(executed);
        const body = closedBody.subarray(0, -1);
        const { errors, large } = executed;
        const isFailed = errors !== undefined && !large && executed.data == null;
        if (isFailed) countRejections(metrics, errors);
        const isLong = body.length > MAX_KEPT_BYTES;
        return {
          ...(errors && { errors }),
          cursor,
          onlyIfDifferent,
          isSnapshot,
          isFailed,
          cost: typeof cost === 'number' && cost > CHEAP ? cost : 0,
          body,
          closedBody,
          get deflated() {
            if (deflated === undefined) deflated = deflateBody(body);
            return deflated;
          },
          identity: isLong ? createHash('sha256').update(body).digest() : body,
          memory: isLong && large ? large.memory : null,
        };
      }
    },
  };

  function execute(event: SourceEvent, cost: number): Executed | Promise<Executed> {
    return executor.execute({
      args: { ...args, rootValue: event },
      compiled,
      context,
      cost,
      recheck: () => costs.check(event),
      log,
      isWanted,
    });
  }
}

/** Writes the JSON of a result, with one `}` more. */
function serialise({ stringify, large, ...result }: Executed): Buffer {
  if (large) return Buffer.concat([...large.parts, CLOSE]);
  return Buffer.from(`${stringify ? stringify() : JSON.stringify(result)}}`);
}

/**
 * Whether a payload is left out because it equals the reader's last one (S6).
 *
 * @param last identity of the reader's last payload
 */
export function isRepeated({ onlyIfDifferent, identity }: Payload, last: Buffer | null): boolean {
  if (!onlyIfDifferent || last === null) return false;
  return identity === last || identity.equals(last);
}
