import type { Socket } from 'node:net';
import { isRecord } from '../../lib/is-record.js';

/** Where a parser of Node.js keeps its handler of bodies: `kOnBody` in `node_http_parser.cc`. */
const ON_BODY = 3;

/**
 * Ends the parsing of a connection that closes, in the middle of a read. Node.js has no public function for
 * this: it parses each read of 64 KiB to its end, even if the connection is destroyed meanwhile, and a pause
 * takes effect at the next read. One read contains up to 1,500 requests, which take 30 ms, or 10,000 chunks
 * of one byte, which take 14 ms. Does nothing if a version of Node.js has other parsers.
 */
export function stopParsing(socket: Socket): void {
  // Null once the connection has closed: the parser then serves another one.
  const parser: unknown = Reflect.get(socket, 'parser');
  if (!isRecord(parser)) return;
  // A negative number from the handler of requests is an error, at which a parser ends.
  Reflect.set(parser, 'onIncoming', () => -1);
  const onBody = parser[ON_BODY];
  if (typeof onBody !== 'function' || onBody.name !== 'parserOnBody') return;
  Reflect.set(parser, ON_BODY, null);
  socket.once('close', () => Reflect.set(parser, ON_BODY, onBody));
}
