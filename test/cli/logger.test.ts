import { describe, expect, it } from 'vitest';
import { createLog, type LogOptions } from '../../src/cli/logger.js';
import { isOn } from '../../src/lib/log.js';
import { createManualClock } from '../support/manual-clock.js';

/** A log whose lines are kept. */
function start({ level = 'info', format = 'text' }: Partial<LogOptions> = {}) {
  const lines: string[] = [];
  const clock = createManualClock(Date.parse('2026-11-22T12:00:00Z'));
  return { lines, log: createLog({ level, format, clock, write: (line) => lines.push(line) }) };
}

describe('a log line', () => {
  it('is a sentence and its facts, for people', () => {
    const { lines, log } = start();
    log('warn', 'The source is away', { source: 'shop', error: 'no route "x"' });
    expect(lines).toEqual([
      '2026-11-22T12:00:00.000Z WARN  The source is away source=shop error="no route \\"x\\""\n',
    ]);
  });

  it('is one JSON object, for machines', () => {
    const { lines, log } = start({ format: 'json' });
    log('info', 'It listens', { port: 4000 });
    expect(lines).toEqual([
      '{"time":"2026-11-22T12:00:00.000Z","level":"info","message":"It listens","port":4000}\n',
    ]);
  });

  it.each(['text', 'json'] as const)('stays one line whatever an error says, as %s', (format) => {
    const { lines, log } = start({ format });
    log('error', 'It broke', { error: new Error('two\nlines') });
    expect(lines.join('').match(/\n/g)).toHaveLength(1);
    expect(lines[0]).toContain('two\\nlines');
  });

  it.each(['text', 'json'] as const)(
    'has no terminal sequence and no command of a CI service, as %s',
    (format) => {
      const { lines, log } = start({ format });
      log('warn', 'two\n\u001b[31mlines\u001b[0m ##[stop-commands]x', {
        error: '\u001b[1m##[x]\r::error::y',
        at: '##[x]',
      });
      expect(lines).toHaveLength(1);
      expect(lines[0]).toMatch(/two.*lines # ?#|two.*lines \\u0023#/);
      expect(lines[0]).not.toMatch(/[^\P{Cc}\n]|\\u001b|##\[|\n./u);
    },
  );

  it('is written when it matters as much as the level asks for', () => {
    const { lines, log } = start({ level: 'warn' });
    log('info', 'no');
    log('warn', 'yes');
    log('error', 'yes');
    expect(lines).toHaveLength(2);
    expect([isOn(log, 'info'), isOn(log, 'warn')]).toEqual([false, true]);
    expect(isOn(start({ level: 'silent' }).log, 'error')).toBe(false);
  });
});
