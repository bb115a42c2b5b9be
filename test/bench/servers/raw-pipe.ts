import { connect, createServer, type Socket } from 'node:net';
import { control } from './control.js';
import { listen } from './listen.js';

// The limit for anyone who stands between a Tilt and its readers: bytes from one TCP socket straight to others.
control(async ({ upstream }) => {
  if (!upstream || !('port' in upstream)) throw new Error('Expected a port.');
  const readers = new Set<Socket>();
  const server = createServer((socket) => readers.add(socket.setNoDelay()));
  connect(upstream.port, '127.0.0.1').on('data', (bytes) => {
    for (const reader of readers) reader.write(bytes);
  });
  return { port: await listen(server), emit() {} };
});
