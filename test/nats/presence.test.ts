import { describe, expect, it } from 'vitest';
import { createPresence } from '../../src/nats/presence.js';
import { createManualClock } from '../support/manual-clock.js';

const SILENT_MS = 15_000;

function setUp() {
  const clock = createManualClock();
  const told: string[] = [];
  const presence = createPresence({
    clock,
    silentMs: SILENT_MS,
    onArrived: (key) => told.push(`${key} arrived`),
    onGone: (key) => told.push(`${key} gone`),
  });
  return { clock, told, presence };
}

describe('presence', () => {
  it('tells of a publisher once, however often it is heard', async () => {
    const { clock, told, presence } = setUp();
    expect(presence.isThere('a')).toBe(false);
    presence.heard('a');
    presence.heard('a');
    await clock.advance(SILENT_MS - 1);
    presence.heard('a');
    expect(told).toEqual(['a arrived']);
    expect(presence.isThere('a')).toBe(true);
  });

  it('tells when it has been silent for its time, no sooner', async () => {
    const { clock, told, presence } = setUp();
    presence.heard('a');
    await clock.advance(SILENT_MS / 2);
    presence.heard('a');
    await clock.advance(SILENT_MS - 1);
    expect(told).toEqual(['a arrived']);
    await clock.advance(1);
    expect(told).toEqual(['a arrived', 'a gone']);
    expect(presence.isThere('a')).toBe(false);
  });

  it('tells of each in its own time, those that fall silent together in one go', async () => {
    const { clock, told, presence } = setUp();
    presence.heard('a');
    presence.heard('b');
    await clock.advance(5_000);
    presence.heard('c');
    presence.heard('a');
    told.length = 0;
    await clock.advance(10_000);
    expect(told).toEqual(['b gone']);
    await clock.advance(5_000);
    expect(told).toEqual(['b gone', 'c gone', 'a gone']);
  });

  it('tells that one is back', async () => {
    const { clock, told, presence } = setUp();
    presence.heard('a');
    await clock.advance(SILENT_MS);
    presence.heard('a');
    expect(told).toEqual(['a arrived', 'a gone', 'a arrived']);
    await clock.advance(SILENT_MS);
    expect(told.at(-1)).toBe('a gone');
  });

  it('counts the silence of a publisher from when its last sign of life was written, not from when it was read', async () => {
    const { clock, told, presence } = setUp();
    presence.heard('young');
    presence.heard('old', SILENT_MS - 10);
    presence.heard('too old', SILENT_MS);
    expect(told).toEqual(['young arrived', 'old arrived']);
    await clock.advance(9);
    expect(presence.isThere('old')).toBe(true);
    await clock.advance(1);
    expect(told.at(-1)).toBe('old gone');
    await clock.advance(SILENT_MS - 10);
    expect(told).toEqual(['young arrived', 'old arrived', 'old gone', 'young gone']);
    expect(clock.pending).toBe(0);
  });

  it('tells at once of one that says that it leaves, and not again later', async () => {
    const { clock, told, presence } = setUp();
    presence.heard('a');
    presence.left('a');
    expect(presence.isThere('a')).toBe(false);
    presence.left('a');
    presence.left('nobody');
    await clock.advance(2 * SILENT_MS);
    expect(told).toEqual(['a arrived', 'a gone']);
  });

  it('has one timer at most, and none when nobody is there', async () => {
    const { clock, presence } = setUp();
    expect(clock.pending).toBe(0);
    for (let number = 0; number < 100; number += 1) presence.heard(`key-${number}`);
    expect(clock.pending).toBe(1);
    await clock.advance(SILENT_MS / 2);
    for (let number = 0; number < 50; number += 1) presence.heard(`key-${number}`);
    await clock.advance(SILENT_MS / 2);
    expect(clock.pending).toBe(1);
    await clock.advance(SILENT_MS);
    expect(clock.pending).toBe(0);
  });

  it('ends its timer when it is disposed of, twice as well as once', async () => {
    const { clock, told, presence } = setUp();
    presence.heard('a');
    presence.dispose();
    presence.dispose();
    expect(clock.pending).toBe(0);
    await clock.advance(2 * SILENT_MS);
    expect(told).toEqual(['a arrived']);
  });
});
