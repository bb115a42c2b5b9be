import type { ExecutionArgs, ExecutionResult, GraphQLError } from 'graphql';
import { getOperationAST, getVariableValues } from 'graphql';
import type { Log } from '../lib/log.js';
import type { CompiledOperation } from './compiled-operation.js';
import type { Context } from './context.js';
import type { LargeClient } from './event-loop.js';
import { selectsLog } from './log-lines.js';
import type { AnswerMemory } from './unsent-answers.js';

/** A result, or its JSON if it is serialised already. */
export interface Executed extends ExecutionResult {
  /** Returns the JSON of a short answer. */
  readonly stringify?: () => string;
  /** JSON of a large answer, whose `data` is left out. */
  readonly large?: LargeAnswer;
}

/** An answer as JSON in UTF-8, in parts: no buffer has the length of the whole answer. */
export interface LargeAnswer {
  readonly parts: readonly Buffer[];
  /** Total length. */
  readonly bytes: number;
  /** Has to be retained in the same tick, for as long as the parts are kept. */
  readonly memory: AnswerMemory;
}

/** An operation to execute. */
export interface Job {
  readonly args: ExecutionArgs;
  /** The operation compiled, if it is executed many times. Tried first if it is cheap. */
  readonly compiled?: CompiledOperation;
  readonly context: Context;
  /** See `computeCost`. */
  readonly cost: number;
  /**
   * Computes the cost again, from the data after an operation has been queued. Returns the error if it is
   * above the limit now.
   */
  readonly recheck: () => GraphQLError | null;
  /** Receives errors that are masked. */
  readonly log: Log;
  /** Whether the client still waits. An operation whose client has left is not executed. */
  readonly isWanted: () => boolean;
  /** The connection, if several of its operations may run at once. */
  readonly client?: LargeClient;
}

/** An execution that several clients may wait for. */
export interface Execution {
  /** Whether one of its clients still waits. */
  isWanted(): boolean;
  /**
   * Fixes the revision of the store. From now on the execution is shared only with requests at this revision.
   */
  begin(revision: number): void;
}

/**
 * Executes equal operations once for all clients whose requests arrive while the operation is queued or
 * executed.
 */
export interface SharedExecutions {
  /** Returns the result of an equal operation in flight, or of a new execution. */
  run(job: Job, execute: (execution: Execution) => Promise<Executed>): Promise<Executed>;
}

interface Run {
  readonly result: Promise<Executed>;
  readonly clients: Job['isWanted'][];
  /** Revision of the store that is read. Null while the operation is queued. */
  revision: number | null;
}

/** Creates an empty registry of executions in flight. */
export function createSharedExecutions(): SharedExecutions {
  const runs = new Map<string, Run>();

  return {
    run(job, execute) {
      // Read for each client: it marks the answer as dependent on the whole store (`dependencies.ts`).
      const { revision } = job.context.store;
      const key = keyOf(job);
      const known = key === null ? undefined : runs.get(key);
      const startedAt = known?.revision ?? null;
      if (known && (startedAt === null || (startedAt === revision && !selectsLog(job.args.document)))) {
        known.clients.push(job.isWanted);
        return known.result;
      }
      const clients = [job.isWanted];
      const result = execute({
        isWanted: () => clients.some((isWanted) => isWanted()),
        begin(at) {
          run.revision = at;
        },
      });
      const run: Run = { result, clients, revision: null };
      if (key === null) return result;
      runs.set(key, run);
      return result.finally(() => runs.get(key) === run && runs.delete(key));
    },
  };
}

/** Returns a key that is equal for operations with equal results. Null for operations that are not shared. */
function keyOf({ args, context }: Job): string | null {
  const { schema, document, operationName, variableValues, rootValue } = args;
  const text = document.loc?.source.body;
  // A root value is the event of a subscription, whose payloads are shared by its group
  // (`subscriptions/group.ts`).
  if (text === undefined || rootValue !== undefined) return null;
  const definitions = getOperationAST(document, operationName)?.variableDefinitions ?? [];
  const { coerced } = getVariableValues(schema, definitions, variableValues ?? {});
  // Errors in variables differ.
  if (!coerced) return null;
  try {
    return JSON.stringify([context.scope, operationName, coerced, text]);
  } catch {
    // Nested too deeply to be serialised.
    return null;
  }
}
