import { once } from 'node:events';
import WebSocket from 'ws';
import type { TestGateway } from './gateway.js';

/** Connection state and verdict of a Session. */
export interface Health {
  readonly connection: { readonly state: string; readonly error: string | null };
  readonly verdict: { readonly state: string; readonly final: boolean };
  readonly metadata: { readonly uid: string | null; readonly resourceVersion: string | null };
}

/** A WebSocket subscription to the health of `tilt-default`. */
export interface HealthReader extends AsyncDisposable {
  /** Every payload so far. */
  readonly payloads: readonly (Health | null)[];
  /** Whether the subscription, or its connection, has ended. */
  readonly hasEnded: boolean;
}

const QUERY = `subscription { session(id: "tilt-default/Tiltfile") {
  connection { state error } verdict { state final } metadata { uid resourceVersion }
} }`;

/** Subscribes. Resolves after the first payload; rejects when the connection is refused. */
export async function readHealth({ webSocketUrl }: Pick<TestGateway, 'webSocketUrl'>): Promise<HealthReader> {
  const socket = new WebSocket(webSocketUrl, 'graphql-transport-ws');
  const payloads: (Health | null)[] = [];
  let hasEnded = false;
  socket.on('message', (bytes) => {
    const { type, payload } = JSON.parse(String(bytes));
    if (type === 'next') payloads.push(payload.data.session);
    else if (type !== 'connection_ack') hasEnded = true;
  });
  socket.on('close', () => {
    hasEnded = true;
  });
  await once(socket, 'open');
  socket.send('{"type":"connection_init"}');
  await once(socket, 'message');
  socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query: QUERY } }));
  await once(socket, 'message');
  return {
    payloads,
    get hasEnded() {
      return hasEnded;
    },
    [Symbol.asyncDispose]: async () => socket.terminate(),
  };
}
