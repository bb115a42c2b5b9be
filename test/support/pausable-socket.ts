import { connect, type Socket } from 'node:net';

/** A client socket whose reading the test controls. */
export interface PausableSocket {
  readonly socket: Socket;
  /** Number of bytes read so far. */
  readonly bytes: number;
  /** Stops reading. */
  pause(): void;
  /** Reads at least this many bytes, then stops reading. */
  read(bytes: number): Promise<void>;
  /** Reads until the end. */
  resume(): void;
}

/** Connects to a local server, given its origin or endpoint. Reads until paused. */
export function openPausableSocket(url: string): PausableSocket {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  let bytes = 0;
  let onBytes = () => {};
  socket.on('error', () => {});
  socket.on('data', (chunk) => {
    bytes += chunk.length;
    onBytes();
  });
  return {
    socket,
    get bytes() {
      return bytes;
    },
    pause: () => socket.pause(),
    read(count) {
      const goal = bytes + count;
      return new Promise((resolve) => {
        onBytes = () => {
          if (bytes < goal) {
            // A consumer on top of the socket, such as `ws`, may have paused it.
            setImmediate(() => bytes < goal && socket.resume());
            return;
          }
          onBytes = () => {};
          socket.pause();
          resolve();
        };
        socket.resume();
      });
    },
    resume: () => socket.resume(),
  };
}
