import { connect, createServer, type Socket } from 'node:net';
import { control } from './control.js';
import { listen } from './listen.js';

// The lower bound between a Tilt and its readers: copies bytes from one TCP socket to others.
control(async ({ upstream }) => {
  if (!upstream || !('port' in upstream)) throw new Error('Expected a port.');
  const readers = new Set<Socket>();
  const server = createServer((socket) => readers.add(socket.setNoDelay()));
  connect(upstream.port, '127.0.0.1').on('data', (bytes) => {
    for (const reader of readers) reader.write(bytes);
  });
  return { port: await listen(server), emit() {} };
});
