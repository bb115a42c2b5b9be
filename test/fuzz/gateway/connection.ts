import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** A TCP connection that can send any bytes. The opener destroys it. */
export interface Connection {
  /** All received bytes that were not taken. */
  readonly received: Buffer;
  /** Whether the peer ended the connection in any way. */
  readonly isClosed: boolean;
  /** Sends bytes in pieces, split at the offsets `cuts`. */
  send(bytes: Uint8Array, cuts?: readonly number[]): Promise<void>;
  /** Removes the first bytes from `received`. */
  take(bytes: number): void;
  /** Waits until `isEnough` returns true, the peer ends the connection, or nothing arrives for `quietMs`. */
  until(isEnough: (received: Buffer) => boolean, quietMs?: number): Promise<'enough' | 'closed' | 'quiet'>;
  /** Ends the sending side. */
  end(): void;
  destroy(): void;
}

/** Timeout for an expected answer, in milliseconds. */
const QUIET_TIMEOUT_MS = 10_000;

/** Connects to a port of this machine. */
export async function openConnection(port: number): Promise<Connection> {
  const socket = connect(port, '127.0.0.1').setNoDelay();
  let chunks: Buffer[] = [];
  let isClosed = false;
  let notify = () => {};
  socket.on('data', (chunk) => {
    chunks.push(chunk);
    notify();
  });
  for (const event of ['end', 'error', 'close']) {
    socket.on(event, () => {
      isClosed = true;
      notify();
    });
  }
  // A reset right after the connection was accepted counts as a later one.
  await Promise.race([once(socket, 'connect'), once(socket, 'close')]);
  return {
    get received() {
      return received();
    },
    get isClosed() {
      return isClosed;
    },
    send: (bytes, cuts = []) => sendPieces(socket, bytes, cuts),
    take(bytes) {
      chunks = [received().subarray(bytes)];
    },
    until: (isEnough, quietMs = QUIET_TIMEOUT_MS) =>
      new Promise((resolve, reject) => {
        let quiet = setTimeout(() => settle('quiet'), quietMs);
        notify = check;
        check();

        function check(): void {
          clearTimeout(quiet);
          try {
            if (isEnough(received())) settle('enough');
            else if (isClosed) settle('closed');
            else quiet = setTimeout(() => settle('quiet'), quietMs);
          } catch (error) {
            notify = () => {};
            reject(error);
          }
        }

        function settle(how: 'enough' | 'closed' | 'quiet'): void {
          clearTimeout(quiet);
          notify = () => {};
          resolve(how);
        }
      }),
    end: () => socket.end(),
    destroy: () => socket.destroy(),
  };

  function received(): Buffer {
    const [first] = chunks;
    if (chunks.length !== 1 || !first) chunks = [Buffer.concat(chunks)];
    return chunks[0] ?? Buffer.alloc(0);
  }
}

async function sendPieces(socket: Socket, bytes: Uint8Array, cuts: readonly number[]): Promise<void> {
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  let from = 0;
  for (const place of [...places, bytes.length]) {
    if (socket.writable) socket.write(bytes.subarray(from, place));
    from = place;
    // Yielding makes it likely that each piece arrives separately.
    if (place < bytes.length) await new Promise((resolve) => setImmediate(resolve));
  }
}
