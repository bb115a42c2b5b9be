import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { BIG_CHANGES, bigJson, SMALL_CHANGES, startCliGateway } from '../../support/cli-gateway.js';
import { createMany } from '../../support/create-many.js';
import { openStuckReader } from '../../support/stuck-reader.js';

const STUCK = 20;
const HEALTHY = 1_000 - STUCK;

describe('SIGTERM with 1,000 WebSocket readers, some of them stuck', () => {
  it('SIGTERM with 1,000 readers closes them with 1001, disconnects stuck ones after 2 s, and exits with 0', async () => {
    await using gateway = await startCliGateway();
    const { command, server, webSocketUrl } = gateway;
    const readers = await createMany(HEALTHY, () => openReader(webSocketUrl));
    const stuck = await createMany(STUCK, () => openStuckReader(webSocketUrl, BIG_CHANGES));
    // The stuck readers are megabytes behind, so the close frame waits behind that.
    for (let round = 1; round <= 60; round += 1) {
      server.put(bigJson(round));
      await server.drained();
    }
    const closed = readers.map((socket) => once(socket, 'close'));
    const askedAt = performance.now();
    command.process.kill('SIGTERM');
    const codes = (await Promise.all(closed)).map(([code]) => code);
    expect(new Set(codes)).toEqual(new Set([1001]));
    expect(await command.exit).toBe(0);
    // 2 s for close frames. By default `ws` would wait for 30 s.
    expect(performance.now() - askedAt).toBeLessThan(28_000);
    // On a busy machine some were closed earlier because they had read nothing for 10 s (1013).
    for (const reader of stuck) expect([1001, 1006, 1013]).toContain((await reader.closed())[0]);
    await server.until(() => server.openWatches === 0);
  }, 120_000);
});

/** Opens a reader that reads everything. */
async function openReader(url: string): Promise<WebSocket> {
  const socket = new WebSocket(url, 'graphql-transport-ws');
  await once(socket, 'open');
  socket.send('{"type":"connection_init"}');
  await once(socket, 'message');
  socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query: SMALL_CHANGES } }));
  await once(socket, 'message');
  return socket;
}
