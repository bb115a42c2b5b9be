import { type ExecutionResult, execute, GraphQLError } from 'graphql';
import type { Clock } from '../lib/clock.js';
import { freezeStore } from '../store/scoped.js';
import { maskResult } from './errors.js';
import { createClientQueues, createLane } from './event-loop.js';
import type { Executed, Job } from './execution.js';
import { createSharedExecutions, type Execution } from './execution.js';
import type { LargeLimits, QueryLimits } from './limits.js';
import { createPacer, type Pacer, type PacerOptions } from './pacer.js';
import { responseTooLarge } from './query-limits.js';
import { createUnsentAnswers } from './unsent-answers.js';
import { isWithin, TooLongError, writeJson } from './write-json.js';

/** Executes operations within the limits of large answers. */
export interface Executor {
  /** Current load of large operations. */
  load(): ExecutorLoad;
  /**
   * Executes an operation: at once if it is cheap. Others are executed in slices, one after the other, once
   * there is memory for the answer. Equal operations are executed once. Results in the error `SERVER_BUSY` if
   * too many are queued.
   */
  execute(job: Job): Executed | Promise<Executed>;
}

/** Load of an executor's large operations. */
export interface ExecutorLoad {
  /** Bytes of serialised answers that are not sent yet. */
  readonly unsentBytes: number;
  /** Maximum of {@link unsentBytes} so far. */
  readonly peakUnsentBytes: number;
  /** Number of queued operations. */
  readonly waiting: number;
}

/** Limits of an executor. */
export type ExecutorLimits = LargeLimits & Pick<QueryLimits, 'responseBytes'>;

/** Cost up to which an operation is executed at once. 10,000 fields take 10 to 40 ms. */
export const CHEAP = 10_000;

/**
 * Length in bytes up to which an answer is short. Operations with long texts are cheap to execute and large
 * to send.
 */
const SHORT = 2 ** 20;

/** Maximum number of bytes of a UTF-16 code unit in UTF-8. */
const MAX_UTF8 = 3;

/** Maximum number of errors in an answer: one for each of 50,000 items would exceed every limit. */
const MAX_ERRORS = 100;

/** Creates an executor with a queue and a memory limit of its own. */
export function createExecutor(
  limits: ExecutorLimits,
  clock: Pick<Clock, 'monotonic' | 'after'> & PacerOptions,
): Executor {
  const { responseBytes } = limits;
  const tooLarge: Executed = { errors: [responseTooLarge(responseBytes)] };
  const shortBytes = Math.min(SHORT, responseBytes);
  const lane = createLane(limits.queuedOperations);
  const unsent = createUnsentAnswers({ ...limits, clock });
  const shared = createSharedExecutions();
  const clients = createClientQueues();

  return {
    load: () => ({
      unsentBytes: unsent.bytes,
      peakUnsentBytes: unsent.peakBytes,
      waiting: lane.waiting,
    }),
    execute(job) {
      if (job.cost > CHEAP) {
        return ofClient(job, () =>
          shared.run(job, (execution) => inLane(() => executeInSlices(job, execution))),
        );
      }
      const json = job.compiled?.(job.args.rootValue, job.context, shortBytes / MAX_UTF8) ?? null;
      if (json !== null) return { stringify: () => json };
      const result = execute({ ...job.args, contextValue: job.context });
      return result instanceof Promise ? result.then(finish) : finish(result);

      function finish(executed: ExecutionResult): Executed | Promise<Executed> {
        const result = withFewErrors(maskResult(executed, job.log));
        const short = asShort(result);
        if (short !== null) return short;
        if (!isWithin(result.data, responseBytes)) return tooLarge;
        return ofClient(job, () => inLane(() => writeInSlices(job, result)));
      }
    },
  };

  /**
   * Returns null for a large answer. A character has up to six bytes: near the limit the JSON is serialised
   * and measured.
   */
  function asShort(result: ExecutionResult): Executed | null {
    if (isWithin(result.data, shortBytes / 6)) return result;
    if (!isWithin(result.data, shortBytes)) return null;
    const json = JSON.stringify(plain(result));
    return Buffer.byteLength(json) <= shortBytes ? { ...result, stringify: () => json } : null;
  }

  function ofClient({ client }: Job, task: () => Promise<Executed>): Promise<Executed> {
    return client ? clients.run(client, task) : task();
  }

  function inLane(task: () => Promise<Executed>): Promise<Executed> {
    return lane.run(task) ?? Promise.resolve(SERVER_BUSY);
  }

  async function executeInSlices(
    { args, context, recheck, log }: Job,
    execution: Execution,
  ): Promise<Executed> {
    await roomFor(execution);
    if (!execution.isWanted()) return GONE;
    const rejection = recheck();
    if (rejection !== null) return { errors: [rejection] };
    execution.begin(context.store.revision);
    const pacer = createPacer(clock);
    const contextValue = { ...context, store: freezeStore(context.store), pacer };
    const result = withFewErrors(maskResult(await execute({ ...args, contextValue }), log));
    return execution.isWanted() ? write(result, pacer) : GONE;
  }

  async function writeInSlices(job: Job, result: ExecutionResult): Promise<Executed> {
    await roomFor(job);
    return job.isWanted() ? write(result, createPacer(clock)) : GONE;
  }

  async function roomFor({ isWanted }: Pick<Job, 'isWanted'>): Promise<void> {
    if (!isWanted()) return;
    for (let pause = unsent.room(); pause !== null; pause = unsent.room()) await pause;
  }

  async function write(result: ExecutionResult, pacer: Pacer): Promise<Executed> {
    try {
      const { parts, bytes } = await writeJson(plain(result), pacer, responseBytes);
      const memory = unsent.allocate(bytes);
      // The clients retain it before the next iteration of the event loop.
      setImmediate(memory.retain(() => {}));
      const { errors } = result;
      return { data: null, ...(errors && { errors }), large: { parts, bytes, memory } };
    } catch (error) {
      if (error instanceof TooLongError) return tooLarge;
      throw error;
    }
  }
}

/** Result for a client that has left. */
const GONE: Executed = { errors: [new GraphQLError('The client has left.')] };

const SERVER_BUSY: Executed = {
  errors: [
    new GraphQLError('Too many large operations are queued. Try again later, or select fewer fields.', {
      extensions: { code: 'SERVER_BUSY' },
    }),
  ],
};

function plain({ data, errors }: ExecutionResult): object {
  return {
    ...(errors && { errors: errors.map((error) => error.toJSON()) }),
    ...(data !== undefined && { data }),
  };
}

function withFewErrors<R extends ExecutionResult>(result: R): R {
  const { errors } = result;
  if (!errors || errors.length <= MAX_ERRORS) return result;
  const more = new GraphQLError(`${errors.length - MAX_ERRORS} more errors are not listed.`);
  return { ...result, errors: [...errors.slice(0, MAX_ERRORS), more] };
}
