import { createClient } from 'graphql-ws';
import { describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { createMemoryProvider } from '../../src/providers/memory.js';
import { startGateway } from '../support/gateway.js';
import { createTestLog, logLine } from '../support/log-lines.js';
import { createManualClock } from '../support/manual-clock.js';
import { session } from '../support/sessions.js';
import { openStuckReader } from '../support/stuck-reader.js';

const LOG = 'subscription { log(last: 0) { reset dropped lines { text } } }';
const BATCHES = 60;
const LINES = 900;

interface Lines {
  readonly log: { readonly dropped: number; readonly lines: readonly { readonly text: string }[] };
}

describe('a stuck reader of a log', () => {
  it('S5: a stuck reader of log receives the newest lines and the number of the others, and slows no other reader', async () => {
    const clock = createManualClock();
    const source = createMemoryProvider('memory', [session('a')]);
    const log = createTestLog({ lines: 1_000 });
    source.setLog('a/Tiltfile', log);
    await using gateway = await startGateway({ clock, providers: [source.provider] });
    await gateway.gateway.ready();
    await using stuck = await openStuckReader(gateway.webSocketUrl, LOG);
    const healthy = createClient({ url: gateway.webSocketUrl, webSocketImpl: WebSocket });
    const stream = healthy.iterate<Lines>({ query: LOG });
    await stream.next();
    for (let batch = 0; batch < BATCHES; batch += 1) {
      log.append(
        ...Array.from({ length: LINES }, (_, index) => logLine(`${batch} ${index} ${'x'.repeat(250)}`)),
      );
      await clock.advance(100);
      const { value } = await stream.next();
      expect([value?.data?.log.dropped, value?.data?.log.lines.length]).toEqual([0, LINES]);
    }
    let [received, dropped] = [0, 0];
    const isLast = (data: unknown) => {
      const { lines, dropped: missing } = (data as Lines).log;
      received += lines.length;
      dropped += missing;
      return lines.at(-1)?.text.startsWith(`${BATCHES - 1} ${LINES - 1} `) ?? false;
    };
    await stuck.resume(isLast);
    expect(dropped).toBeGreaterThan(0);
    expect(received + dropped).toBe(BATCHES * LINES);
    await healthy.dispose();
    await expect.poll(() => gateway.gateway.readers).toBe(1);
    await stuck[Symbol.asyncDispose]();
    await expect.poll(() => log.listeners).toBe(0);
  });
});
