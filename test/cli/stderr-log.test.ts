import { describe, expect, it } from 'vitest';
import { createLog, createStderrLog, type LogOptions } from '../../src/cli/stderr-log.js';
import { isOn } from '../../src/lib/log.js';
import { createManualClock } from '../support/manual-clock.js';

const FLAGS = { level: 'info', format: 'text' } as const;
const clock = createManualClock(Date.parse('2026-11-22T12:00:00Z'));

/** Stream that continues after an error, like `process.stderr`. It buffers everything while it is stopped. */
function openStream() {
  const taken: string[] = [];
  const held: string[] = [];
  let heldLength = 0;
  const listeners: ((error: Error) => void)[] = [];
  const state: { isStopped: boolean; code: string | null } = { isStopped: false, code: null };
  const stream = {
    get writableLength() {
      return heldLength;
    },
    on(_: string, listener: (error: Error) => void) {
      listeners.push(listener);
      return this;
    },
    write(line: string, onWritten: (error?: Error) => void) {
      const { code, isStopped } = state;
      const error = code === null ? undefined : Object.assign(new Error(code), { code });
      if (error) for (const listener of listeners) listener(error);
      else if (isStopped) {
        held.push(line);
        heldLength += line.length;
      } else taken.push(line);
      onWritten(error);
      return !isStopped;
    },
  };
  return {
    stream,
    taken,
    state,
    resume() {
      state.isStopped = false;
      taken.push(...held.splice(0));
      heldLength = 0;
    },
  };
}

describe('the log on standard error', () => {
  it('the log buffers about 1 MiB for a stopped reader and counts the lines that it drops', () => {
    const { stream, taken, state, resume } = openStream();
    const log = createStderrLog(FLAGS, stream, clock);
    state.isStopped = true;
    for (let line = 0; line < 3_000; line += 1) log('info', 'x'.repeat(1_000));
    expect(stream.writableLength).toBeLessThan(1_100_000);
    resume();
    log('info', 'afterwards');
    const kept = taken.filter((line) => line.includes('xxx')).length;
    expect(taken.slice(-2)).toEqual([
      expect.stringMatching(new RegExp(`WARN  log lines dropped: .* lines=${3_000 - kept}\n`)),
      expect.stringMatching(/INFO {2}afterwards\n/),
    ]);
  });

  it('the log continues when a full disk has room again', () => {
    const { stream, taken, state } = openStream();
    const log = createStderrLog(FLAGS, stream, clock);
    state.code = 'ENOSPC';
    log('info', 'one');
    state.code = null;
    log('info', 'two');
    expect(taken).toEqual([
      expect.stringMatching(/dropped: .* lines=1\n/),
      expect.stringMatching(/INFO {2}two\n/),
    ]);
  });

  it('the log writes nothing after its reader has closed the stream', () => {
    const { stream, taken, state } = openStream();
    const log = createStderrLog(FLAGS, stream, clock);
    state.code = 'EPIPE';
    log('info', 'one');
    state.code = null;
    log('info', 'two');
    expect(taken).toEqual([]);
  });
});

/** Log whose lines are collected. */
function start({ level = 'info', format = 'text' }: Partial<LogOptions> = {}) {
  const lines: string[] = [];
  const clock = createManualClock(Date.parse('2026-11-22T12:00:00Z'));
  return { lines, log: createLog({ level, format, clock, write: (line) => lines.push(line) }) };
}

describe('a log line', () => {
  it('a text log line has a message and its fields', () => {
    const { lines, log } = start();
    log('warn', 'The source is away', { source: 'shop', error: 'no route "x"' });
    expect(lines).toEqual([
      '2026-11-22T12:00:00.000Z WARN  The source is away source=shop error="no route \\"x\\""\n',
    ]);
  });

  it('a JSON log line is one object', () => {
    const { lines, log } = start({ format: 'json' });
    log('info', 'It listens', { port: 4000 });
    expect(lines).toEqual([
      '{"time":"2026-11-22T12:00:00.000Z","level":"info","message":"It listens","port":4000}\n',
    ]);
  });

  it.each(['text', 'json'] as const)('an error with several lines stays one log line, as %s', (format) => {
    const { lines, log } = start({ format });
    log('error', 'It broke', { error: new Error('two\nlines') });
    expect(lines.join('').match(/\n/g)).toHaveLength(1);
    expect(lines[0]).toContain('two\\nlines');
  });

  it.each(['text', 'json'] as const)(
    'a log line has no escape sequence and no CI log command, as %s',
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

  it('a log line is written when its level is at least the configured one', () => {
    const { lines, log } = start({ level: 'warn' });
    log('info', 'no');
    log('warn', 'yes');
    log('error', 'yes');
    expect(lines).toHaveLength(2);
    expect([isOn(log, 'info'), isOn(log, 'warn')]).toEqual([false, true]);
    expect(isOn(start({ level: 'silent' }).log, 'error')).toBe(false);
  });
});
