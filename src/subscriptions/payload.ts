import { createHash } from 'node:crypto';
import type { ExecutionArgs, ExecutionResult } from 'graphql';
import type { Context } from '../graphql/context.js';
import { costOf } from '../graphql/cost.js';
import { CHEAP, type Executor } from '../graphql/executor.js';
import type { Executed } from '../graphql/job.js';
import { maskError } from '../graphql/mask.js';
import { UNIT_SIZES } from '../graphql/sizes.js';
import type { AnswerMemory } from '../graphql/unsent-answers.js';
import type { Log } from '../lib/log.js';
import type { LiveEvent } from './view.js';

/** A result that readers get: executed and serialised once for all that share it. Of the result itself only the errors are kept. */
export interface Payload extends Pick<ExecutionResult, 'errors'> {
  readonly cursor: string;
  readonly onlyIfDifferent: boolean;
  /** The result as JSON. */
  readonly body: Buffer;
  /** The same bytes and one `}` more: all that follows `{…,"payload":` in a message around it. */
  readonly closedBody: Buffer;
  /** Equal for payloads of equal bytes, and short: what a reader keeps of its last payload. */
  readonly identity: Buffer;
  /** To be retained while the payload is sent. Null for a short one, which is not counted. */
  readonly memory: AnswerMemory | null;
}

/** The longest body, in bytes, that readers keep. Of a longer one they keep a hash: 0.04 ms for 64 kB, 10 ms for 18 MB. */
const SHORT = 65_536;

const CLOSE = Buffer.from('}');

/** Makes the payloads of a subscription. */
export interface PayloadMaker {
  /** Executes the document on an event: at once when that is cheap, otherwise in slices. A promise never rejects. */
  make(event: LiveEvent): Payload | Promise<Payload>;
}

/** A subscription, and what executes it. */
export interface PayloadMakerOptions {
  readonly args: ExecutionArgs;
  readonly context: Context;
  readonly executor: Executor;
  readonly log: Log;
  /** Whether a payload is still of use. */
  readonly isWanted: () => boolean;
}

/** Creates a maker. */
export function createPayloadMaker({
  args,
  context,
  executor,
  log,
  isWanted,
}: PayloadMakerOptions): PayloadMaker {
  const { schema, document, operationName, variableValues: variables } = args;
  const operation = { schema, document, operationName, variables, store: context.store };
  /** What one Session with one target costs: an event costs no more than this for each of its items. */
  const unit = estimate(() => costOf({ ...operation, event: { count: 1, sizes: UNIT_SIZES } }));

  return {
    make(event) {
      const result = execute(event);
      return result instanceof Promise ? result.then(toPayload, fail) : toPayload(result);

      function fail(error: unknown): Payload {
        return toPayload({ errors: [maskError(error, log)] });
      }

      function toPayload(executed: Executed): Payload {
        const { cursor, onlyIfDifferent } = event;
        const closedBody = closedBodyOf(executed);
        const body = closedBody.subarray(0, -1);
        const { errors, large } = executed;
        const isLong = body.length > SHORT;
        return {
          ...(errors && { errors }),
          cursor,
          onlyIfDifferent,
          body,
          closedBody,
          identity: isLong ? createHash('sha256').update(body).digest() : body,
          memory: isLong && large ? large.memory : null,
        };
      }
    },
  };

  function execute(event: LiveEvent): Executed | Promise<Executed> {
    return executor.execute({
      args: { ...args, rootValue: event },
      context,
      cost: costOn(event),
      log,
      isWanted,
    });
  }

  /** An estimate that costs nothing where there is little; all is counted where there is much. */
  function costOn(event: LiveEvent): number {
    const most = unit * Math.max(event.items, 1);
    if (most <= CHEAP) return most;
    return estimate(() => costOf({ ...operation, event: { count: 1, sizes: event.sizes() } }));
  }
}

/** What cannot be told is taken to be much. */
function estimate(cost: () => number | null): number {
  try {
    return cost() ?? 0;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

function closedBodyOf({ stringify, large, ...result }: Executed): Buffer {
  if (large) return Buffer.concat([...large.parts, CLOSE]);
  return Buffer.from(`${stringify ? stringify() : JSON.stringify(result)}}`);
}

/** Whether what a transport was given is one of ours. */
export function isPayload(result: object): result is Payload {
  return 'body' in result && 'cursor' in result;
}

/**
 * Whether a reader that has the one need not be sent the other (S6).
 *
 * @param last the identity of the payload that it has
 */
export function isRepeated({ onlyIfDifferent, identity }: Payload, last: Buffer | null): boolean {
  if (!onlyIfDifferent || last === null) return false;
  return identity === last || identity.equals(last);
}
