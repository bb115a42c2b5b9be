import { serveRaw } from './raw-readers.js';

// The lower bound for servers that send through `ws`: a loop of `send` with a prepared message.
serveRaw((readers, message) => {
  for (const { socket } of readers) socket.send(message, { binary: false });
});
