import { Violation } from '../harness/violation.js';

/** A response as received. */
export interface HttpResponse {
  readonly status: number;
  /** Header values by lower-case name. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
  /** Size of the whole response in bytes. */
  readonly length: number;
}

/** Context needed to find the end of a response. */
export interface ReadOptions {
  /** Whether it may answer a HEAD request, so that it may have no body. */
  readonly mayBeHead: boolean;
  /** Whether no more bytes follow, which ends a body of unknown length. */
  readonly isClosed: boolean;
}

/**
 * Reads the first response. Returns null while it is incomplete; throws a violation if it is invalid (RFC
 * 9112).
 */
export function readResponse(bytes: Buffer, options: ReadOptions): HttpResponse | null {
  if (!START.startsWith(bytes.subarray(0, START.length).toString('latin1')))
    throw new Violation('the received bytes are not an HTTP response', bytes.toString('latin1'));
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd < 0) return null;
  const head = readHead(bytes.subarray(0, headEnd).toString('latin1'));
  const rest = bytes.subarray(headEnd + 4);
  const body = readBody(head, rest, options);
  return body && { ...head, body: body.bytes, length: headEnd + 4 + body.length };
}

const START = 'HTTP/1.1 ';
const STATUS_LINE = /^HTTP\/1\.1 ([1-5]\d\d) [\x20-\x7e]*$/;
const HEADER_LINE = /^([!#$%&'*+.^_`|~\w-]+):[ \t]*([\x20-\x7e\t\x80-\xff]*)$/;

type Head = Pick<HttpResponse, 'status' | 'headers'>;

function readHead(text: string): Head {
  const [first = '', ...lines] = text.split('\r\n');
  const [, status] = STATUS_LINE.exec(first) ?? [];
  if (status === undefined) throw new Violation('malformed status line of a response', first);
  const headers = new Map<string, string>();
  for (const line of lines) {
    const [, name, value = ''] = HEADER_LINE.exec(line) ?? [];
    if (name === undefined) throw new Violation('malformed header of a response', line);
    const key = name.toLowerCase();
    if (key === 'content-length' && headers.has(key)) throw new Violation('two content-length headers', text);
    headers.set(key, value);
  }
  return { status: Number(status), headers };
}

interface Body {
  readonly bytes: Buffer;
  readonly length: number;
}

const NO_BODY: Body = { bytes: Buffer.alloc(0), length: 0 };

function readBody(
  { status, headers }: Head,
  rest: Buffer,
  { mayBeHead, isClosed }: ReadOptions,
): Body | null {
  if (status < 200 || status === 204 || status === 304) return NO_BODY;
  // If it is unknown, the following bytes decide: another response, or nothing.
  if (mayBeHead && (rest.length === 0 || rest.subarray(0, START.length).equals(Buffer.from(START))))
    return NO_BODY;
  if (headers.get('transfer-encoding') === 'chunked') return readChunks(rest);
  const length = headers.get('content-length');
  if (length === undefined) return isClosed ? { bytes: rest, length: rest.length } : null;
  if (!/^\d+$/.test(length)) throw new Violation('malformed content-length of a response', length);
  return rest.length < Number(length)
    ? null
    : { bytes: rest.subarray(0, Number(length)), length: Number(length) };
}

function readChunks(rest: Buffer): Body | null {
  const parts: Buffer[] = [];
  let at = 0;
  for (;;) {
    const lineEnd = rest.indexOf('\r\n', at);
    if (lineEnd < 0) return null;
    const line = rest.subarray(at, lineEnd).toString('latin1');
    if (!/^[\da-f]+$/i.test(line)) throw new Violation('malformed chunk of a response', line);
    const size = Number.parseInt(line, 16);
    const end = lineEnd + 2 + size;
    if (rest.length < end + 2) return null;
    if (rest.toString('latin1', end, end + 2) !== '\r\n') throw new Violation('a chunk without an end', line);
    if (size === 0) return { bytes: Buffer.concat(parts), length: end + 2 };
    parts.push(rest.subarray(lineEnd + 2, end));
    at = end + 2;
  }
}
