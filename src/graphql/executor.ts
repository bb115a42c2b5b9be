import { type ExecutionArgs, type ExecutionResult, execute, GraphQLError } from 'graphql';
import type { Log } from '../log.js';
import { freezeStore } from '../store/frozen.js';
import type { Context } from './context.js';
import { createLane } from './lane.js';
import type { QueryLimits } from './limits.js';
import { maskResult } from './mask.js';
import { createPacer, type PacerOptions } from './pacer.js';
import { answerTooLarge } from './query-limits.js';
import { isWithin, TooLongError, writeJson } from './write-json.js';

/** A result, and its JSON where that had to be written in slices. */
export interface Executed extends ExecutionResult {
  /** Gives the JSON that is written already. Yoga calls it, too. */
  readonly stringify?: () => string;
}

/** An operation that may be executed. */
export interface Job {
  readonly args: ExecutionArgs;
  readonly context: Context;
  /** What it costs: see `costOf`. */
  readonly cost: number;
  /** Masks errors, and logs them. */
  readonly log: Log;
  /** Whether its client still waits. One whose client has left is not executed. */
  readonly isWanted: () => boolean;
}

/** Executes operations, within the limits of what an answer may take. */
export interface Executor {
  /** Executes an operation: at once when it is cheap, and otherwise in slices, one such operation after the other. */
  execute(job: Job): Executed | Promise<Executed>;
}

/** An operation of more fields is executed in slices. 10,000 fields take 10 to 40 ms. */
export const CHEAP = 10_000;

/** How many errors an answer lists: one for each of 50,000 items would be longer than any answer. */
const MAX_ERRORS = 100;

/** Creates an executor, with a lane of its own for operations that take long. */
export function createExecutor(
  { answerBytes }: Pick<QueryLimits, 'answerBytes'>,
  clock: PacerOptions,
): Executor {
  const lane = createLane();

  return {
    execute(job) {
      if (job.cost > CHEAP) return lane.run(() => executeInSlices(job));
      const result = execute({ ...job.args, contextValue: job.context });
      return result instanceof Promise ? result.then(finish) : finish(result);

      function finish(executed: ExecutionResult): Executed {
        return within(withFewErrors(maskResult(executed, job.log)));
      }
    },
  };

  async function executeInSlices({ args, context, log, isWanted }: Job): Promise<Executed> {
    if (!isWanted()) return GONE;
    const pacer = createPacer(clock);
    const contextValue = { ...context, store: freezeStore(context.store), pacer };
    const result = withFewErrors(maskResult(await execute({ ...args, contextValue }), log));
    if (!isWanted()) return GONE;
    try {
      const json = await writeJson(plain(result), pacer, answerBytes);
      return { ...result, stringify: () => json };
    } catch (error) {
      if (error instanceof TooLongError) return { errors: [answerTooLarge(answerBytes)] };
      throw error;
    }
  }

  /** Characters take up to six bytes: where that could matter, the JSON is written to be measured. */
  function within(result: ExecutionResult): Executed {
    if (isWithin(result.data, answerBytes / 6)) return result;
    if (!isWithin(result.data, answerBytes)) return { errors: [answerTooLarge(answerBytes)] };
    const json = JSON.stringify(plain(result));
    if (Buffer.byteLength(json) > answerBytes) return { errors: [answerTooLarge(answerBytes)] };
    return { ...result, stringify: () => json };
  }
}

/** Nobody reads it. */
const GONE: Executed = { errors: [new GraphQLError('The client has left.')] };

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
