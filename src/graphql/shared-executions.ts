import { getOperationAST, getVariableValues } from 'graphql';
import type { Executed, Job } from './job.js';

/** An execution that several clients may wait for. */
export interface Execution {
  /** Whether one of its clients still waits. */
  isWanted(): boolean;
  /** From now on it only serves clients that would get the same: those that ask at this revision of the store. */
  begin(revision: number): void;
}

/** Executes equal operations once, for all clients that ask while they wait for their turn or are executed. */
export interface SharedExecutions {
  /** The result of an equal operation under way, or of a new execution. */
  run(job: Job, execute: (execution: Execution) => Promise<Executed>): Promise<Executed>;
}

interface Run {
  readonly result: Promise<Executed>;
  readonly clients: Job['isWanted'][];
  /** The store's revision that is read. Null while it waits for its turn. */
  revision: number | null;
}

/** Creates an empty register of executions under way. */
export function createSharedExecutions(): SharedExecutions {
  const runs = new Map<string, Run>();

  return {
    run(job, execute) {
      // Read for each client: what is tracked of a store for the query cache has to know that the answer depends on all of it.
      const { revision } = job.context.store;
      const key = keyOf(job);
      const known = key === null ? undefined : runs.get(key);
      if (known && (known.revision ?? revision) === revision) {
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

/** Equal for operations with equal results. Null for those that are not compared. */
function keyOf({ args, context }: Job): string | null {
  const { schema, document, operationName, variableValues, rootValue } = args;
  const text = document.loc?.source.body;
  // A root value is the event of a subscription: those share their payloads already (`subscriptions/group.ts`).
  if (text === undefined || rootValue !== undefined) return null;
  const definitions = getOperationAST(document, operationName)?.variableDefinitions ?? [];
  const { coerced } = getVariableValues(schema, definitions, variableValues ?? {});
  // What is wrong with variables differs.
  if (!coerced) return null;
  try {
    return JSON.stringify([context.scope, operationName, coerced, text]);
  } catch {
    // Nested too deep to be written.
    return null;
  }
}
