import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { createMetrics } from '../../../src/lib/metrics.js';
import { closeUnread, UNREAD_MS } from '../../../src/server/http/pending-answers.js';
import { createManualClock } from '../../support/manual-clock.js';

const ASK = 'GET / HTTP/1.1\r\nhost: localhost\r\n';
const HANDSHAKE = `${ASK}connection: upgrade\r\nupgrade: websocket\r\n\r\n`;

/** Starts a server that answers with so many bytes, and sends it a request and a handshake at once. */
async function upgradeBehind(bytes: number) {
  const clock = createManualClock();
  const metrics = createMetrics();
  const server = createServer((_, response) => response.end(Buffer.alloc(bytes)));
  closeUnread(server, clock, metrics);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('Expected a TCP address.');
  const client = connect(address.port, '127.0.0.1');
  client.write(`${ASK}\r\n${HANDSHAKE}`);
  const [request]: IncomingMessage[] = await once(server, 'upgrade');
  const socket = request?.socket;
  if (!socket) throw new Error('Expected a handshake.');
  return {
    clock,
    metrics,
    socket,
    [Symbol.asyncDispose]: async () => {
      client.destroy();
      socket.destroy();
      server.close();
    },
  };
}

describe('a connection that is upgraded', () => {
  it('is closed when its client does not read the earlier answer for 10 s', async () => {
    await using upgraded = await upgradeBehind(64 * 2 ** 20);
    // The first check notes the progress.
    await upgraded.clock.advance(2_500 + UNREAD_MS);
    expect(upgraded.socket.destroyed).toBe(true);
    expect(upgraded.metrics.rejections.get('RESPONSE_NOT_READ')).toBe(1);
  });

  it('has no deadline for answers once they are sent', async () => {
    await using upgraded = await upgradeBehind(0);
    upgraded.socket.write(Buffer.alloc(64 * 2 ** 20));
    await upgraded.clock.advance(2_500 + UNREAD_MS);
    expect(upgraded.socket.destroyed).toBe(false);
  });
});
