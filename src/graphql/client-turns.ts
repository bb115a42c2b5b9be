import { afterIo } from './lane.js';

/** A connection on which several operations may run at once. */
export interface LargeClient {
  /** Null while the connection takes more; otherwise resolves when it has drained or closed. */
  drained(): Promise<void> | null;
}

/** Executes the large operations of one connection one after the other, so that only one large answer waits in its buffer. */
export interface ClientTurns {
  /** Runs a task once the answers to the client's earlier ones have been sent. Settles as the task does. */
  run<T>(client: LargeClient, task: () => Promise<T>): Promise<T>;
}

/** Creates the turns of clients that have none under way. How many tasks wait is bounded by the operations of a connection. */
export function createClientTurns(): ClientTurns {
  const last = new WeakMap<LargeClient, Promise<void>>();

  return {
    run(client, task) {
      const earlier = last.get(client);
      const result = earlier ? earlier.then(() => runDrained(client, task)) : runDrained(client, task);
      // By then the result has been written to the connection. It is not kept here.
      last.set(client, result.then(afterIo, afterIo));
      return result;
    },
  };
}

async function runDrained<T>(client: LargeClient, task: () => Promise<T>): Promise<T> {
  for (let pause = client.drained(); pause !== null; pause = client.drained()) await pause;
  return task();
}
