import { describe, expect, it } from 'vitest';
import { createPresence } from '../../src/nats/presence.js';
import { createManualClock } from '../support/manual-clock.js';

const SILENT_MS = 15_000;

function setUp() {
  const clock = createManualClock();
  const events: string[] = [];
  const presence = createPresence({
    clock,
    silentMs: SILENT_MS,
    onArrived: (key) => events.push(`${key} arrived`),
    onGone: (key) => events.push(`${key} gone`),
  });
  return { clock, events, presence };
}

describe('presence', () => {
  it('reports a publisher as arrived once, however many heartbeats it sends', async () => {
    const { clock, events, presence } = setUp();
    expect(presence.isAlive('a')).toBe(false);
    presence.seen('a');
    presence.seen('a');
    await clock.advance(SILENT_MS - 1);
    presence.seen('a');
    expect(events).toEqual(['a arrived']);
    expect(presence.isAlive('a')).toBe(true);
  });

  it('reports a publisher as gone exactly after its time of silence', async () => {
    const { clock, events, presence } = setUp();
    presence.seen('a');
    await clock.advance(SILENT_MS / 2);
    presence.seen('a');
    await clock.advance(SILENT_MS - 1);
    expect(events).toEqual(['a arrived']);
    await clock.advance(1);
    expect(events).toEqual(['a arrived', 'a gone']);
    expect(presence.isAlive('a')).toBe(false);
  });

  it('reports each publisher at its own time, and those that fall silent together at once', async () => {
    const { clock, events, presence } = setUp();
    presence.seen('a');
    presence.seen('b');
    await clock.advance(5_000);
    presence.seen('c');
    presence.seen('a');
    events.length = 0;
    await clock.advance(10_000);
    expect(events).toEqual(['b gone']);
    await clock.advance(5_000);
    expect(events).toEqual(['b gone', 'c gone', 'a gone']);
  });

  it('reports a publisher that is back as arrived', async () => {
    const { clock, events, presence } = setUp();
    presence.seen('a');
    await clock.advance(SILENT_MS);
    presence.seen('a');
    expect(events).toEqual(['a arrived', 'a gone', 'a arrived']);
    await clock.advance(SILENT_MS);
    expect(events.at(-1)).toBe('a gone');
  });

  it('counts silence from the time at which the last heartbeat was written, not read', async () => {
    const { clock, events, presence } = setUp();
    presence.seen('young');
    presence.seen('old', SILENT_MS - 10);
    presence.seen('too old', SILENT_MS);
    expect(events).toEqual(['young arrived', 'old arrived']);
    await clock.advance(9);
    expect(presence.isAlive('old')).toBe(true);
    await clock.advance(1);
    expect(events.at(-1)).toBe('old gone');
    await clock.advance(SILENT_MS - 10);
    expect(events).toEqual(['young arrived', 'old arrived', 'old gone', 'young gone']);
    expect(clock.pending).toBe(0);
  });

  it('reports a publisher that leaves as gone at once, and only once', async () => {
    const { clock, events, presence } = setUp();
    presence.seen('a');
    presence.gone('a');
    expect(presence.isAlive('a')).toBe(false);
    presence.gone('a');
    presence.gone('nobody');
    await clock.advance(2 * SILENT_MS);
    expect(events).toEqual(['a arrived', 'a gone']);
  });

  it('has at most one timer, and none without publishers', async () => {
    const { clock, presence } = setUp();
    expect(clock.pending).toBe(0);
    for (let number = 0; number < 100; number += 1) presence.seen(`key-${number}`);
    expect(clock.pending).toBe(1);
    await clock.advance(SILENT_MS / 2);
    for (let number = 0; number < 50; number += 1) presence.seen(`key-${number}`);
    await clock.advance(SILENT_MS / 2);
    expect(clock.pending).toBe(1);
    await clock.advance(SILENT_MS);
    expect(clock.pending).toBe(0);
  });

  it('cancels its timer when it is disposed, also twice', async () => {
    const { clock, events, presence } = setUp();
    presence.seen('a');
    presence.dispose();
    presence.dispose();
    expect(clock.pending).toBe(0);
    await clock.advance(2 * SILENT_MS);
    expect(events).toEqual(['a arrived']);
  });
});
