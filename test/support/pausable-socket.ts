import { connect, type Socket } from 'node:net';

/** A client's end of a connection that is read only as far as a test says. */
export interface PausableSocket {
  readonly socket: Socket;
  /** Bytes that were read so far. */
  readonly bytes: number;
  /** Stops to read. */
  pause(): void;
  /** Reads at least so many bytes, then stops again. */
  read(bytes: number): Promise<void>;
  /** Reads on to the end. */
  resume(): void;
}

/** Connects to a server of this machine, by its origin or its endpoint. It is read until it is held. */
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
            // What reads through it, as `ws` does, may have paused it.
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
