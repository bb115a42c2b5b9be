import type { IncomingMessage } from 'node:http';

/**
 * Looks at a request's body once all of it is there. What the callback leaves is still in the request, for others to
 * read: `request.unshift(body)` puts it back. Does not call back when the client leaves before that.
 *
 * @param length the body's length in bytes, at least 1
 */
export function readBody(request: IncomingMessage, length: number, onBody: (body: Buffer) => void): void {
  const chunks: Buffer[] = [];
  let size = 0;
  request.on('readable', take);

  function take(): void {
    const chunk: Buffer | null = request.read();
    if (chunk === null) return;
    chunks.push(chunk);
    size += chunk.length;
    if (size < length) return;
    request.off('readable', take);
    onBody(chunks.length === 1 ? chunk : Buffer.concat(chunks));
  }
}
