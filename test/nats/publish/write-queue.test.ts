import { describe, expect, it } from 'vitest';
import { silentLog } from '../../../src/lib/log.js';
import type { Bucket } from '../../../src/nats/bucket.js';
import { compress, decodeEnvelope, decompress, encodeEnvelope } from '../../../src/nats/message-format.js';
import { toStartState, toUnreadState } from '../../../src/nats/publish/command-publisher.js';
import { createOwnedKey, type SessionState } from '../../../src/nats/publish/owned-key.js';
import { createWriteQueue, createWriteTimes } from '../../../src/nats/publish/write-queue.js';
import { createManualClock } from '../../support/manual-clock.js';
import { session } from '../../support/sessions.js';

const KEY = 'ci.Tiltfile';
const RUN = { uid: 'run-2', pid: null, startTime: '2026-11-22T12:00:00Z' };
const START = toStartState(RUN, 'ci');
const END = toUnreadState(RUN, 'ci', { code: 127, how: 'could not be run' });

/** A state of the run after its start. */
function running(n: number): SessionState {
  const live = session('ci', {}, { uid: 'run-2', resourceVersion: String(n) });
  return { session: live, connection: 'live', error: null };
}

/** The state in the key of another machine. */
interface Held {
  readonly connection?: 'gone' | 'live';
  readonly startTime?: string;
  readonly presenceMs?: number;
}

/**
 * The queue of a key of another machine. Default: it has the result of a run, and its clock is an hour ahead.
 */
function setUp({ connection = 'gone', startTime = '2026-11-22T13:00:00Z', presenceMs = 15_000 }: Held = {}) {
  const clock = createManualClock();
  const written: string[] = [];
  const broker: { isDown: boolean; isBroken: boolean; alive: string | null } = {
    ...{ isDown: false, isBroken: false, alive: null },
  };
  const result = { done: connection === 'gone', startTime };
  const held = encodeEnvelope({
    publisher: 'other',
    serial: 9,
    previous: 0,
    connection,
    error: connection === 'gone' ? 'its publisher ended' : null,
    session: session('ci', {}, { uid: 'run-1', status: result }),
  });
  const bucket = {
    sessions: { get: async () => ({ operation: 'PUT', revision: 9, value: compress(held) }) },
    presence: {
      get: async () => broker.alive && { operation: 'PUT', string: () => broker.alive },
      put: async () => 1,
    },
    presenceMs,
    async putState(_: string, value: Uint8Array, previous: number) {
      if (broker.isBroken) throw new Error('timeout');
      const state = decodeEnvelope(decompress(value), 'ci');
      const { uid, resourceVersion } = state.session.metadata;
      written.push([uid, resourceVersion, state.connection].filter(Boolean).join(' '));
      return previous + 1;
    },
  } as unknown as Bucket;
  const ending = new AbortController();
  const options = {
    key: KEY,
    clock,
    random: () => 0.5,
    log: silentLog,
    signal: ending.signal,
    bucket: async () => bucket,
    isDown: () => broker.isDown,
    onWritten: async () => {},
    onFailure: async () => {},
    onDone() {},
  };
  const owner = { key: KEY, publisher: 'this', reportKey: 'ci.this=231', takeOver: false };
  const queue = createWriteQueue(
    options,
    createOwnedKey(owner, () => {}),
    createWriteTimes(clock),
  );
  return { clock, broker, queue, written, end: () => ending.abort() };
}

describe('the start of a new run that is not written yet', () => {
  it('is written before its end, which would not replace a run that seems later', async () => {
    const { clock, broker, queue, written, end } = setUp();
    broker.isDown = true;
    queue.write(START);
    queue.write(END);
    await clock.advance(5_000);
    broker.isDown = false;
    await clock.advance(5_000);
    expect(written).toEqual(['run-2 stale', 'run-2 gone']);
    expect(queue.isDone).toBe(true);
    end();
  });

  it('is not written before its end after half a minute: a later run may have ended since', async () => {
    const { clock, broker, queue, written, end } = setUp();
    broker.isDown = true;
    queue.write(START);
    await clock.advance(30_000);
    queue.write(END);
    await clock.advance(1_000);
    broker.isDown = false;
    await clock.advance(5_000);
    expect(written).toEqual([]);
    expect(queue.isDone).toBe(true);
    end();
  });

  it('is not written alone after minutes over the result of a run that was started later', async () => {
    const { clock, broker, queue, written, end } = setUp({ startTime: '2026-11-22T12:05:00Z' });
    broker.isDown = true;
    queue.write(START);
    await clock.advance(600_000);
    broker.isDown = false;
    await clock.advance(5_000);
    queue.write(END);
    await clock.advance(5_000);
    expect(written).toEqual([]);
    expect(queue.isDone).toBe(true);
    end();
  });

  it('is written before its end once a killed publisher counts as gone, however long that takes', async () => {
    const { clock, broker, queue, written, end } = setUp({ connection: 'live', presenceMs: 60_000 });
    broker.alive = 'other';
    queue.write(START);
    await clock.advance(30_000);
    queue.write(END);
    await clock.advance(31_000);
    broker.alive = null;
    await clock.advance(10_000);
    expect(written).toEqual(['run-2 stale', 'run-2 gone']);
    end();
  });

  it.each([
    ['there is no connection', 'isDown'],
    ['writes fail', 'isBroken'],
  ] as const)('waits with the newest state alone while %s', async (_, problem) => {
    const { clock, broker, queue, written, end } = setUp();
    broker[problem] = true;
    queue.write(START);
    for (let n = 1; n <= 3; n += 1) {
      queue.write(running(n));
      await clock.advance(5_000);
    }
    broker[problem] = false;
    await clock.advance(5_000);
    expect(written).toEqual(['run-2 stale', 'run-2 3 live']);
    // It is not kept once it is written.
    broker[problem] = true;
    for (let n = 4; n <= 6; n += 1) queue.write(running(n));
    await clock.advance(5_000);
    broker[problem] = false;
    await clock.advance(5_000);
    expect(written.slice(2)).toEqual(['run-2 6 live']);
    end();
  });
});
