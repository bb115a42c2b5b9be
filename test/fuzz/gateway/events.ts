import { Violation } from '../harness/violation.js';
import { assertGraphqlResult } from './websocket-client.js';

/**
 * Parses the event stream received so far. Returns whether it contains an event; throws if one is malformed.
 */
export function parseEvents(received: Buffer): boolean {
  const headEnd = received.indexOf('\r\n\r\n') + 4;
  const head = received.toString('latin1', 0, headEnd);
  if (!/^HTTP\/1\.1 (200|4\d\d) /.test(head))
    throw new Violation('an event stream with an unexpected status', head);
  const body = received.subarray(headEnd);
  // An HTTP/1.0 client receives a stream that ends with the connection.
  const text = (/^transfer-encoding: chunked/im.test(head) ? unchunked(body) : body).toString();
  if (/^content-type: multipart/im.test(head)) return text.includes('--');
  const blocks = text.split('\n\n').slice(0, -1);
  return blocks.filter((block) => isEvent(block)).length > 0;
}

const EVENT = /^event: next\n(?:id: [!-~]+\n)?data: ([^\r\n]+)$/;

/** Whether a block is an event and no keep-alive comment. */
function isEvent(block: string): boolean {
  if (block === ':') return false;
  if (block === 'event: complete\ndata:') return true;
  const [, data] = EVENT.exec(block) ?? [];
  if (data === undefined) throw new Violation('an event is malformed', block);
  assertGraphqlResult(JSON.parse(data));
  return true;
}

/** Content of the complete chunks. Throws if there is anything else between them. */
function unchunked(bytes: Buffer): Buffer {
  const parts: Buffer[] = [];
  let at = 0;
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd < 0) return Buffer.concat(parts);
    const line = bytes.toString('latin1', at, lineEnd);
    if (!/^[\da-f]+$/i.test(line)) throw new Violation('a stream contains an invalid chunk size', line);
    const end = lineEnd + 2 + Number.parseInt(line, 16);
    if (end === lineEnd + 2 || bytes.length < end + 2) return Buffer.concat(parts);
    parts.push(bytes.subarray(lineEnd + 2, end));
    at = end + 2;
  }
}
