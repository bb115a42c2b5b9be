import { headerLength, writeHeader } from '../../../src/server/websocket/frame.js';
import { serveRaw } from './raw-readers.js';

// The floor for any server on Node.js that tells each reader by a write of its own: a frame that is ready, the same for
// all, written to each connection. What it costs is the system call, and Node's way to it.
serveRaw((readers, message) => {
  const frame = framed(message);
  for (const { connection } of readers) connection.write(frame);
});

function framed(message: Buffer): Buffer {
  const header = Buffer.alloc(headerLength(message.length));
  writeHeader(header, 0, message.length);
  return Buffer.concat([header, message]);
}
