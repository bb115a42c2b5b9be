import { describe, expect, it } from 'vitest';
import { isOn, type Log, silentLog, withFields } from '../../src/lib/log.js';

/** A log that records its lines. */
function recordingLog(): { log: Log; lines: unknown[] } {
  const lines: unknown[] = [];
  return { log: (...line) => lines.push(line), lines };
}

describe('withFields', () => {
  it('puts its fields in front of those of each line', () => {
    const { log, lines } = recordingLog();
    const ours = withFields(log, { requestId: 'a' });
    ours('info', 'one');
    ours('warn', 'two', { error: 'b' });
    withFields(ours, { operation: 'c' })('error', 'three');
    expect(lines).toEqual([
      ['info', 'one', { requestId: 'a' }],
      ['warn', 'two', { requestId: 'a', error: 'b' }],
      ['error', 'three', { requestId: 'a', operation: 'c' }],
    ]);
    expect(Object.keys(Object(lines[1])[2])).toEqual(['requestId', 'error']);
  });

  it('has the same levels enabled as the log that it wraps', () => {
    const warnings: Log = Object.assign(() => {}, { isOn: (level: string) => level === 'warn' });
    const ours = withFields(warnings, { requestId: 'a' });
    expect([isOn(ours, 'warn'), isOn(ours, 'debug')]).toEqual([true, false]);
  });
});

describe('isOn', () => {
  it('is true unless the log disables the level', () => {
    expect(isOn(recordingLog().log, 'debug')).toBe(true);
    expect(isOn(silentLog, 'error')).toBe(false);
  });
});
