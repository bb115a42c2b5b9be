import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { createGunzip, gunzip } from 'node:zlib';
import type { Compression } from '../compression.js';
import { PUBLIC_VARY } from './answer.js';
import { compressLater } from './compress.js';
import type { ContentCoding } from './content-coding.js';
import { sendParts } from './send-outcome.js';

/** A file that browsers cache. Kept compressed, in each coding that a client has asked for. */
export interface CompressedFile {
  /** Content type. */
  readonly type: string;
  /** Hash of the content. */
  readonly hash: string;
  /** Whether the name contains a hash of the content, so that the file never changes. */
  readonly isHashed: boolean;
  /** Length of the content without a coding, in bytes. */
  readonly length: number;
  /** The content in gzip. */
  readonly zipped: Buffer;
  /** Returns the content in a coding. Its bytes are the same for all readers. */
  read(coding: ContentCoding): Promise<Buffer>;
}

/** Compresses a file. */
export async function compressFile(
  content: string | Buffer,
  type: string,
  isHashed = false,
): Promise<CompressedFile> {
  const plain = Buffer.from(content);
  const zipped = await compressLater(plain, 'gzip');
  const forms = new Map([['gzip', Promise.resolve(zipped)]]);
  const hash = createHash('sha256').update(plain).digest('base64url').slice(0, 16);

  return {
    type,
    hash,
    isHashed,
    length: plain.length,
    zipped,
    read(coding) {
      const known = forms.get(coding);
      if (known) return known;
      const form = promisify(gunzip)(zipped).then((again) => compressLater(again, coding));
      forms.set(coding, form);
      return form;
    },
  };
}

/**
 * Sends a file in the best coding that the client accepts, or 304 if the client has it.
 *
 * @param vary request headers that the response depends on
 */
export async function sendFile(
  file: CompressedFile,
  request: IncomingMessage,
  response: ServerResponse,
  compression: Pick<Compression, 'codingOf'>,
  vary = PUBLIC_VARY,
): Promise<void> {
  const { coding } = compression.codingOf(request);
  const etag = coding === null ? `"${file.hash}"` : `"${file.hash}-${coding}"`;
  response.setHeader('content-type', file.type);
  response.setHeader('etag', etag);
  response.setHeader('cache-control', file.isHashed ? 'public, max-age=31536000, immutable' : 'no-cache');
  response.setHeader('vary', vary);
  if (request.headers['if-none-match']?.includes(etag)) {
    response.writeHead(304).end();
    return;
  }
  if (coding === null) {
    await sendPlain(file, request, response);
    return;
  }
  const body = await file.read(coding);
  response.setHeader('content-encoding', coding);
  response.writeHead(200, { 'content-length': body.length }).end(body);
}

/**
 * Sends a file without a coding, decompressed while the client reads: GraphiQL has 9 MB, which each slow
 * reader would keep.
 */
async function sendPlain(
  { length, zipped }: CompressedFile,
  { method }: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  response.writeHead(200, { 'content-length': length });
  if (method === 'HEAD') response.end();
  else await sendParts(response, [zipped], createGunzip());
}
