import { Violation } from '../harness/violation.js';
import { mustBeResult } from './websocket-client.js';

/** Reads the answer of a stream, as far as it came. Whether it has brought an event; throws when one is malformed. */
export function mustReadEvents(received: Buffer): boolean {
  const headEnd = received.indexOf('\r\n\r\n') + 4;
  const head = received.toString('latin1', 0, headEnd);
  if (!/^HTTP\/1\.1 (200|4\d\d) /.test(head)) throw new Violation('a stream of a strange status', head);
  const body = received.subarray(headEnd);
  // A client of HTTP/1.0 gets a stream that ends with the connection.
  const text = (/^transfer-encoding: chunked/im.test(head) ? unchunked(body) : body).toString();
  if (/^content-type: multipart/im.test(head)) return text.includes('--');
  const blocks = text.split('\n\n').slice(0, -1);
  return blocks.filter((block) => isEvent(block)).length > 0;
}

const EVENT = /^event: next\n(?:id: [!-~]+\n)?data: ([^\r\n]+)$/;

/** Whether it is an event, rather than a sign of life. */
function isEvent(block: string): boolean {
  if (block === ':') return false;
  if (block === 'event: complete\ndata:') return true;
  const [, data] = EVENT.exec(block) ?? [];
  if (data === undefined) throw new Violation('an event is malformed', block);
  mustBeResult(JSON.parse(data));
  return true;
}

/** What is in the chunks that came whole. Throws when something else came among them. */
function unchunked(bytes: Buffer): Buffer {
  const parts: Buffer[] = [];
  let at = 0;
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd < 0) return Buffer.concat(parts);
    const line = bytes.toString('latin1', at, lineEnd);
    if (!/^[\da-f]+$/i.test(line)) throw new Violation('a stream has something else in it', line);
    const end = lineEnd + 2 + Number.parseInt(line, 16);
    if (end === lineEnd + 2 || bytes.length < end + 2) return Buffer.concat(parts);
    parts.push(bytes.subarray(lineEnd + 2, end));
    at = end + 2;
  }
}
