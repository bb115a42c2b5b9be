import type { Clock } from '../lib/clock.js';
import type { Log, LogFields, LogLevel } from '../lib/log.js';
import { plainText } from '../model/plain-text.js';
import { jsonText } from './json-text.js';
import { withoutLogCommands } from './log-commands.js';
import { LOG_LEVELS, type LogFlags } from './shared-options.js';
import { terminalText } from './terminal-text.js';

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
