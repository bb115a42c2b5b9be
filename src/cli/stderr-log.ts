import type { Clock } from '../lib/clock.js';
import type { Log, LogFields, LogLevel } from '../lib/log.js';
import { plainText } from '../model/plain-text.js';
import { isReaderGone } from './output.js';
import { jsonText, terminalText, withoutLogCommands } from './safe-text.js';
import { LOG_LEVELS, type LogFlags } from './shared-options.js';

/** The part of standard error that a log needs. */
export interface LogStream {
  /** Bytes that wait to be written. */
  readonly writableLength: number;
  write(line: string, onWritten: (error?: Error | null) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
}

/** How much of a log waits for a slow reader at most, in bytes; lines beyond that are dropped, and counted. */
const MAX_UNREAD = 1_048_576;

/**
 * Creates a log on standard error that never stops the process: nothing is written once its reader has left, lines that a
 * full disk or a stopped reader does not take are dropped. When there is room again, a line gives their number.
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
    if (stream.writableLength > MAX_UNREAD) {
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
    notice('warn', 'Log lines were dropped: standard error could not take them', { lines });
  }

  /** @param lines how many lines are lost when this one is */
  function put(line: string, lines: number): void {
    stream.write(line, (error) => {
      if (error) dropped += lines;
    });
  }
}

/** What {@link createLog} works with. */
export interface LogOptions extends LogFlags {
  readonly clock: Pick<Clock, 'now'>;
  /** Takes one line, with its line break. */
  readonly write: (line: string) => void;
}

/** A log that writes what is at least as important as its level. */
export function createLog({ level: loudest, format, clock, write }: LogOptions): Log {
  const limit = LOG_LEVELS.indexOf(loudest);
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

// JSON has no form for an error; its stack is what one looks for in a log.
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
