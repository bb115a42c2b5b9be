import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/** Unsent responses by connection: a client may send requests without waiting for responses (pipelining). */
export interface InFlight {
  /** Adds a response, and returns the number of unsent responses of its connection. */
  begin(socket: Duplex, response: ServerResponse): number;
  /**
   * Calls back once all earlier responses have been sent: a response that waits behind others would be kept
   * in memory. Does not call back if the connection closes first.
   */
  afterEarlier(socket: Duplex, response: ServerResponse, handle: () => void): void;
  /** Returns the next response to be sent; otherwise null. */
  next(socket: Duplex): ServerResponse | null;
  /** Whether a response has started and not ended, so that further bytes would become a part of it. */
  isAnswering(socket: Duplex): boolean;
}

/** Creates an empty registry. */
export function createInFlight(): InFlight {
  const answers = new WeakMap<Duplex, ServerResponse[]>();
  return {
    begin(socket, response) {
      const queue = answers.get(socket);
      if (!queue) {
        answers.set(socket, [response]);
        return 1;
      }
      // Responses are sent in order, so sent ones are at the front.
      while (queue[0]?.writableFinished) queue.shift();
      return queue.push(response);
    },
    afterEarlier(socket, response, handle) {
      const queue = answers.get(socket) ?? [];
      const before = queue[queue.indexOf(response) - 1];
      if (before === undefined || before.writableFinished) {
        handle();
        return;
      }
      before.once('close', () => {
        if (!socket.destroyed) handle();
      });
    },
    next: (socket) => answers.get(socket)?.find(({ writableEnded }) => !writableEnded) ?? null,
    isAnswering: (socket) =>
      answers.get(socket)?.some(({ headersSent, writableEnded }) => headersSent && !writableEnded) ?? false,
  };
}
