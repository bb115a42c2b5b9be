import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

/**
 * Whether a request asks for the one protocol that can be upgraded to. All other upgrades, such as `h2c` of
 * `curl --http2` and of Java's HttpClient, are ignored: a server may do so at any time (RFC 9110, section
 * 7.8). WebSocket is the only one whose requests have no meaning without the upgrade (RFC 6455, section 4.1).
 */
export function isWebSocketUpgrade({
  method,
  headers,
}: Pick<IncomingMessage, 'method' | 'headers'>): boolean {
  return method === 'GET' && headers.upgrade?.trim().toLowerCase() === 'websocket';
}

/**
 * Gives a connection back to its server, with its request as if it had not asked for an upgrade. Node.js
 * without `shouldUpgradeCallback` decides by the server alone whether it takes a request out of HTTP, and has
 * then read no body.
 *
 * @param head what came behind the headers
 * @param serve hands the connection to the server, as a new one
 */
export function ignoreUpgrade(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  serve: (socket: Duplex) => void,
): void {
  if (head.length > 0) socket.unshift(head);
  socket.unshift(headOf(request));
  serve(socket);
}

/** The request's line and headers, without what asks for the upgrade. */
function headOf({ method, url, httpVersion, rawHeaders }: IncomingMessage): Buffer {
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    const value = rawHeaders[index + 1] ?? '';
    const kept = name.toLowerCase() === 'connection' ? withoutUpgrade(value) : value;
    if (!DROPPED.has(name.toLowerCase()) && kept !== '') lines.push(`${name}: ${kept}`);
  }
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
}

/** Only `h2c` has settings, and those only with the upgrade (RFC 7540, section 3.2.1). */
const DROPPED: ReadonlySet<string> = new Set(['upgrade', 'http2-settings']);

/** A `Connection` header lists `upgrade`, and headers that belong to it (RFC 9110, section 7.6.1). */
function withoutUpgrade(connection: string): string {
  const options = connection.split(',').map((option) => option.trim());
  return options.filter((option) => !DROPPED.has(option.toLowerCase())).join(', ');
}
