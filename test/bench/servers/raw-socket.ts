import { framed, serveRaw } from './raw-readers.js';

// The lower bound for servers on Node.js that write to each reader separately: a prepared frame, the same for
// all, is written to each connection. The cost is the system call and Node's path to it.
serveRaw((readers, message) => {
  const frame = framed(message);
  for (const { connection } of readers) connection.write(frame);
});
