import { connect } from 'node:net';
import { createFrameReader } from './frame-reader.js';
import { type FrameHead, TEXT } from './frames.js';
import type { ReaderSocket, ReaderSocketOptions } from './reader-socket.js';

/**
 * Connects and subscribes over server-sent events, as `EventSource` does. Resolves when the subscription has
 * been sent. Chunks of the response are passed on like WebSocket messages; servers write an event as one
 * chunk, or its lines as several.
 */
export function openEventSocket(options: ReaderSocketOptions): Promise<ReaderSocket> {
  const { port, localAddress, documents, buffer, onMessage, wantsAll, onClosed } = options;
  let state: 'opening' | 'open' | 'closed' = 'opening';

  return new Promise((resolve) => {
    let head = '';
    const chunks = createFrameReader(onMessage, wantsAll, readChunkHead);
    const onread = { buffer, callback: (size: number) => take(size) };
    const socket = connect({ host: '127.0.0.1', port, ...(localAddress && { localAddress }), onread });
    socket.setNoDelay();
    socket.on('connect', () => socket.write(requestOf(port, documents[0] ?? '')));
    socket.on('error', (error) => close(error.message));
    socket.on('close', () => close('the server closed the connection'));

    function take(size: number): boolean {
      if (state === 'opening') takeHead(size);
      else chunks.take(buffer, 0, size);
      return true;
    }

    function takeHead(size: number): void {
      head += buffer.toString('latin1', 0, size);
      const end = head.indexOf('\r\n\r\n');
      if (end < 0) return;
      if (!head.startsWith('HTTP/1.1 200')) {
        close(head.slice(0, head.indexOf('\r\n')));
        return;
      }
      state = 'open';
      resolve({ pause: () => void socket.pause() });
      const rest = Buffer.from(head.slice(end + 4), 'latin1');
      if (rest.length > 0) chunks.take(rest, 0, rest.length);
    }

    function close(why: string): void {
      if (state === 'closed') return;
      state = 'closed';
      socket.destroy();
      onClosed(why);
    }
  });
}

function requestOf(port: number, document: string): string {
  return [
    `GET /graphql?query=${encodeURIComponent(document)} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    'Accept: text/event-stream',
    '\r\n',
  ].join('\r\n');
}

const CARRIAGE_RETURN = 0x0d;

/** Reads the size line of a chunk (RFC 9112, section 7.1). Returns null if it is incomplete. */
function readChunkHead(bytes: Buffer, from: number, to: number): FrameHead | null {
  for (let at = from; at + 1 < to; at += 1) {
    if (bytes[at] !== CARRIAGE_RETURN) continue;
    const size = Number.parseInt(bytes.toString('latin1', from, at), 16);
    return { opcode: TEXT, headBytes: at + 2 - from, payloadBytes: size + 2 };
  }
  return null;
}
