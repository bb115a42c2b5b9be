import { serveRaw } from './raw-readers.js';

// The limit for anyone who sends through `ws`: a loop of `send` over a message that is ready.
serveRaw((readers, message) => {
  for (const { socket } of readers) socket.send(message, { binary: false });
});
