import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { FrameWriter, HIGH_WATER_MARK } from '../../../src/server/websocket/frame-writer.js';
import { createFlushScheduler } from '../../../src/subscriptions/flush-scheduler.js';
import { createManualClock } from '../../support/manual-clock.js';

/** Opens a connection and returns both ends. */
async function connection(): Promise<{ readonly ours: Socket; readonly theirs: Socket }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('Expected a TCP address.');
  const theirs = connect(address.port, '127.0.0.1');
  const [ours]: Socket[] = await once(server, 'connection');
  server.close();
  if (!ours) throw new Error('Expected a connection.');
  return { ours, theirs };
}

/**
 * Parses short frames: RFC 6455, section 5.2. A length of 126 means that the length is in the next two
 * bytes.
 */
function textsIn(bytes: Buffer): string[] {
  const texts: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const short = bytes.readUInt8(at + 1);
    const from = at + (short < 126 ? 2 : 4);
    const length = short < 126 ? short : bytes.readUInt16BE(at + 2);
    texts.push(bytes.toString('utf8', from, from + length));
    at = from + length;
  }
  return texts;
}

describe('frames that share a body', () => {
  it('frames that share a body reach each reader with its own header, also after a full socket buffer', async () => {
    const owner = { isOpen: true, onFull() {} };
    const scheduler = createFlushScheduler({ clock: createManualClock() });
    const connections = [await connection(), await connection(), await connection()];
    const writers = connections.map(({ ours }) => new FrameWriter(ours, scheduler, owner));
    const sent: string[] = [];
    const [slow] = connections;
    // Far larger than the socket buffers. The first of the three readers does not read.
    for (let update = 0; update < 3_000; update += 1) {
      const text = `${update}${'.'.repeat(2_000)}`;
      const body = Buffer.from(text);
      sent.push(text);
      for (const [index, writer] of writers.entries()) writer.send(Buffer.from(`reader ${index}: `), body);
      await new Promise(process.nextTick);
      if (update % 100 === 0) await new Promise(setImmediate);
      if (update === 0) for (const { theirs } of connections.slice(1)) theirs.on('data', () => {});
    }
    expect(slow?.ours.writableLength).toBeGreaterThan(0);
    slow?.ours.end();
    const received = Buffer.concat((await slow?.theirs.toArray()) ?? []);
    expect(textsIn(received)).toEqual(sent.map((text) => `reader 0: ${text}`));
    for (const { ours, theirs } of connections) {
      ours.destroy();
      theirs.destroy();
    }
  });
});

describe('the callback of a message', () => {
  it.each<[string, readonly number[]]>([
    ['alone', []],
    ['behind a small message', [10]],
    ['between a large and a small message', [20_000, 10]],
  ])('a small message %s has its callback called once, and all arrive', async (_, [before, after]) => {
    const { ours, theirs } = await connection();
    const scheduler = createFlushScheduler({ clock: createManualClock() });
    const writer = new FrameWriter(ours, scheduler, { isOpen: true, onFull() {} });
    const texts: string[] = [];
    const send = (length: number | undefined, onSent?: () => void) => {
      if (length === undefined) return;
      const body = '.'.repeat(length);
      texts.push(`head${body}`);
      writer.send(Buffer.from('head'), Buffer.from(body), onSent);
    };
    let calls = 0;
    send(before);
    const sent = new Promise<void>((resolve) => {
      send(100, () => {
        calls += 1;
        resolve();
      });
    });
    send(after);
    writer.run();
    await sent;
    ours.end();
    expect(textsIn(Buffer.concat(await theirs.toArray()))).toEqual(texts);
    expect(calls).toBe(1);
  });
});

describe('the high-water mark', () => {
  it('S5: messages that reach the high-water mark together are written before the end of the flush, and reported', async () => {
    let full = 0;
    const owner = {
      isOpen: true,
      onFull() {
        full += 1;
      },
    };
    let flush = () => {};
    const scheduler = createFlushScheduler({
      clock: createManualClock(),
      atEndOfTick(end) {
        flush = end;
      },
    });
    const { ours, theirs } = await connection();
    const writer = new FrameWriter(ours, scheduler, owner);
    const body = Buffer.alloc(HIGH_WATER_MARK / 2);
    const head = Buffer.from('head');
    writer.send(head, body);
    expect(ours.bytesWritten).toBe(0);
    // The buffers of the system take the first ones.
    for (let sent = 1; sent < 200 && full === 0; sent += 1) writer.send(head, body);
    expect(full).toBe(1);
    const written = ours.bytesWritten;
    expect(written).toBeGreaterThan(HIGH_WATER_MARK);
    flush();
    expect(ours.bytesWritten).toBe(written);
    ours.destroy();
    theirs.destroy();
  });
});
