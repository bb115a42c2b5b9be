import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { createFrameReader, type Frame } from './frame-reader.js';
import { CLOSE, PING, pongFrame, TEXT, textFrame, upgradeRequest } from './frames.js';
import { inflateFrame } from './inflate-frame.js';

/** A WebSocket connection with its subscriptions. */
export interface ReaderSocket {
  /** Stops reading, like a browser tab that is paused in a debugger. */
  pause(): void;
}

/** Server, subscriptions and callbacks of a connection. */
export interface ReaderSocketOptions {
  readonly port: number;
  /**
   * Loopback address to connect from. One address has ports for 28,000 connections, including those that were
   * closed in the last minute. Null: the system chooses, and counts the connections to each server separately.
   */
  readonly localAddress: string | null;
  /** Documents to subscribe to, each under a random id, as every client of the protocol does. */
  readonly documents: readonly string[];
  /** Read buffer shared by all connections of the process. Its bytes are valid only during a call. */
  readonly buffer: Buffer;
  /** Whether to offer compression. Messages are passed on decompressed. */
  readonly isDeflated: boolean;
  /** Called with the number of bytes that have arrived. */
  onBytes(size: number): void;
  /** Called with a text message, or the beginning of a long one. */
  onMessage(frame: Frame): void;
  /** Whether messages are currently passed on whole. */
  wantsAll(): boolean;
  /** Called when the server or the network ended the connection. */
  onClosed(why: string): void;
}

/** Connects and subscribes. Resolves when the subscriptions have been sent. */
export function openReaderSocket(options: ReaderSocketOptions): Promise<ReaderSocket> {
  const { port, localAddress, documents, isDeflated, buffer, onBytes, onMessage, wantsAll, onClosed } =
    options;
  let state: 'upgrading' | 'initializing' | 'open' | 'closed' = 'upgrading';

  return new Promise((resolve) => {
    let response = '';
    const frames = createFrameReader(onFrame, () => isDeflated || wantsAll());
    const onread = { buffer, callback: (size: number) => take(size) };
    const socket = connect({ host: '127.0.0.1', port, ...(localAddress && { localAddress }), onread });
    socket.setNoDelay();
    socket.on('connect', () => socket.write(upgradeRequest(port, isDeflated)));
    socket.on('error', (error) => close(error.message));
    socket.on('close', () => close('the server closed the connection'));

    function take(size: number): boolean {
      onBytes(size);
      if (state === 'upgrading') takeResponse(size);
      else frames.take(buffer, 0, size);
      return true;
    }

    function takeResponse(size: number): void {
      response += buffer.toString('latin1', 0, size);
      const end = response.indexOf('\r\n\r\n');
      if (end < 0) return;
      if (!response.startsWith('HTTP/1.1 101')) {
        close(response.slice(0, response.indexOf('\r\n')));
        return;
      }
      state = 'initializing';
      socket.write(textFrame('{"type":"connection_init"}'));
      const rest = Buffer.from(response.slice(end + 4), 'latin1');
      if (rest.length > 0) frames.take(rest, 0, rest.length);
    }

    function onFrame(frame: Frame): void {
      const { opcode, bytes, from, to } = frame;
      if (opcode === PING) socket.write(pongFrame(bytes.subarray(from, to)));
      else if (opcode === CLOSE) close(`the server closed it: ${bytes.toString('utf8', from + 2, to)}`);
      else if (opcode === TEXT && state === 'initializing') subscribe();
      else if (opcode === TEXT) onMessage(frame.isDeflated ? inflateFrame(frame) : frame);
    }

    function subscribe(): void {
      state = 'open';
      const messages = documents.map((query) => ({
        id: randomUUID(),
        type: 'subscribe',
        payload: { query },
      }));
      socket.write(Buffer.concat(messages.map((message) => textFrame(JSON.stringify(message)))));
      resolve({ pause: () => void socket.pause() });
    }

    function close(why: string): void {
      if (state === 'closed') return;
      state = 'closed';
      socket.destroy();
      onClosed(why);
    }
  });
}
