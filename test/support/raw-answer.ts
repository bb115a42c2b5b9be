import { once } from 'node:events';
import { type IncomingHttpHeaders, type IncomingMessage, type OutgoingHttpHeaders, request } from 'node:http';
import { buffer } from 'node:stream/consumers';
import * as zlib from 'node:zlib';

/** An answer with its bytes as they were sent. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** The body, decompressed. */
  readonly text: string;
}

/** Options of a request. */
export interface RawRequest {
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string;
}

/** Sends a request, without a client that adds `Accept-Encoding` or decompresses. */
export async function requestRaw(
  url: string,
  { method = 'GET', headers = {}, body = '' }: RawRequest = {},
): Promise<RawAnswer> {
  const sent = request(url, {
    method,
    headers: { ...headers, ...(body && { 'content-length': Buffer.byteLength(body) }) },
    agent: false,
  });
  sent.end(body);
  const [response]: IncomingMessage[] = await once(sent, 'response');
  if (!response) throw new Error('Expected a response.');
  const bytes = await buffer(response);
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    body: bytes,
    text: bytes.length === 0 ? '' : decompress(bytes, response.headers['content-encoding']).toString(),
  };
}

/** Decompresses a body by its content coding. Throws if it is not in that coding. */
export function decompress(bytes: Buffer, coding: string | undefined): Buffer {
  if (coding === undefined) return bytes;
  if (coding === 'gzip') return zlib.gunzipSync(bytes);
  if (coding === 'br') return zlib.brotliDecompressSync(bytes);
  const decompressed: unknown = Reflect.apply(Reflect.get(zlib, 'zstdDecompressSync'), zlib, [bytes]);
  if (Buffer.isBuffer(decompressed)) return decompressed;
  throw new Error(`Unexpected content coding ${coding}.`);
}
