import { createServer } from 'node:http';
import { type WebSocket, WebSocketServer } from 'ws';
import { targetChange, wholeSession } from '../data/operations.js';
import { control } from './control.js';
import { listen } from './listen.js';

// The limit for anyone who sends through `ws`: one payload, made ready once an update, and a loop of `send` over it. It
// speaks just enough of the protocol for the load client; one id does for all readers.
control(async ({ services }) => {
  const whole = new Set<WebSocket>();
  const changes = new Set<WebSocket>();
  const server = createServer();
  new WebSocketServer({ server, path: '/graphql' }).on('connection', (socket) => {
    socket.on('message', (bytes) => {
      const text = String(bytes);
      if (text.includes('"connection_init"')) socket.send('{"type":"connection_ack"}');
      else if (text.includes('targetChanges')) changes.add(socket);
      else whole.add(socket);
    });
  });
  const port = await listen(server);
  return {
    port,
    emit(_stream, n) {
      const at = { services, stream: 0, n };
      if (changes.size > 0) sendAll(changes, readyPayload(targetChange().expected(at)));
      if (whole.size > 0) sendAll(whole, readyPayload(wholeSession.expected(at)));
    },
  };
});

function sendAll(sockets: ReadonlySet<WebSocket>, payload: Buffer): void {
  for (const socket of sockets) socket.send(payload, { binary: false });
}

function readyPayload(data: unknown): Buffer {
  const id = '00000000-0000-4000-8000-000000000000';
  return Buffer.from(JSON.stringify({ id, type: 'next', payload: { data } }));
}
