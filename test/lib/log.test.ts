import { describe, expect, it } from 'vitest';
import { isOn, type Log, silentLog, withFields } from '../../src/lib/log.js';

/** A log that keeps its lines. */
function recordingLog(): { log: Log; lines: unknown[] } {
  const lines: unknown[] = [];
  return { log: (...line) => lines.push(line), lines };
}

describe('a log with fields', () => {
  it('puts them in front of the facts of each line', () => {
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

  it('writes the levels that the log below it writes', () => {
    const warnings: Log = Object.assign(() => {}, { isOn: (level: string) => level === 'warn' });
    const ours = withFields(warnings, { requestId: 'a' });
    expect([isOn(ours, 'warn'), isOn(ours, 'debug')]).toEqual([true, false]);
  });
});

describe('whether a level is written', () => {
  it('is taken for granted, unless the log says otherwise', () => {
    expect(isOn(recordingLog().log, 'debug')).toBe(true);
    expect(isOn(silentLog, 'error')).toBe(false);
  });
});
