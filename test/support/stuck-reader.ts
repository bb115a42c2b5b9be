import { once } from 'node:events';
import WebSocket from 'ws';

/** A WebSocket reader that has subscribed and then stopped reading its socket. */
export interface StuckReader extends AsyncDisposable {
  /** Reads on: resolves with the newest payload's data once `isEnough` says so. */
  resume(isEnough: (data: unknown) => boolean): Promise<unknown>;
  /** Reads on to the end: resolves with the close code and its reason. */
  closed(): Promise<[number, string]>;
}

/** Subscribes, takes the first payload, and reads no more. */
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
