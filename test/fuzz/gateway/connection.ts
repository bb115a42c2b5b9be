import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** A connection on which any bytes can be sent. Whoever opens it destroys it. */
export interface Connection {
  /** All that came so far and was not taken. */
  readonly received: Buffer;
  /** Whether the other side has ended it, in whatever way. */
  readonly isClosed: boolean;
  /** Sends bytes, in as many pieces as there are cuts (and one more), each at an offset. */
  send(bytes: Uint8Array, cuts?: readonly number[]): Promise<void>;
  /** Drops what was received, as far as the offset. */
  take(bytes: number): void;
  /** Waits until what is received satisfies, the other side has ended it, or nothing has come for a while. */
  until(isEnough: (received: Buffer) => boolean, quietMs?: number): Promise<'enough' | 'closed' | 'quiet'>;
  /** Says that nothing more will be sent. */
  end(): void;
  destroy(): void;
}

/** How long to wait for what must come, in milliseconds. */
const PATIENCE_MS = 10_000;

/** Connects to a port of this machine. */
export async function openConnection(port: number): Promise<Connection> {
  const socket = connect(port, '127.0.0.1').setNoDelay();
  let chunks: Buffer[] = [];
  let isClosed = false;
  let wake = () => {};
  socket.on('data', (chunk) => {
    chunks.push(chunk);
    wake();
  });
  for (const event of ['end', 'error', 'close']) {
    socket.on(event, () => {
      isClosed = true;
      wake();
    });
  }
  // A reset right after it was accepted counts as one after it.
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
    until: (isEnough, quietMs = PATIENCE_MS) =>
      new Promise((resolve, reject) => {
        let quiet = setTimeout(() => settle('quiet'), quietMs);
        wake = look;
        look();

        function look(): void {
          clearTimeout(quiet);
          try {
            if (isEnough(received())) settle('enough');
            else if (isClosed) settle('closed');
            else quiet = setTimeout(() => settle('quiet'), quietMs);
          } catch (error) {
            wake = () => {};
            reject(error);
          }
        }

        function settle(how: 'enough' | 'closed' | 'quiet'): void {
          clearTimeout(quiet);
          wake = () => {};
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
    // Each piece is to arrive by itself, as far as that is in one's power.
    if (place < bytes.length) await new Promise((resolve) => setImmediate(resolve));
  }
}
