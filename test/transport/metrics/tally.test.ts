import { describe, expect, it } from 'vitest';
import { createTally, MAX_SOURCES, OTHER } from '../../../src/transport/metrics/tally.js';

describe('a tally', () => {
  it('goes on with the counts of a source that comes back', () => {
    const tally = createTally();
    tally.source('shop').restarts += 1;
    tally.source('shop').restarts += 1;
    expect(tally.sources.get('shop')?.restarts).toBe(2);
  });

  it('tells so many sources apart, and counts the rest together', () => {
    const tally = createTally();
    for (let index = 0; index < MAX_SOURCES + 50; index += 1) tally.source(`tilt-${index}`).changes += 1;
    expect(tally.sources.size).toBe(MAX_SOURCES + 1);
    expect(tally.sources.get(OTHER)?.changes).toBe(50);
    tally.source('tilt-0').changes += 1;
    expect(tally.sources.get('tilt-0')?.changes).toBe(2);
  });

  it('has each close code and each reason from the start, at 0', () => {
    const { closes, refusals } = createTally();
    expect([closes.get('1000'), closes.get('1013'), closes.get('4408')]).toEqual([0, 0, 0]);
    expect([refusals.get('HOST_NOT_ALLOWED'), refusals.get('QUERY_TOO_DEEP')]).toEqual([0, 0]);
  });

  it('never has a text of a client as a key', () => {
    const { closes, refusals, closed, refused } = createTally();
    const before = [closes.size, refusals.size];
    for (let code = 1000; code < 5000; code += 1) closed(code);
    for (const text of ['', '__proto__', 'a"} 1\n', 'x'.repeat(1_000)]) refused(text);
    refused('FORBIDDEN');
    expect([closes.size, refusals.size]).toEqual(before);
    expect([closes.get('4400'), closes.get(OTHER)]).toEqual([1, 4_000 - (closes.size - 1)]);
    expect([refusals.get('FORBIDDEN'), refusals.get(OTHER)]).toEqual([1, 4]);
  });
});
