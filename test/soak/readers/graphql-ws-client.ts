import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { type Connect, operationVariables } from './connection.js';

/** Connects with the client of `graphql-ws`, as web pages do. */
export const connectGraphqlWs: Connect = (url, operations, handlers) => {
  let isClosed = false;
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
        if (!isClosed) handlers.onOpen();
      },
    },
  });
  operations.forEach((operation, index) => {
    client.subscribe<never>(
      { query: operation.query, variables: operationVariables(operation) },
      {
        next(result) {
          if (!isClosed) handlers.onResult(index, result);
        },
        error: (error) => handleDisconnect(reasonOf(error)),
        complete: () => handleDisconnect('completed by the gateway'),
      },
    );
  });

  return {
    pause() {
      isPaused = true;
      socket?.pause();
    },
    resume,
    close(isClean) {
      isClosed = true;
      resume();
      // `terminate` before the socket is open would emit an unhandled error, which ends this process.
      if (isClean || !socket) void client.dispose();
      else client.terminate();
    },
  };

  function resume(): void {
    isPaused = false;
    socket?.resume();
  }

  function handleDisconnect(why: string): void {
    if (isClosed) return;
    isClosed = true;
    handlers.onDisconnect(why);
  }
};

/** Reason from a close event, an error, or a list of GraphQL errors. */
function reasonOf(error: unknown): string {
  if (error instanceof Error) return error.message;
  if (typeof error === 'object' && error !== null && 'code' in error) return `closed with ${error.code}`;
  return JSON.stringify(error);
}
