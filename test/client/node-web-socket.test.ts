import { once } from 'node:events';
import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { openDisposableClient } from '../support/disposable-client.js';
import { readIterator } from '../support/iterator-reader.js';
import { createManualClock } from '../support/manual-clock.js';
import { session } from '../support/sessions.js';

/** A gateway that compresses each message. `onSubscribe` gets the WebSocket and its TCP socket. */
async function startCompressingGateway(onSubscribe: (id: string, socket: WebSocket, tcp: Socket) => void) {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: { threshold: 0 } });
  server.on('connection', (socket, { socket: tcp }) => {
    socket.on('message', (bytes) => {
      const { type, id } = JSON.parse(String(bytes));
      if (type === 'connection_init') socket.send(JSON.stringify({ type: 'connection_ack' }));
      if (type === 'subscribe') onSubscribe(id, socket, tcp);
    });
  });
  await once(server, 'listening');
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/graphql`,
    server,
    async [Symbol.asyncDispose]() {
      for (const socket of server.clients) socket.terminate();
      server.close();
      await once(server, 'close');
    },
  };
}

function snapshot(id: string, cursor: string): string {
  const changes = { cursor, reset: true, conflated: 0, session: session('a', { x: 'ready' }), changes: [] };
  return JSON.stringify({ type: 'next', id, payload: { data: { targetChanges: changes } } });
}

describe('the WebSocket of Node.js', () => {
  it.each([1, 3])('reads a compressed message of %i fragments', async (fragments) => {
    await using gateway = await startCompressingGateway((id, socket) => {
      const text = snapshot(id, 'e-1');
      for (let at = 0; at < fragments; at += 1) {
        const isLast = at === fragments - 1;
        socket.send(text.slice(at * 20, isLast ? text.length : (at + 1) * 20), { fin: isLast });
      }
    });
    await using client = openDisposableClient({ url: gateway.url });
    await using views = readIterator(client.watchTargets());
    expect(await views.next()).toMatchObject({ link: { state: 'live' } });
    expect([...gateway.server.clients].map(({ extensions }) => extensions)).toEqual(['permessage-deflate']);
  });

  it.each([
    ['junk', Buffer.from('not compressed')],
    ['nothing', Buffer.alloc(0)],
    ['a part of a message', Buffer.from([0x4a, 0x4c])],
  ])('loses a gateway that sends %s as compressed message, and connects again', async (_, payload) => {
    const clock = createManualClock();
    let subscriptions = 0;
    await using gateway = await startCompressingGateway((id, socket, tcp) => {
      subscriptions += 1;
      if (subscriptions === 1) tcp.write(Buffer.concat([Buffer.from([0xc1, payload.length]), payload]));
      else socket.send(snapshot(id, 'e-1'));
    });
    await using client = openDisposableClient({ url: gateway.url }, { clock, random: () => 1 });
    await using views = readIterator(client.watchTargets());
    expect((await views.next()).link).toMatchObject({ state: 'lost' });
    await clock.advance(1_000);
    expect((await views.next()).link).toMatchObject({ state: 'live' });
  });
});
