import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/** The answers that each connection waits for: a client may send requests without waiting. */
export interface UnderWay {
  /** Notes one that begins, and tells how many its connection waits for. */
  begin(socket: Duplex, response: ServerResponse): number;
  /**
   * Calls back once every answer before this one has been sent: an answer that waits for its turn would be kept in memory, and
   * so would those behind it. Never, when the connection closes first.
   */
  afterEarlier(socket: Duplex, response: ServerResponse, handle: () => void): void;
  /** The answer that is to be sent next; null where none is waited for. */
  next(socket: Duplex): ServerResponse | null;
  /** Whether an answer has been begun and not ended. What is written then becomes a part of it. */
  isAnswering(socket: Duplex): boolean;
}

/** None yet. */
export function createUnderWay(): UnderWay {
  const answers = new WeakMap<Duplex, ServerResponse[]>();
  return {
    begin(socket, response) {
      const queue = answers.get(socket);
      if (!queue) {
        answers.set(socket, [response]);
        return 1;
      }
      // They go out in their order, so those that have been sent stand in front.
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
