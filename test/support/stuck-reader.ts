import { once } from 'node:events';
import WebSocket from 'ws';

/** A WebSocket client that has subscribed and then stopped reading its socket. */
export interface StuckReader extends AsyncDisposable {
  /** Resumes reading. Resolves with the data of the first payload that `isEnough` accepts. */
  resume(isEnough: (data: unknown) => boolean): Promise<unknown>;
  /** Resumes reading. Resolves with the close code and reason. */
  closed(): Promise<[number, string]>;
}

/** Subscribes, receives the first payload, and stops reading. */
export async function openStuckReader(url: string, query: string): Promise<StuckReader> {
  const socket = new WebSocket(url, 'graphql-transport-ws');
  await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'connection_init' }));
  await once(socket, 'message');
  socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query } }));
  await once(socket, 'message');
  socket.pause();
  return {
    resume(isEnough) {
      return new Promise((resolve) => {
        socket.on('message', (bytes) => {
          const { payload } = JSON.parse(String(bytes));
          if (payload && isEnough(payload.data)) resolve(payload.data);
        });
        socket.resume();
      });
    },
    closed() {
      return new Promise((resolve) => {
        socket.on('close', (code, reason) => resolve([code, String(reason)]));
        socket.resume();
      });
    },
    [Symbol.asyncDispose]: async () => socket.terminate(),
  };
}
