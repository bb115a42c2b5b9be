import type { Clock } from '../lib/clock.js';
import type { Log, LogFields, LogLevel } from '../lib/log.js';
import { plainText } from '../model/plain-text.js';
import { LOG_LEVELS, type LogFlags } from './options/publish.js';
import { isReaderGone } from './output.js';
import { jsonText, terminalText, withoutLogCommands } from './text.js';

/** The part of standard error that the log uses. */
export interface LogStream {
  /** Buffered bytes. */
  readonly writableLength: number;
  write(line: string, onWritten: (error?: Error | null) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
}

/** Maximum number of bytes buffered for a slow reader. Further lines are dropped and counted. */
const MAX_BUFFERED = 1_048_576;

/**
 * Creates a log on standard error that never blocks or ends the process. Once the reader has closed the
 * stream, the log discards all lines. While the disk is full or the reader has stopped, it drops lines, and
 * reports their number before the next line.
 */
export function createStderrLog(flags: LogFlags, stream: LogStream, clock: Pick<Clock, 'now'>): Log {
  let isGone = false;
  let dropped = 0;
  stream.on('error', (error) => {
    isGone ||= isReaderGone(error);
  });
  const options = { ...flags, clock };
  return createLog({ ...options, write });

  function write(line: string): void {
    if (isGone) return;
    if (stream.writableLength > MAX_BUFFERED) {
      dropped += 1;
      return;
    }
    if (dropped > 0) reportDropped();
    put(line, 1);
  }

  function reportDropped(): void {
    const lines = dropped;
    dropped = 0;
    const notice = createLog({ ...options, write: (line) => put(line, lines) });
    notice('warn', 'log lines dropped: standard error did not accept them', { lines });
  }

  /**
   * @param lines number to add to the dropped lines if this write fails; a notice stands for several lines
   */
  function put(line: string, lines: number): void {
    stream.write(line, (error) => {
      if (error) dropped += lines;
    });
  }
}

/** Dependencies of {@link createLog}. */
export interface LogOptions extends LogFlags {
  readonly clock: Pick<Clock, 'now'>;
  /** Writes one line, which includes its line break. */
  readonly write: (line: string) => void;
}

/** Creates a log that writes lines of the given level and of higher severities. */
export function createLog({ level: maxLevel, format, clock, write }: LogOptions): Log {
  const limit = LOG_LEVELS.indexOf(maxLevel);
  const isOn = (level: LogLevel) => LOG_LEVELS.indexOf(level) <= limit;
  const line = format === 'json' ? jsonLine : textLine;
  return Object.assign(
    (level: LogLevel, message: string, facts: LogFields = {}) => {
      if (isOn(level)) write(`${line(new Date(clock.now()).toISOString(), level, message, facts)}\n`);
    },
    { isOn },
  );
}

function jsonLine(time: string, level: LogLevel, message: string, facts: LogFields): string {
  return jsonText({ time, level, message: plainText(message), ...mapValues(facts, printable) });
}

function textLine(time: string, level: LogLevel, message: string, facts: LogFields): string {
  const details = Object.entries(facts).map(([key, value]) => ` ${key}=${text(printable(value))}`);
  return withoutLogCommands(
    `${time} ${level.toUpperCase().padEnd(5)} ${terminalText(message)}${details.join('')}`,
  );
}

// JSON has no representation of an error. A log needs its stack.
function printable(value: unknown): unknown {
  const shown = value instanceof Error ? (value.stack ?? value.message) : value;
  return typeof shown === 'string' ? plainText(shown) : shown;
}

function text(value: unknown): string {
  return typeof value === 'string' && /^[^\s"=]+$/.test(value) ? value : jsonText(value);
}

function mapValues(object: LogFields, map: (value: unknown) => unknown): LogFields {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, map(value)]));
}
