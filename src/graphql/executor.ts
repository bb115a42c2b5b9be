import { type ExecutionResult, execute, GraphQLError } from 'graphql';
import type { Clock } from '../lib/clock.js';
import { freezeStore } from '../store/scoped.js';
import { createClientTurns } from './client-turns.js';
import type { Executed, Job } from './job.js';
import { createLane } from './lane.js';
import type { LargeLimits, QueryLimits } from './limits.js';
import { maskResult } from './mask.js';
import { createPacer, type Pacer, type PacerOptions } from './pacer.js';
import { answerTooLarge } from './query-limits.js';
import { createSharedExecutions, type Execution } from './shared-executions.js';
import { createUnsentAnswers } from './unsent-answers.js';
import { isWithin, TooLongError, writeJson } from './write-json.js';

/** Executes operations, within the limits of what an answer may take. */
export interface Executor {
  /** What its large operations take at the moment. */
  load(): ExecutorLoad;
  /**
   * Executes an operation: at once when it is cheap, and otherwise in slices, one such operation after the other, once there is
   * room for its answer. Equal operations are executed once. Results in the error `SERVER_BUSY` when too many wait.
   */
  execute(job: Job): Executed | Promise<Executed>;
}

/** What the large operations of an executor take. */
export interface ExecutorLoad {
  /** Bytes of answers that are written and not sent yet. */
  readonly unsentBytes: number;
  /** The most bytes that ever were unsent at once. */
  readonly peakUnsentBytes: number;
  /** Operations that wait for their turn. */
  readonly waiting: number;
}

/** Limits of an executor. */
export type ExecutorLimits = LargeLimits & Pick<QueryLimits, 'answerBytes'>;

/** An operation of more fields is executed in slices. 10,000 fields take 10 to 40 ms. */
export const CHEAP = 10_000;

/** An answer of more bytes is large, however cheap its operation is: long texts cost nothing to execute. */
const SHORT = 2 ** 20;

/** How many errors an answer lists: one for each of 50,000 items would be longer than any answer. */
const MAX_ERRORS = 100;

/** Creates an executor, with a lane and an account of unsent answers of its own. */
export function createExecutor(
  limits: ExecutorLimits,
  clock: Pick<Clock, 'monotonic' | 'after'> & PacerOptions,
): Executor {
  const { answerBytes } = limits;
  const tooLarge: Executed = { errors: [answerTooLarge(answerBytes)] };
  const shortBytes = Math.min(SHORT, answerBytes);
  const lane = createLane(limits.waitingOperations);
  const unsent = createUnsentAnswers({ ...limits, clock });
  const shared = createSharedExecutions();
  const clients = createClientTurns();

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
      const result = execute({ ...job.args, contextValue: job.context });
      return result instanceof Promise ? result.then(finish) : finish(result);

      function finish(executed: ExecutionResult): Executed | Promise<Executed> {
        const result = withFewErrors(maskResult(executed, job.log));
        const short = asShort(result);
        if (short !== null) return short;
        if (!isWithin(result.data, answerBytes)) return tooLarge;
        return ofClient(job, () => inLane(() => writeInSlices(job, result)));
      }
    },
  };

  /** Characters take up to six bytes: where that could matter, the JSON is written to be measured. Null for a large answer. */
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

  async function executeInSlices({ args, context, log }: Job, execution: Execution): Promise<Executed> {
    await roomFor(execution);
    if (!execution.isWanted()) return GONE;
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
      const { parts, bytes } = await writeJson(plain(result), pacer, answerBytes);
      const memory = unsent.allocate(bytes);
      // Until those who asked for it retain it, which they do before the next iteration of the event loop.
      setImmediate(memory.retain(() => {}));
      const { errors } = result;
      return { data: null, ...(errors && { errors }), large: { parts, bytes, memory } };
    } catch (error) {
      if (error instanceof TooLongError) return tooLarge;
      throw error;
    }
  }
}

/** Nobody reads it. */
const GONE: Executed = { errors: [new GraphQLError('The client has left.')] };

const SERVER_BUSY: Executed = {
  errors: [
    new GraphQLError('Too many large operations wait for their turn. Try again later, or ask for less.', {
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
