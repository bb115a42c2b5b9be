import type { IncomingMessage, ServerResponse } from 'node:http';
import type { LoopBudget } from '../../graphql/event-loop.js';
import type { Metrics } from '../../lib/metrics.js';
import { stopParsing } from './stop-parsing.js';

/** Called with a body, once. */
export type OnBody = (body: Buffer) => void;

/** Settings of {@link readChunks}. */
export interface ChunksOptions {
  /** Longest body, in bytes. Of a longer one, what has arrived is passed on at once. */
  readonly maxBytes: number;
  /** Reading a chunk waits for a slot of the event loop: a chunk of one byte takes 1.3 µs. */
  readonly budget: LoopBudget;
}

/** Chunks that a body may have, whatever their size. */
const FREE_CHUNKS = 1_000;

/**
 * Average size of the chunks beyond {@link FREE_CHUNKS}, in bytes. Node.js parses 64 KiB of a connection at a
 * time: chunks of one byte take 14 ms, chunks of 16 bytes 4 ms.
 */
export const MIN_CHUNK_BYTES = 16;

/**
 * Reads the body of a request. Never calls back if the client disconnects first.
 *
 * @param length the body's length in bytes, at least 1
 */
export function readBody(request: IncomingMessage, length: number, onBody: OnBody): void {
  const chunks: Buffer[] = [];
  let size = 0;
  request.on('data', take);

  function take(chunk: Buffer): void {
    chunks.push(chunk);
    size += chunk.length;
    if (size < length) return;
    request.off('data', take);
    onBody(size === chunk.length ? chunk : Buffer.concat(chunks));
  }
}

/**
 * Reads a body that is sent in chunks (RFC 9112, section 7.1), which can be empty. Never calls back if the
 * client disconnects first.
 *
 * @param onTinyChunks called instead of `onBody`, once, if the chunks are too small: more than 1,000, of less
 *   than 16 bytes on average. Their parsing would take 20 times that of the JSON in them. The rest is not
 *   parsed, so the connection has to be closed
 */
export function readChunks(
  request: IncomingMessage,
  { maxBytes, budget }: ChunksOptions,
  onBody: OnBody,
  onTinyChunks: () => void,
): void {
  const chunks: Buffer[] = [];
  let size = 0;
  let isFinished = false;
  request.on('data', take).once('end', finish);
  limitChunks(request, () => {
    // The rest of a body that is too long is discarded; the request has been answered.
    if (isFinished) {
      request.socket.destroy();
    } else {
      stop();
      onTinyChunks();
    }
  });

  function take(chunk: Buffer): void {
    chunks.push(chunk);
    size += chunk.length;
    if (size > maxBytes) finish();
    else pauseUntilSlot();
  }

  /**
   * Also stops reading from the socket, without which Node.js would read on until 16 to 64 KiB of body wait.
   */
  function pauseUntilSlot(): void {
    const slot = budget.pass();
    if (slot === null) return;
    request.pause();
    request.socket.pause();
    void slot.then(() => {
      request.socket.resume();
      request.resume();
    });
  }

  function finish(): void {
    stop();
    onBody(Buffer.concat(chunks));
  }

  function stop(): void {
    isFinished = true;
    request.off('data', take);
    request.off('end', finish);
  }
}

/**
 * Closes the connection of a request whose body is sent in chunks that are too small, as in
 * {@link readChunks}, unless that reads the body. Without a reader, Node.js discards a body at the same cost
 * per chunk: that of a rejected request, or of a page. Must be called before a chunk is parsed. May be called
 * repeatedly.
 */
export function closeAtTinyChunks(
  request: IncomingMessage,
  response: ServerResponse,
  metrics: Pick<Metrics, 'rejected'>,
): void {
  if (request.headers['transfer-encoding'] === undefined || chunkListeners.has(request)) return;
  limitChunks(request, () => {
    metrics.rejected('BODY_IN_TINY_CHUNKS');
    request.socket.destroy();
  });
  // The listener of Node.js, which follows, would discard an unread body without `push`.
  response.prependOnceListener('finish', () => request.resume());
}

/** Called at the first chunk above the limit, by request. */
const chunkListeners = new WeakMap<IncomingMessage, () => void>();

/**
 * Calls back at the first chunk above the limit, and parses no more of the connection. A second call for a
 * request replaces its listener. Chunks are counted as they are parsed: a paused request receives all chunks
 * of the read of 64 KiB in which it was paused, up to 10,000.
 */
function limitChunks(request: IncomingMessage, onTinyChunks: () => void): void {
  const isLimited = chunkListeners.has(request);
  chunkListeners.set(request, onTinyChunks);
  if (isLimited) return;
  const push = request.push.bind(request);
  let count = 0;
  let bytes = 0;
  request.push = (chunk: Buffer | null) => {
    if (chunk === null) return push(null);
    count += 1;
    bytes += chunk.length;
    if (count <= FREE_CHUNKS + bytes / MIN_CHUNK_BYTES) return push(chunk);
    request.push = push;
    stopParsing(request.socket);
    chunkListeners.get(request)?.();
    return true;
  };
}
