import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream';
import { promisify } from 'node:util';
import { createGunzip, gzip } from 'node:zlib';

/** A compressed file, which browsers cache. */
export interface CompressedFile {
  /** Content type. */
  readonly type: string;
  /** Content, compressed by gzip. */
  readonly body: Buffer;
  /** Strong ETag. */
  readonly etag: string;
  /** Whether the name contains a hash of the content, so that the file never changes. */
  readonly isHashed: boolean;
}

/** Compresses a file. */
export async function compressFile(
  content: string | Buffer,
  type: string,
  isHashed = false,
): Promise<CompressedFile> {
  const body = await promisify(gzip)(content);
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 16)}"`;
  return { type, body, etag, isHashed };
}

/** Sends a file: compressed if the client accepts gzip, and 304 if the client has it. */
export function sendFile(
  { type, body, etag, isHashed }: CompressedFile,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  response.setHeader('content-type', type);
  response.setHeader('etag', etag);
  response.setHeader('cache-control', isHashed ? 'public, max-age=31536000, immutable' : 'no-cache');
  response.setHeader('vary', 'accept-encoding');
  if (request.headers['if-none-match']?.includes(etag)) {
    response.writeHead(304).end();
  } else if (/\bgzip\b/.test(String(request.headers['accept-encoding']))) {
    response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': body.length }).end(body);
  } else {
    const unzip = createGunzip();
    response.writeHead(200);
    // Both streams end if the client disconnects.
    pipeline(unzip, response, () => {});
    unzip.end(body);
  }
}
