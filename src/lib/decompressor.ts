import { kMaxLength } from 'node:buffer';
import { constants, inflateRaw } from 'node:zlib';
import type { WebSocket } from 'ws';
import { isRecord } from './is-record.js';

const EXTENSION = 'permessage-deflate';

/** Number of messages that libuv's thread pool decompresses at once, as in `ws`. Other messages wait. */
const MAX_AT_ONCE = 10;

/** End of each message, which clients do not send (RFC 7692, section 7.2.2). */
const TAIL = Buffer.from([0, 0, 0xff, 0xff]);

const NOTHING = Buffer.alloc(0);

/** Receives decompressed bytes. */
type OnBytes = (error: Error | null, bytes: Buffer) => void;

/**
 * Creates a function that lets an open connection decompress each message with one call, once its last
 * fragment has arrived. `ws` (8.23) uses a stream per connection, which has two disadvantages. It takes 40 kB
 * until the connection closes. And a message of a peer ended the process (`Cannot read properties of null` in
 * `PerMessageDeflate._decompress`), because the callback of a flush assumes that the stream still exists.
 *
 * A connection without compression, or whose messages refer to earlier ones, is left as it is.
 *
 *
 * @param maxBytes longest message, in bytes (1009). `ws` limits its compressed bytes and its fragments
 */
export function createDecompressor(maxBytes: number): (socket: WebSocket) => void {
  // Each connection has at most one message here: `ws` reads on when that is decompressed.
  const waiting: (() => void)[] = [];
  const options = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: Math.min(maxBytes, kMaxLength) };
  let running = 0;

  return (socket) => {
    const extensions: unknown = Reflect.get(socket, '_extensions');
    const extension = isRecord(extensions) ? extensions[EXTENSION] : undefined;
    if (!isRecord(extension) || !isEachMessageAlone(extension.params)) return;
    let fragments: Buffer[] = [];
    Reflect.set(extension, 'decompress', (data: Buffer, isLast: boolean, onBytes: OnBytes) => {
      fragments.push(data);
      if (!isLast) {
        // `ws` reads the next frame in the callback, which must not be called in the same tick.
        process.nextTick(onBytes, null, NOTHING);
        return;
      }
      const message = Buffer.concat([...fragments, TAIL]);
      fragments = [];
      start(() =>
        inflateRaw(message, options, (error, bytes) => {
          startNext();
          if (error) onBytes(protocolError(socket, error), NOTHING);
          else onBytes(null, bytes);
        }),
      );
    });
  };

  function start(task: () => void): void {
    if (running === MAX_AT_ONCE) {
      waiting.push(task);
      return;
    }
    running += 1;
    task();
  }

  function startNext(): void {
    const next = waiting.shift();
    if (next) next();
    else running -= 1;
  }
}

/** Whether neither side refers to earlier messages (RFC 7692, section 7.1.1). */
function isEachMessageAlone(params: unknown): boolean {
  return (
    isRecord(params) &&
    params.server_no_context_takeover === true &&
    params.client_no_context_takeover === true
  );
}

/**
 * Returns the error with which `ws` closes the connection: with 1009 for a message above the limit,
 * otherwise with 1007.
 */
function protocolError(socket: WebSocket, error: NodeJS.ErrnoException): Error {
  const isTooLong = error.code === 'ERR_BUFFER_TOO_LARGE';
  const message = isTooLong ? 'Max payload size exceeded' : error.message;
  const receiver: unknown = Reflect.get(socket, '_receiver');
  const create = isRecord(receiver) ? receiver.createError : null;
  if (typeof create !== 'function') return error;
  return Reflect.apply(create, receiver, [RangeError, message, false, isTooLong ? 1009 : 1007, error.code]);
}
