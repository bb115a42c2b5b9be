import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { keepAlive } from '../../src/transport/keep-alive.js';
import { createManualClock } from '../support/manual-clock.js';

/** The little of a socket that keeping it alive needs. */
function createSocket() {
  const events = new EventEmitter();
  const seen = { pings: 0, isCut: false };
  const socket = {
    ping: () => {
      seen.pings += 1;
    },
    terminate: () => {
      seen.isCut = true;
    },
    on: events.on.bind(events),
    off: events.off.bind(events),
  };
  return { events, seen, socket };
}

describe('keepAlive', () => {
  it('pings every 12 s for as long as the peer answers', async () => {
    const clock = createManualClock();
    const { events, seen, socket } = createSocket();
    keepAlive(socket, clock);
    for (let round = 0; round < 5; round += 1) {
      await clock.advance(12_000);
      events.emit('pong');
    }
    expect(seen).toEqual({ pings: 5, isCut: false });
  });

  it('cuts a peer that left one ping without an answer', async () => {
    const clock = createManualClock();
    const { seen, socket } = createSocket();
    keepAlive(socket, clock);
    await clock.advance(24_000);
    expect(seen).toEqual({ pings: 1, isCut: true });
    expect(clock.pending).toBe(0);
  });

  it('leaves nothing behind when it is ended', () => {
    const clock = createManualClock();
    const { events, socket } = createSocket();
    keepAlive(socket, clock)();
    expect(clock.pending).toBe(0);
    expect(events.listenerCount('pong')).toBe(0);
  });
});
