import type { IncomingMessage } from 'node:http';
import type { LoopBudget } from '../../graphql/event-loop.js';

/**
 * What comes of a body. What the callback leaves is still in the request, for others to read:
 * `request.unshift(body)` puts it back.
 */
export type OnBody = (body: Buffer) => void;

/** How a body of unknown length is read. */
export interface ChunksOptions {
  /** Where more comes, what is there is handed over at once. */
  readonly maxBytes: number;
  /** Chunks of one byte take 1.3 µs each: reading them waits for a turn of the event loop. */
  readonly budget: LoopBudget;
}

/**
 * Looks at a request's body once all of it is there. Does not call back when the client leaves before that.
 *
 * @param length the body's length in bytes, at least 1
 */
export function readBody(request: IncomingMessage, length: number, onBody: OnBody): void {
  collect(request, { isEnough: (bytes) => bytes >= length, turn: () => null }, onBody);
}

/** The same for a body that comes in chunks, which may also be empty. */
export function readChunks(
  request: IncomingMessage,
  { maxBytes, budget }: ChunksOptions,
  onBody: OnBody,
): void {
  // Nothing would tell of it: an empty stream that has ended is not readable.
  if (request.complete && request.readableLength === 0) {
    onBody(Buffer.alloc(0));
    return;
  }
  const isEnough = (bytes: number) => request.complete || bytes > maxBytes;
  collect(request, { isEnough, turn: () => (request.complete ? null : budget.pass()) }, onBody);
}

/** Whether to read on, and when: null for at once. */
interface Pace {
  isEnough(bytes: number): boolean;
  turn(): Promise<void> | null;
}

function collect(request: IncomingMessage, { isEnough, turn }: Pace, onBody: OnBody): void {
  const chunks: Buffer[] = [];
  let size = 0;
  let isWaiting = false;
  request.on('readable', take);

  function take(): void {
    if (isWaiting) return;
    const next = turn();
    if (next === null) {
      read();
      return;
    }
    // What is not read is left with the system, beyond 16 to 64 KiB.
    isWaiting = true;
    void next.then(() => {
      isWaiting = false;
      read();
    });
  }

  function read(): void {
    const chunk: Buffer | null = request.read();
    if (chunk !== null) {
      chunks.push(chunk);
      size += chunk.length;
    }
    if (!isEnough(size)) return;
    request.off('readable', take);
    onBody(chunks.length === 1 && chunk !== null ? chunk : Buffer.concat(chunks));
  }
}
