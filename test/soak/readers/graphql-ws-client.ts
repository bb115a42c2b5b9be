import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { type Connect, variablesOf } from './connection.js';

/** By the client of `graphql-ws`, as web pages use it. */
export const connectGraphqlWs: Connect = (url, operations, handlers) => {
  let hasLeft = false;
  let socket: WebSocket | null = null;
  let isPaused = false;
  const client = createClient({
    url: url.replace('http', 'ws'),
    webSocketImpl: WebSocket,
    retryAttempts: 0,
    on: {
      opened(opened) {
        socket = opened instanceof WebSocket ? opened : null;
        if (isPaused) socket?.pause();
      },
      connected() {
        if (!hasLeft) handlers.onOpen();
      },
    },
  });
  operations.forEach((operation, index) => {
    client.subscribe<never>(
      { query: operation.query, variables: variablesOf(operation) },
      {
        next(result) {
          if (!hasLeft) handlers.onResult(index, result);
        },
        error: (error) => lose(reasonOf(error)),
        complete: () => lose('completed by the gateway'),
      },
    );
  });

  return {
    pause() {
      isPaused = true;
      socket?.pause();
    },
    resume,
    leave(politely) {
      hasLeft = true;
      resume();
      // `terminate` before the socket is open would end this process with an error that nobody listens to.
      if (politely || !socket) void client.dispose();
      else client.terminate();
    },
  };

  function resume(): void {
    isPaused = false;
    socket?.resume();
  }

  function lose(why: string): void {
    if (hasLeft) return;
    hasLeft = true;
    handlers.onLost(why);
  }
};

/** A close event, an error, or a list of GraphQL errors. */
function reasonOf(error: unknown): string {
  if (error instanceof Error) return error.message;
  if (typeof error === 'object' && error !== null && 'code' in error) return `closed with ${error.code}`;
  return JSON.stringify(error);
}
