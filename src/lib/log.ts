/** Severity of a log line. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Structured fields of a log line, by name. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Writes one line: a message and structured fields. */
export interface Log {
  (level: LogLevel, message: string, fields?: LogFields): void;
  /** Whether lines of a level are written, so that callers can skip work. Default: they are. */
  isOn?(level: LogLevel): boolean;
}

/** Writes nothing. */
export const silentLog: Log = Object.assign(() => {}, { isOn: () => false });

/** Adds fields in front of those of each line. When both have the same name, the line's field wins. */
export function withFields(log: Log, fields: LogFields): Log {
  return Object.assign(
    (level: LogLevel, message: string, own?: LogFields) => log(level, message, { ...fields, ...own }),
    { isOn: (level: LogLevel) => isOn(log, level) },
  );
}

/** Whether a log writes lines of a level. */
export function isOn(log: Log, level: LogLevel): boolean {
  return log.isOn?.(level) ?? true;
}
